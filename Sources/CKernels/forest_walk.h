#ifndef PATTERNALARM_FOREST_WALK_INTERNAL_H
#define PATTERNALARM_FOREST_WALK_INTERNAL_H

#include "forest_internal.h"

/// A row's sums while trees add whole vectors: padded, so that a vector is added in whole registers.
INLINE size_t padded_width(const pa_leaves *leaves) {
    return leaves->width == 1 ? leaves->output_count : ((size_t)leaves->output_count + 15) / 16 * 16;
}

INLINE size_t value_size(const pa_leaves *leaves) { return leaves->is_double ? sizeof(double) : sizeof(float); }

INLINE size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }

/// What adding a leaf does; known where a walk is compiled, so that its loops hold one kind of addition.
typedef enum { ADD_FLOAT, ADD_DOUBLE, ADD_FLOATS_16, ADD_VECTOR } addition;

INLINE addition addition_of(const pa_leaves *leaves) {
    if (leaves->width == 1) return leaves->is_double ? ADD_DOUBLE : ADD_FLOAT;
    return !leaves->is_double && leaves->output_count <= 16 ? ADD_FLOATS_16 : ADD_VECTOR;
}

/// Adds a leaf of a tree to the sums of a row.
INLINE void add_leaf(
    const pa_leaves *leaves, const addition kind, void *sums, size_t row, size_t tree, size_t leaf, size_t padded) {
    if (kind == ADD_FLOAT) {
        ((float *)sums)[row * padded + leaves->outputs[tree]] += ((const float *)leaves->values)[leaf];
    } else if (kind == ADD_DOUBLE) {
        ((double *)sums)[row * padded + leaves->outputs[tree]] += ((const double *)leaves->values)[leaf];
    } else if (kind == ADD_FLOATS_16) {
        float *sum = (float *)sums + row * 16;
        const float *value = (const float *)leaves->values + leaf * leaves->width;
        UNROLL for (size_t i = 0; i < 16; i++) sum[i] += value[i];
    } else if (leaves->is_double) {
        double *sum = (double *)sums + row * padded;
        const double *value = (const double *)leaves->values + leaf * leaves->width;
        for (size_t part = 0; part < padded; part += 16) {
            UNROLL for (size_t i = 0; i < 16; i++) sum[part + i] += value[part + i];
        }
    } else {
        float *sum = (float *)sums + row * padded;
        const float *value = (const float *)leaves->values + leaf * leaves->width;
        for (size_t part = 0; part < padded; part += 16) {
            UNROLL for (size_t i = 0; i < 16; i++) sum[part + i] += value[part + i];
        }
    }
}

INLINE void start_sums(const pa_leaves *leaves, void *sums, size_t count, size_t padded) {
    for (size_t row = 0; row < count; row++) {
        for (size_t i = 0; i < padded; i++) {
            size_t output = i < leaves->output_count ? i : 0;
            if (leaves->is_double) ((double *)sums)[row * padded + i] = ((const double *)leaves->initial)[output];
            else ((float *)sums)[row * padded + i] = ((const float *)leaves->initial)[output];
        }
    }
}

/// Calls a walk with the kind of addition as a constant.
#define FOR_EACH_ADDITION(leaves, walk, pass, count) \
    switch (addition_of(leaves)) { \
    case ADD_FLOAT: walk(pass, ADD_FLOAT, count); break; \
    case ADD_DOUBLE: walk(pass, ADD_DOUBLE, count); break; \
    case ADD_FLOATS_16: walk(pass, ADD_FLOATS_16, count); break; \
    case ADD_VECTOR: walk(pass, ADD_VECTOR, count); break; \
    }

/// Brings padded sums to the caller.
INLINE void store_padded(const pa_leaves *leaves, const void *sums, size_t count, size_t padded, void *out) {
    size_t size = value_size(leaves), outputs = leaves->output_count;
    for (size_t row = 0; row < count; row++)
        __builtin_memcpy((char *)out + row * outputs * size, (const char *)sums + row * padded * size, outputs * size);
}

/// The values that nodes compare, [row][width].
INLINE void expand(const pa_columns *columns, const float *rows, size_t count, float *out) {
    for (size_t row = 0; row < count; row++, rows += columns->row_width, out += columns->width) {
        for (size_t i = 0; i < columns->column_count; i++) {
            float value = limited(rows[columns->columns[i].feature]);
            float instead = columns->columns[i].missing_goes_right ? __builtin_inff() : value;
            out[i] = value != value ? instead : value;
        }
        for (size_t number = 0; number < columns->lookup_count; number++) {
            const pa_lookup *lookup = columns->lookups + number;
            const uint64_t *bits = lookup->bits + lookup_code(lookup, rows[lookup->feature]) * lookup->word_count;
            float *target = out + lookup->target;
            for (size_t test = 0; test < lookup->test_count; test++)
                target[test] = (float)((bits[test / 64] >> (test % 64)) & 1);
        }
    }
}

#endif
