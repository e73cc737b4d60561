/* The order of an epoch over shards that are read in sequence. */
#ifndef MOCO_LOADER_SAMPLER_ORDER_INTERNAL_H
#define MOCO_LOADER_SAMPLER_ORDER_INTERNAL_H

#include "moco/sampler.h"

/*
 * Fills `out` with a permutation of all samples that depends on (seed, epoch, sizes of shards, window) alone: shards
 * in a random order, four of them dealt out in turn, and the row of samples that this makes shuffled in pieces of
 * `window`, the first of which is cut at random so that the borders wander from epoch to epoch.
 */
moco_status moco__sampler_order(int64_t *out, const size_t *shard_sizes, size_t shard_count, size_t window,
                                uint64_t seed, uint64_t epoch);

#endif
