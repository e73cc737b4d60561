/* Orders the samples of an epoch: of shards that are read in sequence, by weights, or by a callback. */
#include "loader/sampler_order_internal.h"

#include "base/callback_internal.h"
#include "base/handle_internal.h"
#include "base/rng_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Shards that are read at a time: more mix better and use more threads to unpack, fewer seek less. */
enum { LANES = 4 };

typedef struct lane {
    size_t next, left;
} lane;

/* Takes the next shard that has samples into a lane; returns false if all are taken. */
static bool refill(lane *l, const size_t *sizes, const int64_t *starts, const int64_t *shards, size_t shard_count,
                   size_t *taken)
{
    while (l->left == 0 && *taken < shard_count) {
        const size_t shard = (size_t)shards[(*taken)++];
        *l = (lane){ (size_t)starts[shard], sizes[shard] };
    }
    return l->left > 0;
}

/* Deals out the samples of the shards, one of each lane in turn. */
static void deal(int64_t *out, const size_t *sizes, const int64_t *starts, const int64_t *shards, size_t shard_count)
{
    lane lanes[LANES] = { { 0, 0 } };
    size_t taken = 0;
    size_t dealt = 0;
    for (size_t before = SIZE_MAX; before != dealt;) {
        before = dealt;
        for (size_t i = 0; i < LANES; ++i) {
            if (refill(&lanes[i], sizes, starts, shards, shard_count, &taken)) {
                out[dealt++] = (int64_t)lanes[i].next++;
                --lanes[i].left;
            }
        }
    }
}

/* Fisher and Yates within each window. */
static void shuffle_windows(int64_t *order, size_t count, size_t window, moco__rng *rng)
{
    size_t from = 0;
    size_t size = 1 + (size_t)moco__rng_below(rng, window);
    while (from < count) {
        size = size < count - from ? size : count - from;
        for (size_t i = size; i > 1; --i) {
            const size_t j = (size_t)moco__rng_below(rng, i);
            const int64_t kept = order[from + j];
            order[from + j] = order[from + i - 1];
            order[from + i - 1] = kept;
        }
        from += size;
        size = window;
    }
}

moco_status moco__sampler_order(int64_t *out, const size_t *shard_sizes, size_t shard_count, size_t window,
                                uint64_t seed, uint64_t epoch)
{
    int64_t *shards = moco__calloc(shard_count, sizeof *shards);
    int64_t *starts = moco__calloc(shard_count, sizeof *starts);
    if (shards == NULL || starts == NULL) {
        free(shards);
        free(starts);
        return MOCO_ENOMEM;
    }
    size_t count = 0;
    for (size_t i = 0; i < shard_count; ++i) {
        starts[i] = (int64_t)count;
        count += shard_sizes[i];
    }
    moco__permutation(shards, shard_count, seed, MOCO__RNG_SHARDS, epoch);
    deal(out, shard_sizes, starts, shards, shard_count);
    moco__rng rng;
    moco__rng_start(&rng, seed, MOCO__RNG_EPOCH, epoch);
    shuffle_windows(out, count, window, &rng);
    free(shards);
    free(starts);
    return MOCO_OK;
}

/* ---- By weights ---- */

moco_status moco__sampler_sums(double *sums, const double *weights, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; ++i) {
        if (!(weights[i] >= 0 && weights[i] <= 1e300)) {
            return moco_error_set(MOCO_EINVALID, "sampler: weights[%zu] is %g; give numbers from 0 to 1e300", i,
                                  weights[i]);
        }
        sum += weights[i];
        sums[i] = sum;
    }
    if (!(sum > 0 && isfinite(sum))) {
        return moco_error_set(MOCO_EINVALID, "sampler: the %zu weights have the sum %g; it must be above 0 and finite",
                              count, sum);
    }
    return MOCO_OK;
}

/* Returns the first sample whose sum is above a number below the last sum. A weight of 0 is never the first. */
static size_t find(const double *sums, size_t count, double number)
{
    size_t low = 0;
    for (size_t high = count - 1; low < high;) {
        const size_t middle = low + (high - low) / 2;
        if (sums[middle] > number) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

void moco__sampler_draw(int64_t *out, const double *sums, size_t count, uint64_t seed, uint64_t epoch)
{
    const double total = sums[count - 1];
    const double below = nextafter(total, 0); /* the product may round up to the total */
    moco__rng rng;
    moco__rng_start(&rng, seed, MOCO__RNG_WEIGHTS, epoch);
    for (size_t i = 0; i < count; ++i) {
        out[i] = (int64_t)find(sums, count, fmin(total * moco__rng_double(&rng), below));
    }
}

/* ---- By a callback ---- */

moco_status moco__sampler_ask(int64_t *out, size_t count, uint64_t epoch, moco_order_fn order, void *payload)
{
    char what[96];
    (void)snprintf(what, sizeof what, "sampler: the order callback failed for epoch %llu", (unsigned long long)epoch);
    for (size_t i = 0; i < count; ++i) {
        out[i] = -1; /* what the callback leaves out is refused */
    }
    moco__callback_begin();
    MOCO_TRY(moco__callback_end(order(out, count, epoch, payload), what));
    for (size_t i = 0; i < count; ++i) {
        if (out[i] < 0 || out[i] >= (int64_t)count) {
            return moco_error_set(
                MOCO_EINVALID,
                "sampler: the order callback set order[%zu] of epoch %llu to %lld; give indices from 0 "
                "to %zu",
                i, (unsigned long long)epoch, (long long)out[i], count - 1);
        }
    }
    return MOCO_OK;
}
