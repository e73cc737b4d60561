/* Packs one shard. */
#ifndef MOCO_DATASET_PACK_SHARD_INTERNAL_H
#define MOCO_DATASET_PACK_SHARD_INTERNAL_H

#include "dataset/pack_sample_internal.h"

/* Writes the shard of a path, unless it is complete. @param next index of its first image, becomes that after its last
 */
moco_status moco__pack_shard(const moco__pack *pack, const char *path, size_t *next);

#endif
