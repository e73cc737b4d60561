/* Orders the samples of an epoch by weights or by a callback. */
#ifndef MOCO_LOADER_SAMPLER_ORDER_INTERNAL_H
#define MOCO_LOADER_SAMPLER_ORDER_INTERNAL_H

#include "moco/sampler.h"

/* Adds up weights, sums[i] of the first i + 1. Fails if one is negative or not finite, or if all are 0. */
moco_status moco__sampler_sums(double *sums, const double *weights, size_t count);
/* Draws the sample at a place below count in proportion to the weights, with replacement; depends only on (sums, seed,
 * epoch, place). */
size_t moco__sampler_draw(const double *sums, size_t count, uint64_t seed, uint64_t epoch, size_t place);

/* Has the application write the order of an epoch, and checks it. */
moco_status moco__sampler_ask(int64_t *out, size_t count, uint64_t epoch, moco_order_fn order, void *payload);

#endif
