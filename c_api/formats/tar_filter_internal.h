/* Finds out how a shard is compressed. */
#ifndef MOCO_FORMATS_TAR_FILTER_INTERNAL_H
#define MOCO_FORMATS_TAR_FILTER_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

enum { MOCO__TAR_FILTER_BYTES = 13 }; /* that tell */

/* Returns libarchive's filter for the first bytes of a file; ARCHIVE_FILTER_NONE: it is not compressed. */
int moco__tar_filter(const uint8_t *bytes, size_t count);

#endif
