#ifndef PATTERNALARM_FOREST_MUX_H
#define PATTERNALARM_FOREST_MUX_H

#include <stddef.h>
#include <stdint.h>

/// Instructions that the forest kernels may use; each level gives the same bits.
enum { PA_LEVEL_PORTABLE = 0, PA_LEVEL_AVX2 = 1, PA_LEVEL_AVX512 = 2 };

/// The best level of this processor.
int pa_kernel_level(void);

/// Tests that look a value up instead of comparing it: category sets and equality.
///
/// A value has a code: its whole part (of numbers from 0), or its place among `values`; `code_count` stands for every
/// other value and `code_count + 1` for a missing one.
typedef struct {
    uint32_t feature;
    uint32_t code_count;
    uint32_t test_count;
    uint32_t word_count;
    /// First plane (of the mux engine), or first column (of the walks).
    uint32_t target;
    /// Ascending; null if codes are whole parts.
    const float *_Nullable values;
    /// [code][word]: a bit a test, set if the code goes right.
    const uint64_t *_Nonnull bits;
} pa_lookup;

/// Up to 255 thresholds of one feature, and the planes that compare with them.
typedef struct {
    uint32_t feature;
    uint32_t threshold_count;
    /// The first plane. Those whose missing values go left come first.
    uint32_t plane;
    uint32_t left_count;
    uint32_t right_count;
    /// Every `step`-th threshold is a pivot: 1, 2, 4 or 8.
    uint32_t step;
} pa_mux_feature;

/// The next temporary slot becomes, bit by bit, `choice ? high : low`.
typedef struct {
    uint16_t choice;
    uint16_t high;
    uint16_t low;
} pa_mux_op;

typedef struct {
    uint32_t op_count;
    /// Where the leaves are, in units of 4 bytes.
    uint32_t leaf;
    /// Bits of a leaf's number: 4, 5 or 6; each one's slot, the lowest bit first.
    uint16_t bit_count;
    uint16_t code[6];
    /// The output that the tree adds to.
    uint16_t output;
} pa_mux_tree;

/// A forest whose every tree is a circuit of multiplexers over bit planes: bit r of a plane says whether row r goes
/// right at a test.
///
/// Slot 0 is all zeros, slot 1 all ones; temporaries follow; planes begin at `first_plane`.
typedef struct {
    const pa_mux_feature *_Nonnull features;
    size_t feature_count;
    /// A feature has 32 pivots and 256 thresholds; unused ones are NaN.
    const float *_Nonnull thresholds;
    /// [plane - first_plane]: which of its feature's thresholds a plane stands for.
    const uint8_t *_Nonnull levels;
    const pa_lookup *_Nonnull lookups;
    size_t lookup_count;
    const pa_mux_op *_Nonnull ops;
    const pa_mux_tree *_Nonnull trees;
    size_t tree_count;
    /// 16, 32 or 64 a tree: floats, or all low halves of doubles followed by all high halves.
    const uint32_t *_Nonnull leaves;
    /// [output] floats or doubles that the sums start from.
    const void *_Nonnull initial;
    uint32_t is_double;
    uint32_t first_plane;
    uint32_t slot_count;
    uint32_t row_width;
    uint32_t output_count;
} pa_mux;

/// Bytes of scratch memory that `pa_mux_sums` wants, on a boundary of 64.
size_t pa_mux_scratch_size(const pa_mux *_Nonnull mux);

/// Adds up the leaves of rows ([count][row_width]) in the order of the trees; sums ([count][output_count]) are floats
/// or doubles.
void pa_mux_sums(
    const pa_mux *_Nonnull mux,
    const float *_Nonnull rows,
    size_t count,
    void *_Nonnull scratch,
    void *_Nonnull sums,
    int level);

#endif
