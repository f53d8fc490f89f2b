#ifndef PATTERNALARM_FOREST_CODE_H
#define PATTERNALARM_FOREST_CODE_H

#include "forest_mux.h"

/// How one feature's values become codes. A missing value's code is NaN.
typedef struct {
    uint32_t feature;
    /// The code is the value's whole part if that is a category: from 0 and below 2^24; else -1. Otherwise the code is how
    /// many of the thresholds the value reaches.
    uint32_t is_category;
    /// Whether values of at most `zero_limit` on either side of 0 count as missing.
    uint32_t zero_is_missing;
    /// Where the feature's 16 pivots are: every `step`-th threshold, the last of each stretch.
    uint32_t first_pivot;
    /// Where its thresholds are: ascending, filled up with NaN to 16 * step.
    size_t first_threshold;
    /// A power of two.
    size_t step;
} pa_code_column;

/// Turns rows of 64 bits into rows of 32 for which the same comparisons hold.
typedef struct {
    /// Of the features that something is compared with.
    const pa_code_column *_Nonnull columns;
    size_t column_count;
    const double *_Nonnull thresholds;
    const double *_Nonnull pivots;
    double zero_limit;
    /// Features of a row.
    size_t row_width;
} pa_coding;

/// Codes rows ([count][row_width]) into [count][row_width]; codes of features without a column stay what they were.
void pa_code_rows(
    const pa_coding *_Nonnull coding, const double *_Nonnull rows, size_t count, float *_Nonnull codes, int level);

#endif
