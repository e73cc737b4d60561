/* Counts the broken images that a loader has skipped. */
#ifndef MOCO_LOADER_LOADER_SKIPS_INTERNAL_H
#define MOCO_LOADER_LOADER_SKIPS_INTERNAL_H

#include "moco/error.h"

#include <stdatomic.h>

typedef struct moco__skips {
    atomic_uchar *known; /* a bit per image, set once the image was counted */
    atomic_size_t count;
} moco__skips;

/* Fills in a zeroed struct for a number of images. */
moco_status moco__skips_make(moco__skips *skips, size_t images);
void moco__skips_free(moco__skips *skips);

/* Counts a broken image once, however often it is met. */
void moco__skips_add(moco__skips *skips, size_t index);

#endif
