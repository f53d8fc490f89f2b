// Walks of trees laid out level by level: 8 bytes a node, no branch, several rows (or, for a single row, several trees) in
// flight. Trees pass one after the other over a block of rows, so that a tree is read once for the whole block.
#include "forest_walk.h"

#pragma STDC FP_CONTRACT OFF

#define LEAF_MASK 0x3FFFFFu
#define WALKERS 16

typedef struct {
    const pa_compact *compact;
    const float *values; // [row][width]
    void *sums;
    size_t padded;
} compact_pass;

INLINE uint32_t narrow_step(const pa_narrow_node *nodes, uint32_t at, const float *values, uint32_t bits, uint32_t mask) {
    pa_narrow_node node = nodes[at];
    return (node.link >> bits) + (values[node.link & mask] >= node.threshold);
}

INLINE uint32_t narrow_leaf(const pa_narrow_node *nodes, uint32_t at) {
    uint32_t bits;
    __builtin_memcpy(&bits, &nodes[at].threshold, 4);
    return bits & LEAF_MASK;
}

INLINE uint32_t wide_step(const pa_wide_node *nodes, uint32_t at, const float *values) {
    pa_wide_node node = nodes[at];
    return node.left + (values[node.column] >= node.threshold);
}

/// `count` rows through one tree, all in flight.
INLINE void walk_rows(const compact_pass *pass, const addition kind, size_t tree, size_t row, const size_t count) {
    const pa_compact *compact = pass->compact;
    size_t width = compact->columns.width;
    const float *values = pass->values + row * width;
    uint32_t depth = compact->depths[tree];
    uint32_t at[WALKERS] = {0};
    if (compact->narrow) {
        const pa_narrow_node *nodes = compact->narrow + compact->roots[tree];
        uint32_t bits = compact->column_bits, mask = (1u << bits) - 1;
        for (uint32_t level = 0; level < depth; level++) {
            UNROLL for (size_t i = 0; i < count; i++) at[i] = narrow_step(nodes, at[i], values + i * width, bits, mask);
        }
        for (size_t i = 0; i < count; i++) at[i] = narrow_leaf(nodes, at[i]);
    } else {
        const pa_wide_node *nodes = compact->wide + compact->roots[tree];
        for (uint32_t level = 0; level < depth; level++) {
            uint32_t moved = 0;
            UNROLL for (size_t i = 0; i < count; i++) {
                uint32_t next = wide_step(nodes, at[i], values + i * width);
                moved |= next ^ at[i];
                at[i] = next;
            }
            if (!moved) break;
        }
        for (size_t i = 0; i < count; i++) at[i] = nodes[at[i]].leaf;
    }
    for (size_t i = 0; i < count; i++) add_leaf(&compact->leaves, kind, pass->sums, row + i, tree, at[i], pass->padded);
}

/// One row through `count` trees, all in flight.
INLINE void walk_trees(const compact_pass *pass, const addition kind, size_t row, size_t tree, const size_t count) {
    const pa_compact *compact = pass->compact;
    const float *values = pass->values + row * compact->columns.width;
    uint32_t depth = 0;
    uint32_t at[WALKERS] = {0};
    for (size_t i = 0; i < count; i++) depth = compact->depths[tree + i] > depth ? compact->depths[tree + i] : depth;
    if (compact->narrow) {
        const pa_narrow_node *nodes[WALKERS];
        uint32_t bits = compact->column_bits, mask = (1u << bits) - 1;
        for (size_t i = 0; i < count; i++) nodes[i] = compact->narrow + compact->roots[tree + i];
        for (uint32_t level = 0; level < depth; level++) {
            UNROLL for (size_t i = 0; i < count; i++) at[i] = narrow_step(nodes[i], at[i], values, bits, mask);
        }
        for (size_t i = 0; i < count; i++) at[i] = narrow_leaf(nodes[i], at[i]);
    } else {
        const pa_wide_node *nodes[WALKERS];
        for (size_t i = 0; i < count; i++) nodes[i] = compact->wide + compact->roots[tree + i];
        for (uint32_t level = 0; level < depth; level++) {
            uint32_t moved = 0;
            UNROLL for (size_t i = 0; i < count; i++) {
                uint32_t next = wide_step(nodes[i], at[i], values);
                moved |= next ^ at[i];
                at[i] = next;
            }
            if (!moved) break;
        }
        for (size_t i = 0; i < count; i++) at[i] = nodes[i][at[i]].leaf;
    }
    for (size_t i = 0; i < count; i++) add_leaf(&compact->leaves, kind, pass->sums, row, tree + i, at[i], pass->padded);
}

INLINE void compact_block(const compact_pass *pass, const addition kind, size_t count) {
    size_t trees = pass->compact->leaves.tree_count;
    if (count < 8) {
        for (size_t row = 0; row < count; row++) {
            size_t tree = 0;
            for (; tree + 8 <= trees; tree += 8) walk_trees(pass, kind, row, tree, 8);
            for (; tree < trees; tree++) walk_trees(pass, kind, row, tree, 1);
        }
        return;
    }
    for (size_t tree = 0; tree < trees; tree++) {
        size_t row = 0;
        for (; row + WALKERS <= count; row += WALKERS) walk_rows(pass, kind, tree, row, WALKERS);
        for (; row + 4 <= count; row += 4) walk_rows(pass, kind, tree, row, 4);
        for (; row < count; row++) walk_rows(pass, kind, tree, row, 1);
    }
}

static void compact_portable(const compact_pass *pass, size_t count) {
    FOR_EACH_ADDITION(&pass->compact->leaves, compact_block, pass, count)
}

#if defined(__x86_64__)
TARGET_AVX2 static void compact_avx2(const compact_pass *pass, size_t count) {
    FOR_EACH_ADDITION(&pass->compact->leaves, compact_block, pass, count)
}

TARGET_AVX512 static void compact_avx512(const compact_pass *pass, size_t count) {
    FOR_EACH_ADDITION(&pass->compact->leaves, compact_block, pass, count)
}
#endif

size_t pa_compact_scratch_size(const pa_compact *compact, size_t count) {
    return rounded(count * compact->columns.width * sizeof(float))
        + count * padded_width(&compact->leaves) * value_size(&compact->leaves);
}

void pa_compact_sums(
    const pa_compact *compact, const float *rows, size_t count, void *scratch, void *sums, int level) {
    compact_pass pass = {.compact = compact, .values = scratch, .padded = padded_width(&compact->leaves)};
    expand(&compact->columns, rows, count, scratch);
    int is_padded = compact->leaves.width > 1;
    pass.sums = is_padded ? (char *)scratch + rounded(count * compact->columns.width * sizeof(float)) : sums;
    start_sums(&compact->leaves, pass.sums, count, pass.padded);
#if defined(__x86_64__)
    if (level >= PA_LEVEL_AVX512) compact_avx512(&pass, count);
    else if (level == PA_LEVEL_AVX2) compact_avx2(&pass, count);
    else
#endif
        compact_portable(&pass, count);
    if (is_padded) store_padded(&compact->leaves, pass.sums, count, pass.padded, sums);
}
