// Bit-sliced scoring. Every distinct test of a forest is answered once for 64...512 rows at a time, as a plane of bits;
// a tree is a few multiplexers over planes that give the bits of its leaf's number, row by row side by side.
#include "forest_internal.h"

#pragma STDC FP_CONTRACT OFF

#define BLOCK_ROWS 512
#define LINE 64

int pa_kernel_level(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("bmi2"))
        return PA_LEVEL_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
        return PA_LEVEL_AVX2;
#endif
    return PA_LEVEL_PORTABLE;
}

/// Where things are in the scratch memory.
typedef struct {
    uint64_t *planes; // [slot][word]
    float *columns; // [feature, rounded up to 16][row]
    uint8_t *ranks; // [missing goes left, right][row]
    void *sums; // [output][row]
} scratch_parts;

INLINE size_t column_count(const pa_mux *mux) { return ((size_t)mux->row_width + 15) / 16 * 16; }

static size_t plane_bytes(const pa_mux *mux) { return (size_t)mux->slot_count * BLOCK_ROWS / 8; }

size_t pa_mux_scratch_size(const pa_mux *mux) {
    return plane_bytes(mux) + column_count(mux) * BLOCK_ROWS * sizeof(float) + 2 * BLOCK_ROWS
        + (size_t)mux->output_count * BLOCK_ROWS * sizeof(double);
}

static scratch_parts parts(const pa_mux *mux, void *scratch) {
    char *base = scratch;
    scratch_parts parts;
    parts.planes = (uint64_t *)base;
    base += plane_bytes(mux);
    parts.columns = (float *)base;
    base += column_count(mux) * BLOCK_ROWS * sizeof(float);
    parts.ranks = (uint8_t *)base;
    parts.sums = base + 2 * BLOCK_ROWS;
    return parts;
}

// MARK: - Planes of lookups, the same at every level

/// Bit c of word r becomes bit r of word c (Warren, Hacker's Delight 7-3).
INLINE void transpose_bits(uint64_t *bits) {
    uint64_t mask = 0x00000000FFFFFFFFull;
    for (int width = 32; width > 0; width >>= 1, mask ^= mask << width) {
        for (int base = 0; base < 64; base += 2 * width) {
            for (int row = base; row < base + width; row++) {
                uint64_t swap = ((bits[row] >> width) ^ bits[row + width]) & mask;
                bits[row] ^= swap << width;
                bits[row + width] ^= swap;
            }
        }
    }
}

INLINE void lookup_planes(
    const pa_mux *mux, const float *columns, uint64_t *planes, size_t used_words, const size_t words) {
    for (size_t number = 0; number < mux->lookup_count; number++) {
        const pa_lookup *lookup = mux->lookups + number;
        const float *column = columns + (size_t)lookup->feature * words * 64;
        for (size_t word = 0; word < used_words; word++) {
            const uint64_t *found[64];
            for (size_t row = 0; row < 64; row++)
                found[row] = lookup->bits + lookup_code(lookup, column[word * 64 + row]) * lookup->word_count;
            for (size_t part = 0; part < lookup->word_count; part++) {
                uint64_t bits[64];
                for (size_t row = 0; row < 64; row++) bits[row] = found[row][part];
                transpose_bits(bits);
                size_t left = lookup->test_count - part * 64;
                uint64_t *plane = planes + ((size_t)lookup->target + part * 64) * words + word;
                for (size_t test = 0; test < 64 && test < left; test++) plane[test * words] = bits[test];
            }
        }
    }
}

// MARK: - Planes of thresholds, without intrinsics

/// Sets one bit a row at its rank, then ORs downwards.
INLINE void threshold_planes(
    const pa_mux *mux, const float *columns, uint64_t *planes, size_t used_words, const size_t words) {
    uint64_t at[257 * 8];
    for (size_t number = 0; number < mux->feature_count; number++) {
        const pa_mux_feature *feature = mux->features + number;
        const float *thresholds = mux->thresholds + number * 288 + 32;
        const float *column = columns + (size_t)feature->feature * words * 64;
        const uint8_t *levels = mux->levels + (feature->plane - mux->first_plane);
        uint64_t *plane = planes + (size_t)feature->plane * words;
        for (size_t i = 0; i < 257 * words; i++) at[i] = 0;
        uint64_t missing[8] = {0};
        for (size_t row = 0; row < used_words * 64; row++) {
            float value = limited(column[row]);
            size_t rank = 0;
            for (size_t step = 128; step > 0; step >>= 1) rank += thresholds[rank + step - 1] <= value ? step : 0;
            at[rank * words + row / 64] |= 1ull << (row % 64);
            missing[row / 64] |= (uint64_t)(value != value) << (row % 64);
        }
        for (int side = 0; side < 2; side++) {
            size_t count = side == 0 ? feature->left_count : feature->right_count;
            const uint8_t *level = levels + (side == 0 ? 0 : feature->left_count);
            uint64_t *target = plane + (side == 0 ? 0 : feature->left_count * words);
            uint64_t above[8];
            for (size_t word = 0; word < words; word++) above[word] = side == 0 ? 0 : missing[word];
            size_t rank = 256;
            for (size_t test = count; test-- > 0;) {
                for (; rank > level[test]; rank--)
                    for (size_t word = 0; word < words; word++) above[word] |= at[rank * words + word];
                for (size_t word = 0; word < words; word++) target[test * words + word] = above[word];
            }
        }
    }
}

// MARK: - Circuits and leaves, without intrinsics

INLINE void run_circuit(const pa_mux_op *ops, size_t count, uint64_t *planes, const size_t words) {
    uint64_t *target = planes + 2 * words;
    for (size_t i = 0; i < count; i++, target += words) {
        const uint64_t *choice = planes + (size_t)ops[i].choice * words;
        const uint64_t *high = planes + (size_t)ops[i].high * words;
        const uint64_t *low = planes + (size_t)ops[i].low * words;
        uint64_t result[8];
        for (size_t word = 0; word < words; word++)
            result[word] = low[word] ^ ((low[word] ^ high[word]) & choice[word]);
        for (size_t word = 0; word < words; word++) target[word] = result[word];
    }
}

/// Turns six words of bits into 64 numbers, eight at a time (an 8 x 8 bit transposition).
INLINE void leaf_numbers(const uint64_t *const *code, size_t bit_count, size_t word, uint8_t *numbers) {
    for (size_t eight = 0; eight < 8; eight++) {
        uint64_t bits = 0;
        for (size_t bit = 0; bit < bit_count; bit++) bits |= ((code[bit][word] >> (8 * eight)) & 0xFF) << (8 * bit);
        uint64_t swap = (bits ^ (bits >> 7)) & 0x00AA00AA00AA00AAull;
        bits ^= swap ^ (swap << 7);
        swap = (bits ^ (bits >> 14)) & 0x0000CCCC0000CCCCull;
        bits ^= swap ^ (swap << 14);
        swap = (bits ^ (bits >> 28)) & 0x00000000F0F0F0F0ull;
        bits ^= swap ^ (swap << 28);
        __builtin_memcpy(numbers + 8 * eight, &bits, 8);
    }
}

INLINE void add_leaves(
    const pa_mux *mux, const pa_mux_tree *tree, const uint64_t *planes, void *sums, size_t used_words,
    const size_t words) {
    const uint64_t *code[6];
    for (size_t bit = 0; bit < tree->bit_count; bit++) code[bit] = planes + (size_t)tree->code[bit] * words;
    const uint32_t *leaves = mux->leaves + tree->leaf;
    size_t size = (size_t)1 << tree->bit_count;
    for (size_t word = 0; word < used_words; word++) {
        uint8_t numbers[64];
        leaf_numbers(code, tree->bit_count, word, numbers);
        if (mux->is_double) {
            double *sum = (double *)sums + (size_t)tree->output * BLOCK_ROWS + word * 64;
            for (size_t row = 0; row < 64; row++) {
                uint64_t bits = leaves[numbers[row]] | (uint64_t)leaves[size + numbers[row]] << 32;
                double value;
                __builtin_memcpy(&value, &bits, 8);
                sum[row] += value;
            }
        } else {
            float *sum = (float *)sums + (size_t)tree->output * BLOCK_ROWS + word * 64;
            for (size_t row = 0; row < 64; row++) sum[row] += ((const float *)leaves)[numbers[row]];
        }
    }
}

INLINE void start_sums(const pa_mux *mux, void *sums) {
    for (size_t output = 0; output < mux->output_count; output++) {
        if (mux->is_double) {
            double initial = ((const double *)mux->initial)[output];
            for (size_t row = 0; row < BLOCK_ROWS; row++) ((double *)sums)[output * BLOCK_ROWS + row] = initial;
        } else {
            float initial = ((const float *)mux->initial)[output];
            for (size_t row = 0; row < BLOCK_ROWS; row++) ((float *)sums)[output * BLOCK_ROWS + row] = initial;
        }
    }
}

INLINE void constant_planes(uint64_t *planes, const size_t words) {
    for (size_t word = 0; word < words; word++) {
        planes[word] = 0;
        planes[words + word] = ~0ull;
    }
}

INLINE void store_sums(const pa_mux *mux, const void *sums, size_t count, void *out) {
    size_t outputs = mux->output_count;
    for (size_t output = 0; output < outputs; output++) {
        if (mux->is_double) {
            const double *sum = (const double *)sums + output * BLOCK_ROWS;
            for (size_t row = 0; row < count; row++) ((double *)out)[row * outputs + output] = sum[row];
        } else {
            const float *sum = (const float *)sums + output * BLOCK_ROWS;
            for (size_t row = 0; row < count; row++) ((float *)out)[row * outputs + output] = sum[row];
        }
    }
}

INLINE void block_portable(
    const pa_mux *mux, const float *rows, size_t count, scratch_parts at, void *out, const size_t words) {
    size_t used_words = (count + 63) / 64;
    for (size_t row = 0; row < used_words * 64; row++) {
        const float *source = rows + (row < count ? row : count - 1) * mux->row_width;
        for (size_t column = 0; column < mux->row_width; column++)
            at.columns[column * words * 64 + row] = source[column];
    }
    constant_planes(at.planes, words);
    threshold_planes(mux, at.columns, at.planes, used_words, words);
    lookup_planes(mux, at.columns, at.planes, used_words, words);
    start_sums(mux, at.sums);
    const pa_mux_op *ops = mux->ops;
    for (size_t number = 0; number < mux->tree_count; number++) {
        const pa_mux_tree *tree = mux->trees + number;
        run_circuit(ops, tree->op_count, at.planes, words);
        ops += tree->op_count;
        add_leaves(mux, tree, at.planes, at.sums, used_words, words);
    }
    store_sums(mux, at.sums, count, out);
}

INLINE void blocks_portable(const pa_mux *mux, const float *rows, size_t count, scratch_parts at, void *out) {
    if (count > 256) block_portable(mux, rows, count, at, out, 8);
    else if (count > 128) block_portable(mux, rows, count, at, out, 4);
    else if (count > 64) block_portable(mux, rows, count, at, out, 2);
    else block_portable(mux, rows, count, at, out, 1);
}

static void block_any(const pa_mux *mux, const float *rows, size_t count, scratch_parts at, void *out) {
    blocks_portable(mux, rows, count, at, out);
}

#if defined(__x86_64__)

TARGET_AVX2 static void block_avx2(const pa_mux *mux, const float *rows, size_t count, scratch_parts at, void *out) {
    blocks_portable(mux, rows, count, at, out);
}

// MARK: - AVX-512

/// Rows become columns, 16 x 16 values at a time; rows behind the last repeat it.
TARGET_AVX512 INLINE void transpose_512(
    const pa_mux *mux, const float *rows, size_t count, float *columns, const size_t words) {
    size_t width = mux->row_width;
    for (size_t first = 0; first < count; first += 16) {
        const float *source[16];
        for (size_t i = 0; i < 16; i++) source[i] = rows + (first + i < count ? first + i : count - 1) * width;
        for (size_t column = 0; column < width; column += 16) {
            __mmask16 mask = width - column >= 16 ? 0xFFFF : (__mmask16)((1u << (width - column)) - 1);
            __m512 r[16], t[16];
            UNROLL for (int i = 0; i < 16; i++) r[i] = _mm512_maskz_loadu_ps(mask, source[i] + column);
            UNROLL for (int i = 0; i < 16; i += 2) {
                t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
                t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
            }
            UNROLL for (int i = 0; i < 16; i += 4) {
                r[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(t[i]), _mm512_castps_pd(t[i + 2])));
                r[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(t[i]), _mm512_castps_pd(t[i + 2])));
                r[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(t[i + 1]), _mm512_castps_pd(t[i + 3])));
                r[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(t[i + 1]), _mm512_castps_pd(t[i + 3])));
            }
            // r[4 * g + k] holds, of rows 4g...4g + 3, columns k, k + 4, k + 8, k + 12.
            UNROLL for (int k = 0; k < 4; k++) {
                __m512 a = _mm512_shuffle_f32x4(r[k], r[4 + k], 0x88), b = _mm512_shuffle_f32x4(r[k], r[4 + k], 0xDD);
                __m512 c = _mm512_shuffle_f32x4(r[8 + k], r[12 + k], 0x88);
                __m512 d = _mm512_shuffle_f32x4(r[8 + k], r[12 + k], 0xDD);
                float *target = columns + (column + (size_t)k) * words * 64 + first;
                _mm512_store_ps(target, _mm512_shuffle_f32x4(a, c, 0x88));
                _mm512_store_ps(target + 4 * words * 64, _mm512_shuffle_f32x4(b, d, 0x88));
                _mm512_store_ps(target + 8 * words * 64, _mm512_shuffle_f32x4(a, c, 0xDD));
                _mm512_store_ps(target + 12 * words * 64, _mm512_shuffle_f32x4(b, d, 0xDD));
            }
        }
    }
}

/// How many thresholds each value reaches; a missing one none (ranks[0]) or all (ranks[1]).
TARGET_AVX512 INLINE void ranks_512(
    const pa_mux_feature *feature, const float *pivots, const float *column, size_t used_rows, uint8_t *ranks) {
    __m512 pivots0 = _mm512_loadu_ps(pivots), pivots1 = _mm512_loadu_ps(pivots + 16);
    const float *thresholds = pivots + 32;
    int shift = __builtin_ctz(feature->step);
    for (size_t row = 0; row < used_rows; row += 64) {
        __m512 value[4];
        __m512i rank[4];
        UNROLL for (int i = 0; i < 4; i++) {
            // The second operand, a missing value, stays.
            value[i] = _mm512_min_ps(_mm512_set1_ps(LARGEST), _mm512_load_ps(column + row + 16 * i));
            rank[i] = _mm512_setzero_si512();
        }
        UNROLL for (int step = 16; step > 0; step >>= 1) {
            UNROLL for (int i = 0; i < 4; i++) {
                __m512i next = _mm512_add_epi32(rank[i], _mm512_set1_epi32(step - 1));
                __m512 pivot = _mm512_permutex2var_ps(pivots0, next, pivots1);
                __mmask16 reaches = _mm512_cmp_ps_mask(pivot, value[i], _CMP_LE_OQ);
                rank[i] = _mm512_mask_add_epi32(rank[i], reaches, rank[i], _mm512_set1_epi32(step));
            }
        }
        UNROLL for (int i = 0; i < 4; i++) rank[i] = _mm512_sll_epi32(rank[i], _mm_cvtsi32_si128(shift));
        for (int step = (int)feature->step / 2; step > 0; step >>= 1) {
            UNROLL for (int i = 0; i < 4; i++) {
                __m512i next = _mm512_add_epi32(rank[i], _mm512_set1_epi32(step - 1));
                __m512 threshold = _mm512_i32gather_ps(next, thresholds, 4);
                __mmask16 reaches = _mm512_cmp_ps_mask(threshold, value[i], _CMP_LE_OQ);
                rank[i] = _mm512_mask_add_epi32(rank[i], reaches, rank[i], _mm512_set1_epi32(step));
            }
        }
        UNROLL for (int i = 0; i < 4; i++) {
            __m128i bytes = _mm512_cvtepi32_epi8(rank[i]);
            _mm_store_si128((__m128i *)(ranks + row + 16 * (size_t)i), bytes);
            __mmask16 missing = _mm512_cmp_ps_mask(value[i], value[i], _CMP_UNORD_Q);
            bytes = _mm_mask_mov_epi8(bytes, missing, _mm_set1_epi8(-1));
            _mm_store_si128((__m128i *)(ranks + BLOCK_ROWS + row + 16 * (size_t)i), bytes);
        }
    }
}

TARGET_AVX512 INLINE void compare_512(
    const uint8_t *ranks, const uint8_t *levels, size_t count, uint64_t *planes, const size_t words) {
    __m512i rank[8];
    UNROLL for (size_t word = 0; word < words; word++) rank[word] = _mm512_load_si512(ranks + 64 * word);
    for (size_t test = 0; test < count; test++, planes += words) {
        __m512i level = _mm512_set1_epi8((char)levels[test]);
        UNROLL for (size_t word = 0; word < words; word++) planes[word] = _mm512_cmpgt_epu8_mask(rank[word], level);
    }
}

TARGET_AVX512 INLINE void run_circuit_512(const pa_mux_op *ops, size_t count, uint64_t *planes, const size_t words) {
    uint64_t *target = planes + 2 * words;
    for (size_t i = 0; i < count; i++, target += words) {
        const uint64_t *choice = planes + (size_t)ops[i].choice * words;
        const uint64_t *high = planes + (size_t)ops[i].high * words;
        const uint64_t *low = planes + (size_t)ops[i].low * words;
        if (words == 8) {
            __m512i result = _mm512_ternarylogic_epi64(
                _mm512_load_si512(choice), _mm512_load_si512(high), _mm512_load_si512(low), 0xCA);
            _mm512_store_si512(target, result);
        } else if (words == 4) {
            __m256i result = _mm256_ternarylogic_epi64(
                _mm256_load_si256((const __m256i *)choice), _mm256_load_si256((const __m256i *)high),
                _mm256_load_si256((const __m256i *)low), 0xCA);
            _mm256_store_si256((__m256i *)target, result);
        } else if (words == 2) {
            __m128i result = _mm_ternarylogic_epi64(
                _mm_load_si128((const __m128i *)choice), _mm_load_si128((const __m128i *)high),
                _mm_load_si128((const __m128i *)low), 0xCA);
            _mm_store_si128((__m128i *)target, result);
        } else {
            *target = *low ^ ((*low ^ *high) & *choice);
        }
    }
}

/// 16 of up to 64 words, by the numbers' lower five bits and a mask of those with the sixth.
TARGET_AVX512 INLINE __m512 pick_512(const __m512 *table, __m512i number, __mmask16 sixth, const int bit_count) {
    if (bit_count == 4) return _mm512_permutexvar_ps(number, table[0]);
    __m512 low = _mm512_permutex2var_ps(table[0], number, table[1]);
    if (bit_count == 5) return low;
    return _mm512_mask_mov_ps(low, sixth, _mm512_permutex2var_ps(table[2], number, table[3]));
}

TARGET_AVX512 INLINE void add_leaves_512(
    const uint32_t *leaves, const pa_mux_tree *tree, const uint64_t *planes, void *sums, size_t used_words,
    const size_t words, const int bit_count, const int is_double) {
    enum { TABLES = 4 };
    const int tables = 1 << (bit_count - 4);
    __m512 low[TABLES], high[TABLES];
    UNROLL for (int i = 0; i < tables; i++) {
        low[i] = _mm512_loadu_ps(leaves + 16 * i);
        if (is_double) high[i] = _mm512_loadu_ps(leaves + 16 * (tables + i));
    }
    for (size_t word = 0; word < used_words; word++) {
        __m512i numbers = _mm512_setzero_si512();
        UNROLL for (int bit = 0; bit < (bit_count < 5 ? bit_count : 5); bit++) {
            __mmask64 set = planes[(size_t)tree->code[bit] * words + word];
            numbers = _mm512_mask_add_epi8(numbers, set, numbers, _mm512_set1_epi8((char)(1 << bit)));
        }
        uint64_t sixth = bit_count == 6 ? planes[(size_t)tree->code[5] * words + word] : 0;
        UNROLL for (int part = 0; part < 4; part++) {
            __m128i bytes = part == 0 ? _mm512_castsi512_si128(numbers)
                : part == 1           ? _mm512_extracti32x4_epi32(numbers, 1)
                : part == 2           ? _mm512_extracti32x4_epi32(numbers, 2)
                                      : _mm512_extracti32x4_epi32(numbers, 3);
            __m512i number = _mm512_cvtepu8_epi32(bytes);
            __mmask16 mask = (__mmask16)(sixth >> (16 * part));
            __m512 lower = pick_512(low, number, mask, bit_count);
            if (is_double) {
                // Interleaving halves leaves rows 0 1 4 5 8 9 12 13 and 2 3 6 7 10 11 14 15 together.
                __m512 upper = pick_512(high, number, mask, bit_count);
                double *sum = (double *)sums + word * 64 + 16 * (size_t)part;
                __m512d first = _mm512_castps_pd(_mm512_unpacklo_ps(lower, upper));
                __m512d second = _mm512_castps_pd(_mm512_unpackhi_ps(lower, upper));
                _mm512_store_pd(sum, _mm512_add_pd(_mm512_load_pd(sum), first));
                _mm512_store_pd(sum + 8, _mm512_add_pd(_mm512_load_pd(sum + 8), second));
            } else {
                float *sum = (float *)sums + word * 64 + 16 * (size_t)part;
                _mm512_store_ps(sum, _mm512_add_ps(_mm512_load_ps(sum), lower));
            }
        }
    }
}

/// Brings the sums of doubles back into the rows' order.
TARGET_AVX512 INLINE void straighten_512(double *sums, size_t count) {
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    for (size_t row = 0; row < count; row += 16) {
        __m512d low = _mm512_load_pd(sums + row), high = _mm512_load_pd(sums + row + 8);
        _mm512_store_pd(sums + row, _mm512_permutex2var_pd(low, first, high));
        _mm512_store_pd(sums + row + 8, _mm512_permutex2var_pd(low, second, high));
    }
}

TARGET_AVX512 INLINE void block_512(
    const pa_mux *mux, const float *rows, size_t count, scratch_parts at, void *out, const size_t words) {
    size_t used_words = (count + 63) / 64;
    transpose_512(mux, rows, count, at.columns, words);
    constant_planes(at.planes, words);
    for (size_t number = 0; number < mux->feature_count; number++) {
        const pa_mux_feature *feature = mux->features + number;
        const float *column = at.columns + (size_t)feature->feature * words * 64;
        ranks_512(feature, mux->thresholds + number * 288, column, used_words * 64, at.ranks);
        const uint8_t *levels = mux->levels + (feature->plane - mux->first_plane);
        uint64_t *planes = at.planes + (size_t)feature->plane * words;
        compare_512(at.ranks, levels, feature->left_count, planes, words);
        levels += feature->left_count;
        planes += (size_t)feature->left_count * words;
        compare_512(at.ranks + BLOCK_ROWS, levels, feature->right_count, planes, words);
    }
    lookup_planes(mux, at.columns, at.planes, used_words, words);
    start_sums(mux, at.sums);
    const pa_mux_op *ops = mux->ops;
    for (size_t number = 0; number < mux->tree_count; number++) {
        const pa_mux_tree *tree = mux->trees + number;
        run_circuit_512(ops, tree->op_count, at.planes, words);
        ops += tree->op_count;
        const uint32_t *leaves = mux->leaves + tree->leaf;
        size_t offset = (size_t)tree->output * BLOCK_ROWS;
        if (mux->is_double) {
            double *sums = (double *)at.sums + offset;
            if (tree->bit_count == 6) add_leaves_512(leaves, tree, at.planes, sums, used_words, words, 6, 1);
            else if (tree->bit_count == 5) add_leaves_512(leaves, tree, at.planes, sums, used_words, words, 5, 1);
            else add_leaves_512(leaves, tree, at.planes, sums, used_words, words, 4, 1);
        } else {
            float *sums = (float *)at.sums + offset;
            if (tree->bit_count == 6) add_leaves_512(leaves, tree, at.planes, sums, used_words, words, 6, 0);
            else if (tree->bit_count == 5) add_leaves_512(leaves, tree, at.planes, sums, used_words, words, 5, 0);
            else add_leaves_512(leaves, tree, at.planes, sums, used_words, words, 4, 0);
        }
    }
    if (mux->is_double)
        for (size_t output = 0; output < mux->output_count; output++)
            straighten_512((double *)at.sums + output * BLOCK_ROWS, used_words * 64);
    store_sums(mux, at.sums, count, out);
}

TARGET_AVX512 static void block_avx512(
    const pa_mux *mux, const float *rows, size_t count, scratch_parts at, void *out) {
    if (count > 256) block_512(mux, rows, count, at, out, 8);
    else if (count > 128) block_512(mux, rows, count, at, out, 4);
    else if (count > 64) block_512(mux, rows, count, at, out, 2);
    else block_512(mux, rows, count, at, out, 1);
}

#endif

void pa_mux_sums(const pa_mux *mux, const float *rows, size_t count, void *scratch, void *sums, int level) {
    scratch_parts at = parts(mux, scratch);
    size_t step = (size_t)mux->output_count * (mux->is_double ? sizeof(double) : sizeof(float));
    for (size_t first = 0; first < count; first += BLOCK_ROWS) {
        size_t part = count - first < BLOCK_ROWS ? count - first : BLOCK_ROWS;
        const float *source = rows + first * mux->row_width;
        void *target = (char *)sums + first * step;
#if defined(__x86_64__)
        if (level >= PA_LEVEL_AVX512) {
            block_avx512(mux, source, part, at, target);
            continue;
        }
        if (level == PA_LEVEL_AVX2) {
            block_avx2(mux, source, part, at, target);
            continue;
        }
#endif
        block_any(mux, source, part, at, target);
    }
}
