/*
 * Reads the bytes of a shard in sequence, from a plain file or from one compressed: by gzip, zstd, xz,
 * lzma, lzip, bzip2, LZ4 or compress.
 *
 * Positions count unpacked bytes. One thread at a time may use a source.
 */
#ifndef MOCO_FORMATS_TAR_SOURCE_INTERNAL_H
#define MOCO_FORMATS_TAR_SOURCE_INTERNAL_H

#include "base/bytes_internal.h"

typedef struct moco__source moco__source;

/* Opens a file; its first bytes decide whether it is compressed. */
moco_status moco__source_open(moco__source **out, const char *path);
/* Starts "pipe:COMMAND" and reads what it writes, as a compressed file. Whoever calls this trusts the command. */
moco_status moco__source_open_command(moco__source **out, const char *path);
/* Reads the rest: fails if a checksum at the end of a compressed file is wrong, or if the command fails. */
moco_status moco__source_finish(moco__source *source);
/* NULL is allowed. */
void moco__source_close(moco__source *source);

const char *moco__source_path(const moco__source *source);
/* Returns whether the file is not compressed, so that it can also be read at random. */
bool moco__source_is_plain(const moco__source *source);
/* Returns the size of a plain file; UINT64_MAX for a compressed one. */
uint64_t moco__source_size(const moco__source *source);
uint64_t moco__source_position(const moco__source *source);
/* Returns the size of the file as it lies on the disk; UINT64_MAX for a command. */
uint64_t moco__source_disk_size(const moco__source *source);

/* Reads up to `count` bytes; *got is less only at the end. */
moco_status moco__source_read(moco__source *source, void *out, size_t count, size_t *got);
/* Skips to a later position. Beyond the end, a compressed file gives an error, and a plain one at the next read. */
moco_status moco__source_seek(moco__source *source, uint64_t position);

#endif
