/* Finds the samples of a shard by reading its archive. */
#ifndef MOCO_DATASET_SHARD_SCAN_INTERNAL_H
#define MOCO_DATASET_SHARD_SCAN_INTERNAL_H

#include "dataset/shard_internal.h"

/* Reads the archive from start to end, whether it has an index or not. */
moco_status moco__shard_scan(moco__shard *shard, const char *path);
/* Does the same with what a command writes, "pipe:COMMAND", which the caller trusts. */
moco_status moco__shard_scan_command(moco__shard *shard, const char *path);

#endif
