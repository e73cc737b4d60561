/* Finds the samples of a shard by reading its archive. */
#ifndef MOCO_DATASET_SHARD_SCAN_INTERNAL_H
#define MOCO_DATASET_SHARD_SCAN_INTERNAL_H

#include "dataset/shard_internal.h"

/* Reads the archive from start to end, whether it has an index or not. A command, "pipe:COMMAND", is one that the
 * caller trusts. */
moco_status moco__shard_scan_as(moco__shard *shard, const char *path, bool is_command);

static inline moco_status moco__shard_scan(moco__shard *shard, const char *path)
{
    return moco__shard_scan_as(shard, path, false);
}

#endif
