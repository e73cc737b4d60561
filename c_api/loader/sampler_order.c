/* Orders the samples of an epoch by weights or by a callback. */
#include "loader/sampler_order_internal.h"

#include "base/callback_internal.h"
#include "base/handle_internal.h"
#include "base/rng_internal.h"

#include <math.h>
#include <stdio.h>

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

size_t moco__sampler_draw(const double *sums, size_t count, uint64_t seed, uint64_t epoch, size_t place)
{
    const double total = sums[count - 1];
    const double below = nextafter(total, 0); /* the product may round up to the total */
    moco__rng rng;
    /* A block has two numbers of 53 bits. */
    moco__rng_start_at(&rng, seed, MOCO__RNG_WEIGHTS, epoch, (uint32_t)(place / 2));
    double number = moco__rng_double(&rng);
    if (place % 2 == 1) {
        number = moco__rng_double(&rng);
    }
    return find(sums, count, fmin(total * number, below));
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
