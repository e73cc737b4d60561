/*
 * The bytes of a shard, in sequence: a plain file, or one compressed by gzip or zstd that is unpacked on the way.
 *
 * Positions are of the unpacked bytes. A source belongs to one thread at a time.
 */
#ifndef MOCO_FORMATS_TAR_SOURCE_INTERNAL_H
#define MOCO_FORMATS_TAR_SOURCE_INTERNAL_H

#include "base/bytes_internal.h"

typedef struct moco__source moco__source;

/* Opens a file; which kind it is, its first bytes tell. */
moco_status moco__source_open(moco__source **out, const char *path);
/* NULL is allowed. */
void moco__source_close(moco__source *source);

const char *moco__source_path(const moco__source *source);
/* Whether the bytes are those of the file, so that they can also be read at random. */
bool moco__source_is_plain(const moco__source *source);
/* The size of a plain file; UINT64_MAX where only reading to the end tells. */
uint64_t moco__source_size(const moco__source *source);
uint64_t moco__source_position(const moco__source *source);

/* Reads up to `count` bytes; *got is less only at the end. */
moco_status moco__source_read(moco__source *source, void *out, size_t count, size_t *got);
/* Goes forward; a position beyond the end is an error for compressed files, and found by the next read of plain ones.
 */
moco_status moco__source_seek(moco__source *source, uint64_t position);

#endif
