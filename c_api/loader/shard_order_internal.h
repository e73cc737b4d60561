/* Orders the samples of shards that are read in sequence, place by place. */
#ifndef MOCO_LOADER_SHARD_ORDER_INTERNAL_H
#define MOCO_LOADER_SHARD_ORDER_INTERNAL_H

#include "moco/error.h"

#include <stddef.h>
#include <stdint.h>

/* Shards that are read at a time: more mix better and use more threads to unpack, fewer seek less. */
enum { MOCO__SHARD_LANES = 4 };

/* A part of the sequence in which the samples of the same shards take turns. */
typedef struct moco__shard_turns {
    size_t start; /* place of the first sample */
    size_t lanes; /* shards that take turns */
    size_t first[MOCO__SHARD_LANES];
} moco__shard_turns;

/*
 * The order of an epoch, a permutation that depends only on (seed, epoch, sizes of shards, window). It takes the shards
 * in random order and deals out the samples of four at a time, in turn. Then it shuffles the sequence in pieces of
 * `window`. The first piece has a random size, so that the borders differ from epoch to epoch. Its memory grows with
 * the number of shards, not of samples.
 */
typedef struct moco__shard_order {
    size_t *sizes;
    size_t *starts; /* index of each shard's first sample */
    int64_t *shards;
    size_t shard_count, count, window;
    uint64_t seed, epoch;
    moco__shard_turns *turns;
    size_t turn_count;
    size_t first_window; /* its size */
} moco__shard_order;

/* Fills in a zeroed order. Also after a failure, moco__shard_order_free() must be called. */
moco_status moco__shard_order_make(moco__shard_order *order, const size_t *sizes, size_t shard_count, size_t window,
                                   uint64_t seed);
void moco__shard_order_free(moco__shard_order *order);
/* Draws the order of an epoch. */
void moco__shard_order_draw(moco__shard_order *order, uint64_t epoch);
/* Returns the sample at a place of the drawn order. */
size_t moco__shard_order_at(const moco__shard_order *order, size_t place);

#endif
