// Walks of trees as complete heaps, without a branch: a node's children need no link. With AVX-512, values and thresholds
// become 16-bit ranks, so that a node takes four bytes and the five upper levels fit in two registers.
#include "forest_walk.h"

#pragma STDC FP_CONTRACT OFF

#define NONE UINT32_MAX
#define TOP_LEVELS 5
// Rows whose ranks lie together, [column][row].
#define SLICE 256

typedef struct {
    const pa_heap *heap;
    const float *values; // [row][width]
    uint16_t *ranks; // [slice][width][SLICE]
    void *sums;
    size_t padded;
} heap_pass;

INLINE size_t tree_entries(size_t depth) { return (size_t)1 << depth; }

INLINE size_t ranked_entries(size_t depth) { return tree_entries(depth < TOP_LEVELS ? TOP_LEVELS : depth); }

INLINE uint32_t heap_step(const pa_heap_node *nodes, uint32_t at, const float *values) {
    pa_heap_node node = nodes[at];
    return 2 * at + (values[node.column] >= node.threshold);
}

/// `count` rows through one tree, all in flight.
INLINE void walk_rows(
    const heap_pass *pass, const addition kind, size_t tree, const pa_heap_node *nodes, const uint32_t *leaf_at, size_t row,
    const size_t count) {
    const pa_heap *heap = pass->heap;
    size_t width = heap->columns.width;
    const float *values = pass->values + row * width;
    size_t depth = heap->depths[tree];
    uint32_t at[4];
    UNROLL for (size_t i = 0; i < count; i++) at[i] = 1;
    for (size_t level = 0; level < depth; level++) {
        UNROLL for (size_t i = 0; i < count; i++) at[i] = heap_step(nodes, at[i], values + i * width);
    }
    UNROLL for (size_t i = 0; i < count; i++)
        add_leaf(&heap->leaves, kind, pass->sums, row + i, tree, leaf_at[at[i] - tree_entries(depth)], pass->padded);
}

/// One row through `count` trees of the same depth, all in flight.
INLINE void walk_trees(
    const heap_pass *pass, const addition kind, size_t row, size_t tree, const pa_heap_node *nodes, const uint32_t *leaf_at,
    const size_t count) {
    const pa_heap *heap = pass->heap;
    const float *values = pass->values + row * heap->columns.width;
    size_t depth = heap->depths[tree];
    size_t entries = tree_entries(depth);
    uint32_t at[PA_TREE_GROUP];
    UNROLL for (size_t i = 0; i < count; i++) at[i] = 1;
    for (size_t level = 0; level < depth; level++) {
        UNROLL for (size_t i = 0; i < count; i++) at[i] = heap_step(nodes + i * entries, at[i], values);
    }
    UNROLL for (size_t i = 0; i < count; i++)
        add_leaf(&heap->leaves, kind, pass->sums, row, tree + i, leaf_at[(i - 1) * entries + at[i]], pass->padded);
}

INLINE void heap_block(const heap_pass *pass, const addition kind, size_t count) {
    const pa_heap *heap = pass->heap;
    size_t trees = heap->leaves.tree_count;
    if (count < 4) {
        for (size_t row = 0; row < count; row++) {
            const pa_heap_node *nodes = heap->nodes;
            const uint32_t *leaf_at = heap->leaf_at;
            size_t tree = 0, step;
            for (; tree < trees; tree += step) {
                step = trees - tree >= PA_TREE_GROUP ? PA_TREE_GROUP : 1;
                if (step == PA_TREE_GROUP) walk_trees(pass, kind, row, tree, nodes, leaf_at, PA_TREE_GROUP);
                else walk_trees(pass, kind, row, tree, nodes, leaf_at, 1);
                size_t entries = step * tree_entries(heap->depths[tree]);
                nodes += entries;
                leaf_at += entries;
            }
        }
        return;
    }
    const pa_heap_node *nodes = heap->nodes;
    const uint32_t *leaf_at = heap->leaf_at;
    for (size_t tree = 0; tree < trees; tree++) {
        size_t row = 0;
        for (; row + 4 <= count; row += 4) walk_rows(pass, kind, tree, nodes, leaf_at, row, 4);
        for (; row < count; row++) walk_rows(pass, kind, tree, nodes, leaf_at, row, 1);
        nodes += tree_entries(heap->depths[tree]);
        leaf_at += tree_entries(heap->depths[tree]);
    }
}

static void heap_portable(const heap_pass *pass, size_t count) {
    FOR_EACH_ADDITION(&pass->heap->leaves, heap_block, pass, count)
}

#if defined(__x86_64__)

TARGET_AVX2 static void heap_avx2(const heap_pass *pass, size_t count) {
    FOR_EACH_ADDITION(&pass->heap->leaves, heap_block, pass, count)
}

TARGET_AVX512 static void heap_avx512(const heap_pass *pass, size_t count) {
    FOR_EACH_ADDITION(&pass->heap->leaves, heap_block, pass, count)
}

// MARK: - Ranks, AVX-512

/// How many thresholds 16 values reach; the five first steps by pivots in two registers.
TARGET_AVX512 INLINE void rank_512(const float *thresholds, uint32_t size, const __m512 *values, __m512i *ranks) {
    int stride = (int)size / 32;
    __m512i lanes = _mm512_setr_epi32(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    __m512i places = _mm512_sub_epi32(_mm512_mullo_epi32(lanes, _mm512_set1_epi32(stride)), _mm512_set1_epi32(1));
    __m512 pivots0 = _mm512_i32gather_ps(places, thresholds, 4);
    __m512 pivots1 = _mm512_i32gather_ps(places, thresholds + 16 * stride, 4);
    UNROLL for (int i = 0; i < 4; i++) ranks[i] = _mm512_setzero_si512();
    UNROLL for (int step = 16; step > 0; step >>= 1) {
        UNROLL for (int i = 0; i < 4; i++) {
            __m512i next = _mm512_add_epi32(ranks[i], _mm512_set1_epi32(step - 1));
            __m512 pivot = _mm512_permutex2var_ps(pivots0, next, pivots1);
            __mmask16 reaches = _mm512_cmp_ps_mask(pivot, values[i], _CMP_LE_OQ);
            ranks[i] = _mm512_mask_add_epi32(ranks[i], reaches, ranks[i], _mm512_set1_epi32(step));
        }
    }
    UNROLL for (int i = 0; i < 4; i++) ranks[i] = _mm512_mullo_epi32(ranks[i], _mm512_set1_epi32(stride));
    for (int step = stride / 2; step > 0; step >>= 1) {
        UNROLL for (int i = 0; i < 4; i++) {
            __m512i next = _mm512_add_epi32(ranks[i], _mm512_set1_epi32(step - 1));
            __m512 threshold = _mm512_i32gather_ps(next, thresholds, 4);
            __mmask16 reaches = _mm512_cmp_ps_mask(threshold, values[i], _CMP_LE_OQ);
            ranks[i] = _mm512_mask_add_epi32(ranks[i], reaches, ranks[i], _mm512_set1_epi32(step));
        }
    }
}

/// The ranks of a slice of rows; those behind the last repeat it.
TARGET_AVX512 static void rank_slice_512(const pa_heap *heap, const float *rows, size_t count, uint16_t *out) {
    size_t width = heap->columns.row_width;
    __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512i last = _mm512_set1_epi32((int)count - 1);
    for (size_t number = 0; number < heap->ranked_count; number++) {
        const pa_ranked *ranked = heap->ranked + number;
        for (size_t row = 0; row < count; row += 64) {
            __m512 values[4];
            __m512i ranks[4];
            UNROLL for (int i = 0; i < 4; i++) {
                __m512i at = _mm512_add_epi32(lanes, _mm512_set1_epi32((int)row + 16 * i));
                at = _mm512_mullo_epi32(_mm512_min_epi32(at, last), _mm512_set1_epi32((int)width));
                values[i] = _mm512_i32gather_ps(at, rows + ranked->feature, 4);
            }
            rank_512(heap->thresholds + ranked->first, ranked->size, values, ranks);
            UNROLL for (int i = 0; i < 4; i++) {
                size_t at = row + 16 * (size_t)i;
                __m256i words = _mm512_cvtepi32_epi16(ranks[i]);
                if (ranked->missing_left != NONE)
                    _mm256_store_si256((__m256i *)(out + (size_t)ranked->missing_left * SLICE + at), words);
                if (ranked->missing_right == NONE) continue;
                __mmask16 missing = _mm512_cmp_ps_mask(values[i], values[i], _CMP_UNORD_Q);
                words = _mm256_mask_mov_epi16(words, missing, _mm256_set1_epi16(-1));
                _mm256_store_si256((__m256i *)(out + (size_t)ranked->missing_right * SLICE + at), words);
            }
        }
    }
    for (size_t number = 0; number < heap->columns.lookup_count; number++) {
        const pa_lookup *lookup = heap->columns.lookups + number;
        for (size_t row = 0; row < count; row++) {
            float value = rows[row * width + lookup->feature];
            const uint64_t *bits = lookup->bits + lookup_code(lookup, value) * lookup->word_count;
            for (size_t test = 0; test < lookup->test_count; test++)
                out[((size_t)lookup->target + test) * SLICE + row] = (bits[test / 64] >> (test % 64)) & 1;
        }
    }
}

TARGET_AVX512 INLINE __m512i ranked_step_512(__m512i at, __m512i node, __m512i row, const uint16_t *ranks) {
    const __m512i low = _mm512_set1_epi32(0xFFFF), one = _mm512_set1_epi32(1);
    __m512i place = _mm512_add_epi32(_mm512_slli_epi32(_mm512_srli_epi32(node, 16), 8), row);
    __m512i rank = _mm512_and_si512(_mm512_i32gather_epi32(place, (const int *)ranks, 2), low);
    __mmask16 right = _mm512_cmpgt_epi32_mask(rank, _mm512_and_si512(node, low));
    at = _mm512_add_epi32(at, at);
    return _mm512_mask_add_epi32(at, right, at, one);
}

/// 32 rows a step; those behind the last are walked, but not added.
TARGET_AVX512 INLINE void ranked_block_512(const heap_pass *pass, const addition kind, size_t count) {
    const pa_heap *heap = pass->heap;
    const uint32_t *nodes = heap->ranked_nodes, *leaf_at = heap->leaf_at;
    size_t slice_size = (size_t)heap->columns.width * SLICE;
    __m512i row0 = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512i row1 = _mm512_add_epi32(row0, _mm512_set1_epi32(16));
    for (size_t tree = 0; tree < heap->leaves.tree_count; tree++) {
        size_t depth = heap->depths[tree], top = depth < TOP_LEVELS ? depth : TOP_LEVELS;
        __m512i top0 = _mm512_loadu_si512(nodes), top1 = _mm512_loadu_si512(nodes + 16);
        __m512i entries = _mm512_set1_epi32((int)tree_entries(depth));
        for (size_t row = 0; row < count; row += 32) {
            const uint16_t *ranks = pass->ranks + row / SLICE * slice_size + row % SLICE;
            __m512i at0 = _mm512_set1_epi32(1), at1 = at0;
            for (size_t level = 0; level < top; level++) {
                at0 = ranked_step_512(at0, _mm512_permutex2var_epi32(top0, at0, top1), row0, ranks);
                at1 = ranked_step_512(at1, _mm512_permutex2var_epi32(top0, at1, top1), row1, ranks);
            }
            for (size_t level = top; level < depth; level++) {
                at0 = ranked_step_512(at0, _mm512_i32gather_epi32(at0, (const int *)nodes, 4), row0, ranks);
                at1 = ranked_step_512(at1, _mm512_i32gather_epi32(at1, (const int *)nodes, 4), row1, ranks);
            }
            at0 = _mm512_i32gather_epi32(_mm512_sub_epi32(at0, entries), (const int *)leaf_at, 4);
            at1 = _mm512_i32gather_epi32(_mm512_sub_epi32(at1, entries), (const int *)leaf_at, 4);
            uint32_t leaf[32];
            _mm512_storeu_si512(leaf, at0);
            _mm512_storeu_si512(leaf + 16, at1);
            size_t rows = count - row < 32 ? count - row : 32;
            for (size_t i = 0; i < rows; i++)
                add_leaf(&heap->leaves, kind, pass->sums, row + i, tree, leaf[i], pass->padded);
        }
        nodes += ranked_entries(depth);
        leaf_at += tree_entries(depth);
    }
}

TARGET_AVX512 static void ranked_avx512(const heap_pass *pass, size_t count) {
    FOR_EACH_ADDITION(&pass->heap->leaves, ranked_block_512, pass, count)
}

#endif

/// Fewer rows than this are not worth their ranks.
#define RANKED_ROWS 24

static size_t value_bytes(const pa_heap *heap, size_t count) {
    size_t slices = (count + SLICE - 1) / SLICE;
    size_t floats = count * heap->columns.width * sizeof(float);
    size_t ranks = slices * SLICE * heap->columns.width * sizeof(uint16_t) + 64;
    return rounded(floats > ranks ? floats : ranks);
}

size_t pa_heap_scratch_size(const pa_heap *heap, size_t count) {
    return value_bytes(heap, count) + count * padded_width(&heap->leaves) * value_size(&heap->leaves);
}

void pa_heap_sums(const pa_heap *heap, const float *rows, size_t count, void *scratch, void *sums, int level) {
    heap_pass pass = {.heap = heap, .values = scratch, .ranks = scratch, .padded = padded_width(&heap->leaves)};
    int is_padded = heap->leaves.width > 1;
    pass.sums = is_padded ? (char *)scratch + value_bytes(heap, count) : sums;
    start_sums(&heap->leaves, pass.sums, count, pass.padded);
#if defined(__x86_64__)
    if (level >= PA_LEVEL_AVX512 && heap->ranked_nodes && count >= RANKED_ROWS) {
        for (size_t first = 0; first < count; first += SLICE) {
            size_t part = count - first < SLICE ? count - first : SLICE;
            const float *source = rows + first * heap->columns.row_width;
            rank_slice_512(heap, source, part, pass.ranks + first * heap->columns.width);
        }
        ranked_avx512(&pass, count);
        if (is_padded) store_padded(&heap->leaves, pass.sums, count, pass.padded, sums);
        return;
    }
#endif
    expand(&heap->columns, rows, count, scratch);
#if defined(__x86_64__)
    if (level >= PA_LEVEL_AVX512) heap_avx512(&pass, count);
    else if (level == PA_LEVEL_AVX2) heap_avx2(&pass, count);
    else
#endif
        heap_portable(&pass, count);
    if (is_padded) store_padded(&heap->leaves, pass.sums, count, pass.padded, sums);
}
