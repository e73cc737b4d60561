/* Reads and writes the index of a shard, "SHARD.idx". */
#ifndef MOCO_DATASET_SHARD_INDEX_INTERNAL_H
#define MOCO_DATASET_SHARD_INDEX_INTERNAL_H

#include "dataset/shard_internal.h"

/* Returns "SHARD.idx" in new memory, or NULL with the message set. */
char *moco__shard_index_path(const char *path);
moco_status moco__shard_write_index(const moco__shard *shard);
/* Reads the index of shard->path; refuses an index of another archive. */
moco_status moco__shard_read_index(moco__shard *shard, const char *index_path);

#endif
