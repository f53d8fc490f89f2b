#include "CKernels.h"

// Stage one of simdjson (Langdale and Lemire, "Parsing gigabytes of JSON per second", VLDB Journal 28, 2019), for single
// lines: which bytes are structure, found 64 at a time.

typedef struct {
    uint64_t quote, backslash, control, high, structure;
} pa_masks;

/// The XOR of all lower bits and itself: set from an opening quote up to, not including, the closing one.
static inline uint64_t prefix_xor(uint64_t bits) {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^= bits << 32;
    return bits;
}

static inline size_t write_positions(uint64_t bits, size_t base, uint16_t *out) {
    size_t count = (size_t)__builtin_popcountll(bits);
    for (uint16_t *next = out; bits; bits &= bits - 1) *next++ = (uint16_t)(base + (size_t)__builtin_ctzll(bits));
    return count;
}

#define INDEX_LOOP(MASKS, WRITE)                                                                     \
    size_t written = 0;                                                                              \
    uint64_t inside = 0, escape = 0, control = 0, high = 0;                                          \
    for (size_t base = 0; base < count; base += 64) {                                                \
        pa_masks masks = MASKS(bytes + base);                                                        \
        uint64_t valid = count - base >= 64 ? ~0ull : (1ull << (count - base)) - 1;                  \
        uint64_t quote = masks.quote & valid;                                                        \
        escape |= masks.backslash & valid;                                                           \
        control |= masks.control & valid;                                                            \
        high |= masks.high & valid;                                                                  \
        uint64_t string = prefix_xor(quote) ^ inside;                                                \
        inside = (uint64_t)((int64_t)string >> 63);                                                  \
        written += WRITE(((masks.structure & ~string) | quote) & valid, base, positions + written);  \
    }                                                                                                \
    *flags = (escape ? PA_JSON_ESCAPE : 0) | (control ? PA_JSON_CONTROL : 0) | (high ? PA_JSON_HIGH : 0) \
        | (inside ? PA_JSON_OPEN_STRING : 0);                                                        \
    return written;

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,popcnt")))

WIDE static inline pa_masks masks_wide(const uint8_t *bytes) {
    __m512i block = _mm512_loadu_si512(bytes);
    // { and [, } and ] differ in one bit.
    __m512i folded = _mm512_or_si512(block, _mm512_set1_epi8(0x20));
    return (pa_masks){
        .quote = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('"')),
        .backslash = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\\')),
        .control = _mm512_cmplt_epu8_mask(block, _mm512_set1_epi8(0x20)),
        .high = _mm512_movepi8_mask(block),
        .structure = _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('{'))
            | _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('}'))
            | _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(':')) | _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(',')),
    };
}

WIDE static inline size_t write_wide(uint64_t bits, size_t base, uint16_t *out) {
    static const uint8_t places[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
    };
    __m512i chosen = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(places));
    __m512i shift = _mm512_set1_epi16((short)base);
    size_t count = (size_t)_mm_popcnt_u64(bits);
    __m512i low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(chosen));
    _mm512_storeu_si512(out, _mm512_add_epi16(low, shift));
    if (count > 32) {
        __m512i upper = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(chosen, 1));
        _mm512_storeu_si512(out + 32, _mm512_add_epi16(upper, shift));
    }
    return count;
}

WIDE static size_t index_wide(const uint8_t *bytes, size_t count, uint16_t *positions, uint32_t *flags) {
    INDEX_LOOP(masks_wide, write_wide)
}

#define HALF __attribute__((target("avx2,bmi,popcnt")))

HALF static inline uint64_t pair(__m256i low, __m256i high) {
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

HALF static inline pa_masks masks_half(const uint8_t *bytes) {
    __m256i low = _mm256_loadu_si256((const __m256i *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + 32));
    __m256i fold = _mm256_set1_epi8(0x20);
    __m256i folded_low = _mm256_or_si256(low, fold), folded_high = _mm256_or_si256(high, fold);
    __m256i last_control = _mm256_set1_epi8(0x1F);
#define EQUAL(value, a, b) \
    pair(_mm256_cmpeq_epi8(a, _mm256_set1_epi8(value)), _mm256_cmpeq_epi8(b, _mm256_set1_epi8(value)))
    return (pa_masks){
        .quote = EQUAL('"', low, high),
        .backslash = EQUAL('\\', low, high),
        .control = pair(
            _mm256_cmpeq_epi8(_mm256_min_epu8(low, last_control), low),
            _mm256_cmpeq_epi8(_mm256_min_epu8(high, last_control), high)
        ),
        .high = pair(low, high),
        .structure = EQUAL('{', folded_low, folded_high) | EQUAL('}', folded_low, folded_high) | EQUAL(':', low, high)
            | EQUAL(',', low, high),
    };
#undef EQUAL
}

HALF static size_t index_half(const uint8_t *bytes, size_t count, uint16_t *positions, uint32_t *flags) {
    INDEX_LOOP(masks_half, write_positions)
}
#endif

static inline pa_masks masks_plain(const uint8_t *bytes) {
    pa_masks masks = {0};
    for (int place = 0; place < 64; place++) {
        uint8_t byte = bytes[place];
        uint8_t folded = byte | 0x20;
        uint64_t bit = 1ull << place;
        masks.quote |= byte == '"' ? bit : 0;
        masks.backslash |= byte == '\\' ? bit : 0;
        masks.control |= byte < 0x20 ? bit : 0;
        masks.high |= byte >= 0x80 ? bit : 0;
        masks.structure |= folded == '{' || folded == '}' || byte == ':' || byte == ',' ? bit : 0;
    }
    return masks;
}

static size_t index_plain(const uint8_t *bytes, size_t count, uint16_t *positions, uint32_t *flags) {
    INDEX_LOOP(masks_plain, write_positions)
}

size_t pa_json_index(const uint8_t *bytes, size_t count, uint16_t *positions, uint32_t *flags, int width) {
#if defined(__x86_64__)
    if (width >= 64 && __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bw"))
        return index_wide(bytes, count, positions, flags);
    if (width >= 32 && __builtin_cpu_supports("avx2")) return index_half(bytes, count, positions, flags);
#endif
    (void)width;
    return index_plain(bytes, count, positions, flags);
}
