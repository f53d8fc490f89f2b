// Exact TreeSHAP (Lundberg et al. 2018, path dependent), eight rows in a vector, linear in the nodes of a tree.
//
// For a path whose tests narrow features f to shares z_f of the training rows, with o_f = 1 if the row passes them, the
// leaf's value v is shared out by the Shapley weights
//     phi_f = v (o_f - z_f) * sum over subsets S of the others of |S|! (k-1-|S|)! / k! * prod_S o * prod_not S z
//           = v (o_f - z_f) * integral over t in 0...1 of prod_{q != f} (t o_q + (1-t) z_q),
// because the weights are the integrals of t^|S| (1-t)^(k-1-|S|). The integrand is a polynomial of degree k - 1, so k/2
// points of Gauss and Legendre give it exactly. At every point the products are carried down the tree and the sums of
// v * product up; each node adds to its parent's feature what its own factor changes (as in Linear TreeSHAP, Yu et al.
// 2022).
#include "forest_walk.h"

#pragma STDC FP_CONTRACT OFF

#define LANES 8
#define GROUPS (PA_EXPLAIN_ROWS / LANES)

typedef double lanes __attribute__((ext_vector_type(LANES)));
typedef int64_t mask __attribute__((ext_vector_type(LANES)));

typedef struct {
    const pa_explainer *explainer;
    lanes *values; // [column][group]
    lanes *products; // [level][point][group]
    lanes *sums; // [level][point][group]
    lanes *contributions; // [feature][group]
    mask *passes; // [level][group]: the rows that pass all tests of the level's feature so far
    double *gains; // [level][point], of rows that pass
    double *losses; // [level][point], of rows that have just failed
    double *inverses; // [level][point]: 1 / the factor of rows that pass
    // [point] What the current node does to the products of rows that pass, and of rows that passed before.
    double *passing;
    double *failing;
    uint32_t *features; // [level]
    uint16_t *previous; // [level]
} explain_pass;

#define CHOOSE(condition, yes, no) ((lanes)(((mask)(yes) & (condition)) | ((mask)(no) & ~(condition))))

INLINE size_t level_size(const explain_pass *pass, const size_t groups) {
    return pass->explainer->point_limit * groups;
}

INLINE size_t padded_points(size_t points) { return (points + LANES - 1) / LANES * LANES; }

/// What a node does to the products of rows that had failed the feature's tests before.
INLINE double still_of(const pa_path_node *node) {
    return node->share_before > 0 ? node->share / node->share_before : 0;
}

/// Goes into a node: which rows pass, and what that does to products and contributions.
INLINE void enter(const explain_pass *pass, const size_t groups, const pa_path_node *node, size_t points) {
    const pa_explainer *explainer = pass->explainer;
    size_t depth = node->depth, limit = padded_points(explainer->point_limit);
    const mask *before = pass->passes + (size_t)node->previous * groups;
    mask *passes = pass->passes + depth * groups;
    const lanes *values = pass->values + (size_t)node->column * groups;
    mask side = node->is_right ? (mask)(0) : (mask)(-1);
    UNROLL for (size_t group = 0; group < groups; group++) {
        mask right = values[group] >= (lanes)((double)node->threshold);
        passes[group] = (right ^ side) & before[group];
    }
    pass->features[depth] = node->feature;
    pass->previous[depth] = node->previous;
    // Of every point t: t, 1 - t, its weight w, w / (1 - t).
    size_t padded = padded_points(points);
    const lanes *rule = (const lanes *)explainer->rules[points - 1];
    lanes *gains = (lanes *)(pass->gains + depth * limit), *losses = (lanes *)(pass->losses + depth * limit);
    const lanes *inverses_before = (const lanes *)(pass->inverses + (size_t)node->previous * limit);
    lanes *inverses = (lanes *)(pass->inverses + depth * limit);
    lanes *passing = (lanes *)pass->passing, *failing = (lanes *)pass->failing;
    for (size_t i = 0, step = padded / LANES; i < step; i++) {
        lanes rest = rule[step + i], weight = rule[2 * step + i], inverse_before = inverses_before[i];
        lanes failed = rest * (lanes)(node->share);
        lanes factor = rule[i] + failed, inverse = (lanes)(1.0) / factor;
        lanes gain_before = weight * ((lanes)(1 - node->share_before) * inverse_before);
        inverses[i] = inverse;
        gains[i] = weight * ((lanes)(1 - node->share) * inverse) - gain_before;
        losses[i] = -rule[3 * step + i] - gain_before;
        passing[i] = factor * inverse_before;
        failing[i] = failed * inverse_before;
    }
}

/// The products at an inner node; its sums are 0 at first.
INLINE void descend(const explain_pass *pass, const size_t groups, const pa_path_node *node, size_t points) {
    size_t depth = node->depth, size = level_size(pass, groups);
    const mask *before = pass->passes + (size_t)node->previous * groups, *passes = pass->passes + depth * groups;
    const lanes *above = pass->products + (depth - 1) * size;
    lanes *products = pass->products + depth * size, *sums = pass->sums + depth * size;
    double still = still_of(node);
    for (size_t i = 0; i < points; i++) {
        double passing = pass->passing[i], failing = pass->failing[i];
        UNROLL for (size_t group = 0; group < groups; group++) {
            lanes changed = CHOOSE(before[group], (lanes)(failing), (lanes)(still));
            changed = CHOOSE(passes[group], (lanes)(passing), changed);
            products[i * groups + group] = above[i * groups + group] * changed;
            sums[i * groups + group] = (lanes)(0.0);
        }
    }
}

/// A leaf: its products are its sums but for its value, and complete.
INLINE void add_leaf_sums(const explain_pass *pass, const size_t groups, const pa_path_node *node, size_t points) {
    size_t depth = node->depth, size = level_size(pass, groups);
    size_t limit = padded_points(pass->explainer->point_limit);
    const mask *before = pass->passes + (size_t)node->previous * groups, *passes = pass->passes + depth * groups;
    const double *gains = pass->gains + depth * limit, *losses = pass->losses + depth * limit;
    const lanes *above = pass->products + (depth - 1) * size;
    lanes *sums = pass->sums + (depth - 1) * size;
    lanes *contributions = pass->contributions + (size_t)node->feature * groups;
    double still = still_of(node);
    lanes totals[GROUPS];
    UNROLL for (size_t group = 0; group < groups; group++) totals[group] = (lanes)(0.0);
    for (size_t i = 0; i < points; i++) {
        double passing = pass->passing[i], failing = pass->failing[i];
        double gain = gains[i], loss = losses[i];
        UNROLL for (size_t group = 0; group < groups; group++) {
            lanes changed = CHOOSE(before[group], (lanes)(failing), (lanes)(still));
            changed = CHOOSE(passes[group], (lanes)(passing), changed);
            lanes sum = above[i * groups + group] * changed * (lanes)(node->value);
            sums[i * groups + group] += sum;
            totals[group] += sum * CHOOSE(passes[group], (lanes)(gain), (lanes)(loss));
        }
    }
    // Rows that failed the feature's tests before gain and lose nothing more.
    UNROLL for (size_t group = 0; group < groups; group++)
        contributions[group] += CHOOSE(before[group], totals[group], (lanes)(0.0));
}

/// Leaves an inner node whose sums are complete: they belong to the parent's sums, too.
INLINE void leave(const explain_pass *pass, const size_t groups, size_t depth, size_t points) {
    size_t size = level_size(pass, groups);
    size_t limit = padded_points(pass->explainer->point_limit);
    const mask *before = pass->passes + (size_t)pass->previous[depth] * groups;
    const mask *passes = pass->passes + depth * groups;
    const double *gains = pass->gains + depth * limit, *losses = pass->losses + depth * limit;
    lanes *sums = pass->sums + depth * size, *above = sums - size;
    lanes *contributions = pass->contributions + (size_t)pass->features[depth] * groups;
    lanes totals[GROUPS];
    UNROLL for (size_t group = 0; group < groups; group++) totals[group] = (lanes)(0.0);
    for (size_t i = 0; i < points; i++) {
        double gain = gains[i], loss = losses[i];
        UNROLL for (size_t group = 0; group < groups; group++) {
            lanes sum = sums[i * groups + group];
            above[i * groups + group] += sum;
            totals[group] += sum * CHOOSE(passes[group], (lanes)(gain), (lanes)(loss));
        }
    }
    UNROLL for (size_t group = 0; group < groups; group++)
        contributions[group] += CHOOSE(before[group], totals[group], (lanes)(0.0));
}

INLINE void explain_tree(
    const explain_pass *pass, const size_t groups, const pa_path_tree *tree, const pa_path_node *nodes) {
    size_t points = tree->point_count;
    for (size_t i = 0; i < padded_points(points); i++) pass->inverses[i] = 1;
    for (size_t i = 0; i < points; i++) {
        UNROLL for (size_t group = 0; group < groups; group++) pass->products[i * groups + group] = (lanes)(1.0);
    }
    for (size_t index = 0; index < tree->node_count; index++) {
        const pa_path_node *node = nodes + index;
        enter(pass, groups, node, points);
        if (!node->is_leaf) {
            descend(pass, groups, node, points);
            continue;
        }
        add_leaf_sums(pass, groups, node, points);
        size_t next = index + 1 < tree->node_count ? node[1].depth : 1;
        for (size_t level = node->depth; level-- > next;) leave(pass, groups, level, points);
    }
}

INLINE void explain_groups(const explain_pass *pass, const size_t groups) {
    const pa_path_node *nodes = pass->explainer->nodes;
    for (size_t number = 0; number < pass->explainer->tree_count; number++) {
        explain_tree(pass, groups, pass->explainer->trees + number, nodes);
        nodes += pass->explainer->trees[number].node_count;
    }
}

INLINE void explain_block(const explain_pass *pass, size_t groups) {
    if (groups == 1) explain_groups(pass, 1);
    else if (groups == 2) explain_groups(pass, 2);
    else if (groups == 4) explain_groups(pass, 4);
    else explain_groups(pass, 8);
}

static void explain_portable(const explain_pass *pass, size_t groups) { explain_block(pass, groups); }

#if defined(__x86_64__)
TARGET_AVX2 static void explain_avx2(const explain_pass *pass, size_t groups) { explain_block(pass, groups); }

TARGET_AVX512 static void explain_avx512(const explain_pass *pass, size_t groups) { explain_block(pass, groups); }
#endif

size_t pa_explain_scratch_size(const pa_explainer *explainer) {
    size_t levels = (size_t)explainer->depth_limit + 1, points = explainer->point_limit;
    return (explainer->columns.width + 2 * levels * points + explainer->feature_count + levels) * GROUPS * sizeof(lanes)
        + (3 * levels + 2) * padded_points(points) * sizeof(double) + rounded(levels * sizeof(uint32_t))
        + rounded(levels * sizeof(uint16_t)) + rounded(explainer->columns.width * sizeof(float));
}

void pa_explain(
    const pa_explainer *explainer, const float *rows, size_t count, void *scratch, double *contributions, int level) {
    size_t levels = (size_t)explainer->depth_limit + 1, points = explainer->point_limit;
    explain_pass pass = {.explainer = explainer, .values = scratch};
    size_t groups = 1;
    while (groups * LANES < count) groups *= 2;
    pass.products = pass.values + explainer->columns.width * groups;
    pass.sums = pass.products + levels * points * groups;
    pass.contributions = pass.sums + levels * points * groups;
    pass.passes = (mask *)(pass.contributions + (size_t)explainer->feature_count * groups);
    size_t padded = padded_points(points);
    pass.gains = (double *)(pass.passes + levels * groups);
    pass.losses = pass.gains + levels * padded;
    pass.inverses = pass.losses + levels * padded;
    pass.passing = pass.inverses + levels * padded;
    pass.failing = pass.passing + padded;
    pass.features = (uint32_t *)(pass.failing + padded);
    pass.previous = (uint16_t *)((char *)pass.features + rounded(levels * sizeof(uint32_t)));
    float *row_values = (float *)((char *)pass.previous + rounded(levels * sizeof(uint16_t)));
    size_t width = explainer->columns.width, lane_count = groups * LANES;
    for (size_t row = 0; row < lane_count; row++) {
        // Lanes behind the last row repeat it.
        const float *source = rows + (row < count ? row : count - 1) * explainer->columns.row_width;
        expand(&explainer->columns, source, 1, row_values);
        for (size_t column = 0; column < width; column++)
            ((double *)pass.values)[column * lane_count + row] = (double)row_values[column];
    }
    for (size_t group = 0; group < groups; group++) pass.passes[group] = (mask)(-1);
    for (size_t i = 0; i < (size_t)explainer->feature_count * groups; i++) pass.contributions[i] = (lanes)(0.0);
#if defined(__x86_64__)
    if (level >= PA_LEVEL_AVX512) explain_avx512(&pass, groups);
    else if (level == PA_LEVEL_AVX2) explain_avx2(&pass, groups);
    else
#endif
        explain_portable(&pass, groups);
    for (size_t row = 0; row < count; row++)
        for (size_t feature = 0; feature < explainer->feature_count; feature++)
            contributions[row * explainer->feature_count + feature]
                = ((double *)pass.contributions)[feature * lane_count + row];
}
