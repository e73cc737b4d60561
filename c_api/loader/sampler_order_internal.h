/* Orders the samples of shards that are read in sequence. */
#ifndef MOCO_LOADER_SAMPLER_ORDER_INTERNAL_H
#define MOCO_LOADER_SAMPLER_ORDER_INTERNAL_H

#include "moco/sampler.h"

/*
 * Writes a permutation of all samples, which depends only on (seed, epoch, sizes of shards, window). It takes the
 * shards in random order and deals out the samples of four at a time, in turn. Then it shuffles the sequence in pieces
 * of `window`. The first piece has a random size, so that the borders differ from epoch to epoch.
 */
moco_status moco__sampler_order(int64_t *out, const size_t *shard_sizes, size_t shard_count, size_t window,
                                uint64_t seed, uint64_t epoch);

#endif
