// Walks of trees laid out level by level: 8 bytes a node, no branch, several rows (or, for a single row, several trees)
// in flight. Trees pass one after the other over a block of rows, so that a tree is read once for the whole block.
#include "forest_walk.h"

#pragma STDC FP_CONTRACT OFF

#define LEAF_MASK 0x3FFFFFu
#define WALKERS 16

typedef struct {
    const pa_compact *compact;
    const float *values; // [row][width]
    void *sums;
    size_t padded;
    uint32_t *lanes; // [lane_count]: leaves that a single row reaches
} compact_pass;

INLINE uint32_t narrow_step(
    const pa_narrow_node *nodes, uint32_t at, const float *values, uint32_t bits, uint32_t mask) {
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

/// Adds the leaves that a row has reached, in the trees' order; in registers where there are few sums.
INLINE void add_lanes(const compact_pass *pass, const addition kind, size_t row) {
    const pa_leaves *leaves = &pass->compact->leaves;
    const uint32_t *lane_of = pass->compact->lane_of;
    if (kind == ADD_FLOAT && leaves->output_count == 1) {
        float sum = ((float *)pass->sums)[row];
        const float *values = leaves->values;
        for (size_t tree = 0; tree < leaves->tree_count; tree++) sum += values[pass->lanes[lane_of[tree]]];
        ((float *)pass->sums)[row] = sum;
    } else if (kind == ADD_DOUBLE && leaves->output_count == 1) {
        double sum = ((double *)pass->sums)[row];
        const double *values = leaves->values;
        for (size_t tree = 0; tree < leaves->tree_count; tree++) sum += values[pass->lanes[lane_of[tree]]];
        ((double *)pass->sums)[row] = sum;
    } else if (kind == ADD_FLOATS_16) {
        float *sums = (float *)pass->sums + row * 16;
        const float *values = leaves->values;
        float sum[16];
        UNROLL for (size_t i = 0; i < 16; i++) sum[i] = sums[i];
        for (size_t tree = 0; tree < leaves->tree_count; tree++) {
            const float *value = values + (size_t)pass->lanes[lane_of[tree]] * leaves->width;
            UNROLL for (size_t i = 0; i < 16; i++) sum[i] += value[i];
        }
        UNROLL for (size_t i = 0; i < 16; i++) sums[i] = sum[i];
    } else {
        for (size_t tree = 0; tree < leaves->tree_count; tree++)
            add_leaf(leaves, kind, pass->sums, row, tree, pass->lanes[lane_of[tree]], pass->padded);
    }
}

/// 16 nodes: their thresholds and links.
TARGET_AVX512 INLINE __m512i gather_nodes_512(const pa_narrow_node *nodes, __m512i at, __m512 *thresholds) {
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    // A node is one load of 64 bits; 16 nodes are two registers.
    __m512i low = _mm512_i32gather_epi64(_mm512_castsi512_si256(at), nodes, 8);
    __m512i high = _mm512_i32gather_epi64(_mm512_extracti64x4_epi64(at, 1), nodes, 8);
    *thresholds = _mm512_castsi512_ps(_mm512_permutex2var_epi32(low, even, high));
    return _mm512_permutex2var_epi32(low, odd, high);
}

/// One row through all trees, 64 at a time; then its leaves are added in the trees' order.
TARGET_AVX512 INLINE void walk_lanes_512(const compact_pass *pass, const addition kind, size_t row) {
    const pa_compact *compact = pass->compact;
    size_t width = compact->columns.width;
    const float *values = pass->values + row * width;
    int isInRegisters = width <= 32;
    __m512 values0 = _mm512_setzero_ps(), values1 = values0;
    if (isInRegisters) {
        values0 = _mm512_maskz_loadu_ps(width >= 16 ? 0xFFFF : (__mmask16)((1u << width) - 1), values);
        if (width > 16) values1 = _mm512_maskz_loadu_ps((__mmask16)((1ull << (width - 16)) - 1), values + 16);
    }
    const pa_narrow_node *nodes = compact->narrow;
    __m512i mask = _mm512_set1_epi32((int)((1u << compact->column_bits) - 1));
    __m128i bits = _mm_cvtsi32_si128((int)compact->column_bits);
    for (size_t lane = 0; lane < compact->lane_count; lane += PA_LANE_GROUP) {
        __m512i root[4], at[4];
        UNROLL for (int i = 0; i < 4; i++) at[i] = root[i] = _mm512_loadu_si512(compact->lane_roots + lane + 16 * i);
        for (uint32_t level = compact->lane_depths[lane]; level > 0; level--) {
            __mmask16 moved = 0;
            UNROLL for (int i = 0; i < 4; i++) {
                __m512 threshold;
                __m512i link = gather_nodes_512(nodes, at[i], &threshold);
                __m512i column = _mm512_and_si512(link, mask);
                __m512 value = isInRegisters ? _mm512_permutex2var_ps(values0, column, values1)
                                             : _mm512_i32gather_ps(column, values, 4);
                __m512i next = _mm512_add_epi32(root[i], _mm512_srl_epi32(link, bits));
                __mmask16 right = _mm512_cmp_ps_mask(value, threshold, _CMP_GE_OQ);
                next = _mm512_mask_add_epi32(next, right, next, _mm512_set1_epi32(1));
                moved |= _mm512_cmpneq_epi32_mask(next, at[i]);
                at[i] = next;
            }
            if (!moved) break;
        }
        UNROLL for (int i = 0; i < 4; i++) {
            __m512i leaf = _mm512_i32gather_epi32(at[i], (const int *)nodes, 8);
            _mm512_storeu_si512(pass->lanes + lane + 16 * i, _mm512_and_si512(leaf, _mm512_set1_epi32(LEAF_MASK)));
        }
    }
    add_lanes(pass, kind, row);
}

TARGET_AVX512 INLINE void compact_block_512(const compact_pass *pass, const addition kind, size_t count) {
    if (count < 16 && pass->compact->narrow) {
        for (size_t row = 0; row < count; row++) walk_lanes_512(pass, kind, row);
    } else {
        compact_block(pass, kind, count);
    }
}

TARGET_AVX512 static void compact_avx512(const compact_pass *pass, size_t count) {
    FOR_EACH_ADDITION(&pass->compact->leaves, compact_block_512, pass, count)
}
#endif

size_t pa_compact_scratch_size(const pa_compact *compact, size_t count) {
    return rounded(compact->lane_count * sizeof(uint32_t)) + rounded(count * compact->columns.width * sizeof(float))
        + count * padded_width(&compact->leaves) * value_size(&compact->leaves);
}

void pa_compact_sums(
    const pa_compact *compact, const float *rows, size_t count, void *scratch, void *sums, int level) {
    char *base = scratch;
    compact_pass pass = {.compact = compact, .lanes = scratch, .padded = padded_width(&compact->leaves)};
    base += rounded(compact->lane_count * sizeof(uint32_t));
    pass.values = (float *)base;
    expand(&compact->columns, rows, count, (float *)base);
    base += rounded(count * compact->columns.width * sizeof(float));
    int is_padded = compact->leaves.width > 1;
    pass.sums = is_padded ? base : sums;
    start_sums(&compact->leaves, pass.sums, count, pass.padded);
#if defined(__x86_64__)
    if (level >= PA_LEVEL_AVX512) compact_avx512(&pass, count);
    else if (level == PA_LEVEL_AVX2) compact_avx2(&pass, count);
    else
#endif
        compact_portable(&pass, count);
    if (is_padded) store_padded(&compact->leaves, pass.sums, count, pass.padded, sums);
}
