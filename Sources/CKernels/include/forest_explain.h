#ifndef PATTERNALARM_FOREST_EXPLAIN_H
#define PATTERNALARM_FOREST_EXPLAIN_H

#include "forest_walk.h"

/// A node, and the way into it: how the test of its parent narrows the parent's feature.
typedef struct {
    /// Of the parent's test: a value of at least the threshold goes right.
    float threshold;
    uint32_t column;
    /// The feature that the parent tests.
    uint32_t feature;
    /// Levels below the root, at least 1.
    uint16_t depth;
    /// The level at which the same feature was narrowed before; 0: never.
    uint16_t previous;
    /// Share of the training rows that pass all tests of the feature on the path, to here and to the level before.
    double share;
    double share_before;
    /// What a leaf adds; of no meaning at inner nodes.
    double value;
    uint8_t is_right;
    uint8_t is_leaf;
} pa_path_node;

/// A tree's nodes but the root, depth first.
typedef struct {
    size_t node_count;
    /// Quadrature points: half of the largest number of different features on a path, rounded up.
    uint32_t point_count;
    uint32_t depth;
} pa_path_tree;

typedef struct {
    pa_columns columns;
    const pa_path_node *_Nonnull nodes;
    const pa_path_tree *_Nonnull trees;
    size_t tree_count;
    /// [point count - 1]: of every point t in 0...1 with the weight w, all t, then all 1 - t, all w and all w / (1 - t);
    /// each padded to a multiple of 8 with points of no weight.
    const double *_Nonnull const *_Nonnull rules;
    uint32_t point_limit;
    uint32_t depth_limit;
    uint32_t feature_count;
} pa_explainer;

enum { PA_EXPLAIN_ROWS = 64 };

/// Bytes of scratch memory, on a boundary of 64.
size_t pa_explain_scratch_size(const pa_explainer *_Nonnull explainer);

/// Exact path-dependent TreeSHAP of up to `PA_EXPLAIN_ROWS` rows ([count][row_width]) into [count][feature_count].
void pa_explain(
    const pa_explainer *_Nonnull explainer,
    const float *_Nonnull rows,
    size_t count,
    void *_Nonnull scratch,
    double *_Nonnull contributions,
    int level);

#endif
