/* Finds out how a shard is compressed. */
#ifndef MOCO_FORMATS_TAR_FILTER_INTERNAL_H
#define MOCO_FORMATS_TAR_FILTER_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

enum {
    MOCO__TAR_FILTER_BYTES = 13,   /* that tell */
    MOCO__TAR_WINDOW_MAX = 1 << 27 /* bytes: zstd unpacks no more without being told */
};

/* Returns libarchive's filter for the first bytes of a file; ARCHIVE_FILTER_NONE: it is not compressed. */
int moco__tar_filter(const uint8_t *bytes, size_t count);

/* Returns the bytes of the window that a file of zstd states in its first frame; 0 if there is none. */
uint64_t moco__tar_window(const uint8_t *bytes, size_t count);

#endif
