/*
 * Reads samples of compressed shards, which can only be unpacked from the start.
 *
 * Each shard has a stream, which is positioned after the last sample that it unpacked. To reach a later sample, the
 * stream unpacks those in between and keeps them until they are read, at most the latest `keep` of all shards. To reach
 * an earlier sample that is not kept, the stream starts again from the beginning, which is slow but right. The
 * sampler's order for shards (sampler_order.c) reads samples within a window of the streams' positions, so that each
 * stream starts once per epoch.
 */
#ifndef MOCO_DATASET_SHARD_STREAM_INTERNAL_H
#define MOCO_DATASET_SHARD_STREAM_INTERNAL_H

#include "dataset/shard_internal.h"

typedef struct moco__streams moco__streams;

/* @param shards borrowed @param keep samples that are kept unpacked, at most */
moco_status moco__streams_create(moco__streams **out, const moco__shard *shards, size_t shard_count, size_t keep);
/* NULL is allowed. */
void moco__streams_free(moco__streams *streams);

/* Reads the bytes of an image. Thread-safe; different shards are unpacked at the same time. */
moco_status moco__streams_read(moco__streams *streams, size_t shard, size_t position, moco__bytes *out);

/* Returns how often streams were started; for tests. */
size_t moco__streams_starts(const moco__streams *streams);

#endif
