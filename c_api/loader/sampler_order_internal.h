/* Orders the samples of an epoch: of shards that are read in sequence, by weights, or by a callback. */
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

/* Adds up weights, sums[i] of the first i + 1. Fails if one is negative or not finite, or if all are 0. */
moco_status moco__sampler_sums(double *sums, const double *weights, size_t count);
/* Draws count samples in proportion to the weights, with replacement; depends only on (seed, epoch, sums). */
void moco__sampler_draw(int64_t *out, const double *sums, size_t count, uint64_t seed, uint64_t epoch);

/* Has the application write the order of an epoch, and checks it. */
moco_status moco__sampler_ask(int64_t *out, size_t count, uint64_t epoch, moco_order_fn order, void *payload);

#endif
