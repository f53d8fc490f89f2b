// Rows of 64 bits become rows of 32 that every engine takes: a value is replaced by how many of the forest's thresholds
// it reaches, so that each comparison has the answer that it has in 64 bits.
#include "forest_internal.h"

#pragma STDC FP_CONTRACT OFF

#define LARGEST_DOUBLE 1.7976931348623157e308
#define PIVOTS 16

/// As the nodes see it: NaN where zero is missing, and +infinity is the largest number.
INLINE double seen(const pa_coding *coding, const pa_code_column *column, double value) {
    if (column->zero_is_missing && value >= -coding->zero_limit && value <= coding->zero_limit) return __builtin_nan("");
    return value > LARGEST_DOUBLE ? LARGEST_DOUBLE : value;
}

INLINE size_t rank_of(const double *thresholds, size_t step, double value) {
    size_t rank = 0;
    for (size_t part = step * (PIVOTS / 2); part > 0; part >>= 1) rank += thresholds[rank + part - 1] <= value ? part : 0;
    return rank;
}

INLINE float code_of(const pa_coding *coding, const pa_code_column *column, double value) {
    value = seen(coding, column, value);
    if (value != value) return __builtin_nanf("");
    if (column->is_category) return value >= 0 && value < 16777216 ? (float)(uint32_t)value : -1;
    return (float)rank_of(coding->thresholds + column->first_threshold, column->step, value);
}

INLINE void code_column(
    const pa_coding *coding, size_t number, const double *rows, size_t count, float *codes) {
    const pa_code_column *column = coding->columns + number;
    const double *source = rows + column->feature;
    float *target = codes + column->feature;
    size_t row = 0;
    if (!column->is_category) {
        // Eight searches side by side hide how long each load takes.
        const double *thresholds = coding->thresholds + column->first_threshold;
        for (; row + 8 <= count; row += 8) {
            double value[8];
            size_t rank[8] = {0};
            UNROLL for (size_t i = 0; i < 8; i++) value[i] = seen(coding, column, source[(row + i) * coding->row_width]);
            for (size_t part = column->step * (PIVOTS / 2); part > 0; part >>= 1) {
                UNROLL for (size_t i = 0; i < 8; i++) rank[i] += thresholds[rank[i] + part - 1] <= value[i] ? part : 0;
            }
            UNROLL for (size_t i = 0; i < 8; i++)
                target[(row + i) * coding->row_width] = value[i] == value[i] ? (float)rank[i] : __builtin_nanf("");
        }
    }
    for (; row < count; row++)
        target[row * coding->row_width] = code_of(coding, column, source[row * coding->row_width]);
}

/// Blocks of rows that stay in the first-level cache while all columns pass over them.
#define BLOCK 32

INLINE void code_blocks(const pa_coding *coding, const double *rows, size_t count, float *codes) {
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t part = count - first < BLOCK ? count - first : BLOCK;
        const double *source = rows + first * coding->row_width;
        float *target = codes + first * coding->row_width;
        for (size_t number = 0; number < coding->column_count; number++)
            code_column(coding, number, source, part, target);
    }
}

static void code_portable(const pa_coding *coding, const double *rows, size_t count, float *codes) {
    code_blocks(coding, rows, count, codes);
}

#if defined(__x86_64__)
TARGET_AVX2 static void code_avx2(const pa_coding *coding, const double *rows, size_t count, float *codes) {
    code_blocks(coding, rows, count, codes);
}

/// `groups` times eight rows: the first 16 stretches by registers, the rest by loads.
TARGET_AVX512 INLINE void ranks_512(
    const pa_coding *coding, size_t number, const double *rows, float *codes, const int groups) {
    enum { GROUPS = BLOCK / 8 };
    const pa_code_column *column = coding->columns + number;
    const double *thresholds = coding->thresholds + column->first_threshold;
    const double *pivots = coding->pivots + column->first_pivot;
    __m512d low = _mm512_loadu_pd(pivots), high = _mm512_loadu_pd(pivots + 8);
    __m512i lanes = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    __m512i places = _mm512_mullo_epi64(lanes, _mm512_set1_epi64((long long)coding->row_width));
    __m128i shift = _mm_cvtsi32_si128(__builtin_ctzll(column->step));
    __m512d value[GROUPS];
    __m512i rank[GROUPS];
    UNROLL for (int i = 0; i < groups; i++) {
        const double *source = rows + (size_t)(8 * i) * coding->row_width + column->feature;
        value[i] = _mm512_i64gather_pd(places, source, 8);
        if (column->zero_is_missing) {
            __mmask8 zero = _mm512_cmp_pd_mask(_mm512_abs_pd(value[i]), _mm512_set1_pd(coding->zero_limit), _CMP_LE_OQ);
            value[i] = _mm512_mask_mov_pd(value[i], zero, _mm512_set1_pd(__builtin_nan("")));
        }
        // The second operand, a missing value, stays.
        value[i] = _mm512_min_pd(_mm512_set1_pd(LARGEST_DOUBLE), value[i]);
        rank[i] = _mm512_setzero_si512();
    }
    UNROLL for (int part = PIVOTS / 2; part > 0; part >>= 1) {
        UNROLL for (int i = 0; i < groups; i++) {
            __m512i next = _mm512_add_epi64(rank[i], _mm512_set1_epi64(part - 1));
            __mmask8 reaches = _mm512_cmp_pd_mask(_mm512_permutex2var_pd(low, next, high), value[i], _CMP_LE_OQ);
            rank[i] = _mm512_mask_add_epi64(rank[i], reaches, rank[i], _mm512_set1_epi64(part));
        }
    }
    UNROLL for (int i = 0; i < groups; i++) rank[i] = _mm512_sll_epi64(rank[i], shift);
    for (size_t part = column->step / 2; part > 0; part >>= 1) {
        UNROLL for (int i = 0; i < groups; i++) {
            __m512i next = _mm512_add_epi64(rank[i], _mm512_set1_epi64((long long)part - 1));
            __mmask8 reaches = _mm512_cmp_pd_mask(_mm512_i64gather_pd(next, thresholds, 8), value[i], _CMP_LE_OQ);
            rank[i] = _mm512_mask_add_epi64(rank[i], reaches, rank[i], _mm512_set1_epi64((long long)part));
        }
    }
    UNROLL for (int i = 0; i < groups; i++) {
        __mmask8 missing = _mm512_cmp_pd_mask(value[i], value[i], _CMP_UNORD_Q);
        __m256 code = _mm512_cvtepi64_ps(rank[i]);
        code = _mm256_mask_mov_ps(code, missing, _mm256_set1_ps(__builtin_nanf("")));
        _mm512_i64scatter_ps(codes + (size_t)(8 * i) * coding->row_width + column->feature, places, code, 4);
    }
}

TARGET_AVX512 static void code_avx512(const pa_coding *coding, const double *rows, size_t count, float *codes) {
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t part = count - first < BLOCK ? count - first : BLOCK;
        const double *source = rows + first * coding->row_width;
        float *target = codes + first * coding->row_width;
        for (size_t number = 0; number < coding->column_count; number++) {
            size_t row = 0;
            if (!coding->columns[number].is_category) {
                if (part == BLOCK) {
                    ranks_512(coding, number, source, target, BLOCK / 8);
                    continue;
                }
                for (; row + 8 <= part; row += 8) {
                    const double *eight = source + row * coding->row_width;
                    ranks_512(coding, number, eight, target + row * coding->row_width, 1);
                }
            }
            code_column(
                coding, number, source + row * coding->row_width, part - row, target + row * coding->row_width);
        }
    }
}
#endif

void pa_code_rows(const pa_coding *coding, const double *rows, size_t count, float *codes, int level) {
#if defined(__x86_64__)
    if (level >= PA_LEVEL_AVX512) code_avx512(coding, rows, count, codes);
    else if (level == PA_LEVEL_AVX2) code_avx2(coding, rows, count, codes);
    else
#endif
        code_portable(coding, rows, count, codes);
}
