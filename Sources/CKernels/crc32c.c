#include "CKernels.h"

// Reflected polynomial of CRC-32C, RFC 3720.
#define POLYNOMIAL 0x82F63B78u

static uint32_t table[8][256];

// The instruction takes one cycle to begin and three to end: three stripes of this many bytes keep it busy.
#define STRIPE 512
// What a checksum becomes when STRIPE zero bytes follow, by each of its four bytes.
static uint32_t after_stripe[4][256];

__attribute__((constructor)) static void fill_table(void) {
    for (uint32_t value = 0; value < 256; value++) {
        uint32_t crc = value;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) ? POLYNOMIAL : 0);
        table[0][value] = crc;
    }
    for (uint32_t value = 0; value < 256; value++)
        for (int slice = 1; slice < 8; slice++)
            table[slice][value] = (table[slice - 1][value] >> 8) ^ table[0][table[slice - 1][value] & 0xFF];
    for (int byte = 0; byte < 4; byte++)
        for (uint32_t value = 0; value < 256; value++) {
            uint32_t crc = value << (8 * byte);
            for (int zero = 0; zero < STRIPE; zero++) crc = (crc >> 8) ^ table[0][crc & 0xFF];
            after_stripe[byte][value] = crc;
        }
}

static uint32_t crc_by_table(uint32_t crc, const uint8_t *bytes, size_t count) {
    while (count >= 8) {
        uint64_t word;
        __builtin_memcpy(&word, bytes, 8);
        word ^= crc;
        crc = table[7][word & 0xFF] ^ table[6][(word >> 8) & 0xFF] ^ table[5][(word >> 16) & 0xFF]
            ^ table[4][(word >> 24) & 0xFF] ^ table[3][(word >> 32) & 0xFF] ^ table[2][(word >> 40) & 0xFF]
            ^ table[1][(word >> 48) & 0xFF] ^ table[0][word >> 56];
        bytes += 8;
        count -= 8;
    }
    while (count--) crc = (crc >> 8) ^ table[0][(crc ^ *bytes++) & 0xFF];
    return crc;
}

#if defined(__x86_64__)
static uint32_t shifted(uint32_t crc) {
    return after_stripe[0][crc & 0xFF] ^ after_stripe[1][(crc >> 8) & 0xFF] ^ after_stripe[2][(crc >> 16) & 0xFF]
        ^ after_stripe[3][crc >> 24];
}

__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(uint32_t crc, const uint8_t *bytes, size_t count) {
    uint64_t wide = crc;
    while (count >= 3 * STRIPE) {
        uint64_t second = 0, third = 0;
        for (size_t at = 0; at < STRIPE; at += 8) {
            uint64_t words[3];
            __builtin_memcpy(&words[0], bytes + at, 8);
            __builtin_memcpy(&words[1], bytes + STRIPE + at, 8);
            __builtin_memcpy(&words[2], bytes + 2 * STRIPE + at, 8);
            wide = __builtin_ia32_crc32di(wide, words[0]);
            second = __builtin_ia32_crc32di(second, words[1]);
            third = __builtin_ia32_crc32di(third, words[2]);
        }
        // A checksum is linear: that of the whole is those of the stripes, each moved on over what follows it.
        wide = shifted(shifted((uint32_t)wide) ^ (uint32_t)second) ^ (uint32_t)third;
        bytes += 3 * STRIPE;
        count -= 3 * STRIPE;
    }
    while (count >= 8) {
        uint64_t word;
        __builtin_memcpy(&word, bytes, 8);
        wide = __builtin_ia32_crc32di(wide, word);
        bytes += 8;
        count -= 8;
    }
    crc = (uint32_t)wide;
    while (count--) crc = __builtin_ia32_crc32qi(crc, *bytes++);
    return crc;
}
#endif

uint32_t pa_crc32c(uint32_t crc, const void *bytes, size_t count) {
    crc = ~crc;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~crc_by_instruction(crc, bytes, count);
#endif
    return ~crc_by_table(crc, bytes, count);
}
