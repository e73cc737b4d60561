/*
 * Reads samples of compressed shards, which can only be unpacked from the start.
 *
 * A shard's stream stands behind the last sample that it unpacked. A sample further on is reached by unpacking those
 * between, which are kept until they are asked for, the latest `keep` of them; one that lies behind and is not kept any
 * more is reached by starting the shard again, which is slow but right. In the order that the sampler gives for shards
 * (sampler_order.c) samples are asked for within a window of where the streams stand, so none starts twice an epoch.
 */
#ifndef MOCO_DATASET_SHARD_STREAM_INTERNAL_H
#define MOCO_DATASET_SHARD_STREAM_INTERNAL_H

#include "dataset/shard_internal.h"

typedef struct moco__streams moco__streams;

/* @param shards borrowed @param keep samples that are held unpacked */
moco_status moco__streams_create(moco__streams **out, const moco__shard *shards, size_t shard_count, size_t keep);
/* NULL is allowed. */
void moco__streams_free(moco__streams *streams);

/* The bytes of an image. Thread-safe: different shards are unpacked at the same time. */
moco_status moco__streams_read(moco__streams *streams, size_t shard, size_t position, moco__bytes *out);

/* How often a shard was started, in all; tests look at it. */
size_t moco__streams_starts(const moco__streams *streams);

#endif
