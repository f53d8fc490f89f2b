#ifndef PATTERNALARM_FOREST_INTERNAL_H
#define PATTERNALARM_FOREST_INTERNAL_H

#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define TARGET_AVX512 __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512vl,avx512dq")))
#endif

// Inlined into callers that may use more instructions than this file's default.
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

/// Above all finite numbers: +infinity counts as the largest of them, so that nothing but a missing value is at least
/// +infinity.
#define LARGEST 3.40282347e+38f

INLINE float limited(float value) { return value > LARGEST ? LARGEST : value; }

/// The code of a value for a lookup.
INLINE size_t lookup_code(const pa_lookup *lookup, float value) {
    value = limited(value);
    if (value != value) return (size_t)lookup->code_count + 1;
    if (lookup->values) {
        size_t low = 0, high = lookup->code_count;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (lookup->values[middle] < value) low = middle + 1;
            else high = middle;
        }
        return low < lookup->code_count && lookup->values[low] == value ? low : lookup->code_count;
    }
    return value >= 0 && value < (float)lookup->code_count ? (size_t)value : lookup->code_count;
}

#endif
