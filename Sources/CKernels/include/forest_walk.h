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

/// `value >= threshold` goes right. link = left child << column_bits | column; the right child follows the left one. A
/// leaf leads to itself; the low 22 bits of its NaN are its number.
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
    /// The trees by falling depth, for a single row that passes through many at a time: the root and depth at each
    /// place, padded to a multiple of `PA_LANE_GROUP` with the last tree, and [tree] its place.
    const uint32_t *_Nonnull lane_roots;
    const uint32_t *_Nonnull lane_depths;
    const uint32_t *_Nonnull lane_of;
    size_t lane_count;
} pa_compact;

enum { PA_LANE_GROUP = 64 };

/// Bytes of scratch memory for `count` rows at most, on a boundary of 64.
size_t pa_compact_scratch_size(const pa_compact *_Nonnull compact, size_t count);

/// Adds up the leaves of rows ([count][row_width]) in the order of the trees; sums ([count][output_count]) are floats
/// or doubles. The scratch memory must do for `count` rows.
void pa_compact_sums(
    const pa_compact *_Nonnull compact,
    const float *_Nonnull rows,
    size_t count,
    void *_Nonnull scratch,
    void *_Nonnull sums,
    int level);

#endif
