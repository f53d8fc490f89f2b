#ifndef PATTERNALARM_CASSETS_H
#define PATTERNALARM_CASSETS_H

#include <stddef.h>

/// One file that is part of the executable.
struct pa_asset {
    const char *_Nonnull name;
    const unsigned char *_Nonnull bytes;
    size_t size;
};

/// The embedded files, and how many there are.
const struct pa_asset *_Nonnull pa_assets(size_t *_Nonnull count);

#endif
