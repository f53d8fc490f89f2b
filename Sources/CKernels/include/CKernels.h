#ifndef PATTERNALARM_CKERNELS_H
#define PATTERNALARM_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli) of `count` bytes, continued from `crc` (0 to start). Uses the processor's instruction where
/// it has one.
uint32_t pa_crc32c(uint32_t crc, const void *_Nullable bytes, size_t count);

#include "exponential.h"
#include "forest_explain.h"
#include "forest_mux.h"
#include "forest_walk.h"

#endif
