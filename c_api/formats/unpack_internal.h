/*
 * Unpacks bytes that come in pieces: gzip by zlib, which compares the checksums, and all else by libarchive.
 */
#ifndef MOCO_FORMATS_UNPACK_INTERNAL_H
#define MOCO_FORMATS_UNPACK_INTERNAL_H

#include "base/bytes_internal.h"

typedef struct moco__unpack moco__unpack;

/* Gives the next packed bytes, which stay until the next call; *count is 0 at the end. */
typedef moco_status (*moco__packed_fn)(void *context, const uint8_t **bytes, size_t *count);

/* `filter` is one of libarchive; `path` is for messages, and is kept. */
moco_status moco__unpack_open(moco__unpack **out, const char *path, int filter, moco__packed_fn next, void *context);
/* Reads up to `count` bytes; *got is less only at the end. */
moco_status moco__unpack_read(moco__unpack *unpack, uint8_t *out, size_t count, size_t *got);
/* NULL is allowed. */
void moco__unpack_close(moco__unpack *unpack);

#endif
