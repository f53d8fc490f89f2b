#ifndef PATTERNALARM_FOREST_WALK_H
#define PATTERNALARM_FOREST_WALK_H

#include "forest_mux.h"

/// One feature as nodes read it; two if its missing values go left at some nodes and right at others.
typedef struct {
    uint32_t feature;
    /// A missing value becomes +infinity: nothing is above it, so it goes right.
    uint32_t missing_goes_right;
} pa_column;

/// How a row becomes the columns that nodes compare: first the compared values, then 0 or 1 for every test of a lookup.
typedef struct {
    const pa_column *_Nonnull columns;
    size_t column_count;
    const pa_lookup *_Nonnull lookups;
    size_t lookup_count;
    uint32_t row_width;
    /// All columns together.
    uint32_t width;
} pa_columns;

/// What leaves add, and to what.
typedef struct {
    /// [leaf][width] floats or doubles; 16 more values are readable behind the last.
    const void *_Nonnull values;
    /// [output] floats or doubles that the sums start from.
    const void *_Nonnull initial;
    /// 1: a tree adds to its output; otherwise one value for each output.
    uint32_t width;
    uint32_t is_double;
    uint32_t output_count;
    /// [tree]
    const uint16_t *_Nonnull outputs;
    size_t tree_count;
} pa_leaves;

/// `value >= threshold` goes right. The NaN of a leaf is never reached.
typedef struct {
    float threshold;
    uint32_t column;
} pa_heap_node;

/// A feature's distinct thresholds, for ranks of 16 bits.
typedef struct {
    uint32_t feature;
    /// A power of two; the unused ones are NaN.
    uint32_t size;
    size_t first;
    /// The columns that take the rank; UINT32_MAX: none.
    uint32_t missing_left;
    uint32_t missing_right;
} pa_ranked;

/// Trees as complete heaps: node i has the children 2i and 2i + 1; the root is 1. Trees of a group of `PA_TREE_GROUP` are
/// equally deep.
typedef struct {
    pa_columns columns;
    pa_leaves leaves;
    const pa_heap_node *_Nonnull nodes;
    /// [tree]
    const uint8_t *_Nonnull depths;
    /// The leaf at each place of the last level, trees behind one another.
    const uint32_t *_Nonnull leaf_at;
    /// column << 16 | rank; null if ranks do not fit. Trees of less than 5 levels take 32 entries.
    const uint32_t *_Nullable ranked_nodes;
    const pa_ranked *_Nonnull ranked;
    size_t ranked_count;
    const float *_Nonnull thresholds;
} pa_heap;

enum { PA_TREE_GROUP = 10 };

/// link = left child << column_bits | column; the right child follows the left one. A leaf leads to itself; the low 22
/// bits of its NaN are its number.
typedef struct {
    float threshold;
    uint32_t link;
} pa_narrow_node;

typedef struct {
    float threshold;
    uint32_t column;
    uint32_t left;
    uint32_t leaf;
} pa_wide_node;

/// Trees level by level, both children of a node side by side.
typedef struct {
    pa_columns columns;
    pa_leaves leaves;
    /// One of both is null.
    const pa_narrow_node *_Nullable narrow;
    const pa_wide_node *_Nullable wide;
    uint32_t column_bits;
    /// [tree] of the first node; links count from it.
    const uint32_t *_Nonnull roots;
    /// [tree] levels below the root.
    const uint32_t *_Nonnull depths;
} pa_compact;

/// Bytes of scratch memory for `count` rows at most, on a boundary of 64.
size_t pa_heap_scratch_size(const pa_heap *_Nonnull heap, size_t count);
size_t pa_compact_scratch_size(const pa_compact *_Nonnull compact, size_t count);

/// Adds up the leaves of rows ([count][row_width]) in the order of the trees; sums ([count][output_count]) are floats or
/// doubles. The scratch memory must do for `count` rows.
void pa_heap_sums(
    const pa_heap *_Nonnull heap,
    const float *_Nonnull rows,
    size_t count,
    void *_Nonnull scratch,
    void *_Nonnull sums,
    int level);

void pa_compact_sums(
    const pa_compact *_Nonnull compact,
    const float *_Nonnull rows,
    size_t count,
    void *_Nonnull scratch,
    void *_Nonnull sums,
    int level);

#endif
