#ifndef PATTERNALARM_CKERNELS_H
#define PATTERNALARM_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli) of `count` bytes, continued from `crc` (0 to start). Uses the processor's instruction where
/// it has one.
uint32_t pa_crc32c(uint32_t crc, const void *_Nullable bytes, size_t count);

/// What else a line holds: a backslash, a control character, bytes beyond ASCII, a string without an end.
enum {
    PA_JSON_ESCAPE = 1,
    PA_JSON_CONTROL = 2,
    PA_JSON_HIGH = 4,
    PA_JSON_OPEN_STRING = 8,
};

/// Finds the structure of a line of JSON: the positions of its quotes, and of `{ } [ ] : ,` outside of strings. Means
/// nothing if the flags say that there is a backslash.
///
/// 64 bytes behind the line must be readable; `positions` must have room for `count` + 64. A line has at most 65,535
/// bytes. `width` limits the vectors that are used (64, 32, 0 bytes), the result is the same. Returns how many positions.
size_t pa_json_index(
    const uint8_t *_Nonnull bytes, size_t count, uint16_t *_Nonnull positions, uint32_t *_Nonnull flags, int width
);

/// Begins to bring an address into the caches; any address will do.
static inline void pa_prefetch(const void *_Nonnull address) { __builtin_prefetch(address); }

#include "exponential.h"
#include "forest_code.h"
#include "forest_explain.h"
#include "forest_mux.h"
#include "forest_walk.h"

#endif
