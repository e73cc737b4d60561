/* Opens shards. */
#ifndef MOCO_DATASET_SHARD_OPEN_INTERNAL_H
#define MOCO_DATASET_SHARD_OPEN_INTERNAL_H

#include "dataset/shard_internal.h"

/* Finds the samples by the index beside the file, or by reading the archive if it has none. */
moco_status moco__shard_open(moco__shard *shard, const char *path);

#endif
