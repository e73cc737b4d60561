/* Draws random numbers from streams of Philox4x32-10, by Random123. */
#include "base/rng_internal.h"

#include <Random123/philox.h>

void moco__philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
    const philox4x32_ctr_t c = { { counter[0], counter[1], counter[2], counter[3] } };
    const philox4x32_key_t k = { { key[0], key[1] } };
    const philox4x32_ctr_t block = philox4x32_R(10, c, k);
    for (size_t i = 0; i < 4; ++i) {
        out[i] = block.v[i];
    }
}

static uint32_t low32(uint64_t value)
{
    return (uint32_t)(value & UINT32_MAX);
}

static uint32_t high32(uint64_t value)
{
    return (uint32_t)(value >> 32U);
}

void moco__rng_start_at(moco__rng *rng, uint64_t seed, uint32_t purpose, uint64_t number, uint32_t block)
{
    *rng = (moco__rng){ .key = { low32(seed), high32(seed) },
                        .counter = { block, purpose << 24U, low32(number), high32(number) } };
}

void moco__rng_start(moco__rng *rng, uint64_t seed, uint32_t purpose, uint64_t number)
{
    moco__rng_start_at(rng, seed, purpose, number, 0);
}

void moco__rng_start_view(moco__rng *rng, uint64_t seed, uint64_t epoch, uint64_t index, uint32_t view)
{
    *rng = (moco__rng){ .key = { low32(seed), high32(seed) },
                        .counter = { high32(epoch) << 16U,
                                     (uint32_t)MOCO__RNG_AUGMENT << 24U | view << 16U | high32(index), low32(epoch),
                                     low32(index) } };
}

uint32_t moco__rng_next(moco__rng *rng)
{
    if (rng->left == 0) {
        moco__philox(rng->words, rng->counter, rng->key);
        ++rng->counter[0];
        rng->left = 4;
    }
    return rng->words[4 - rng->left--];
}

static uint64_t next64(moco__rng *rng)
{
    const uint64_t low = moco__rng_next(rng);
    return (uint64_t)moco__rng_next(rng) << 32U | low;
}

double moco__rng_double(moco__rng *rng)
{
    return (double)(next64(rng) >> 11U) * 0x1p-53;
}

double moco__rng_uniform(moco__rng *rng, double low, double high)
{
    return low + (high - low) * moco__rng_double(rng);
}

uint64_t moco__rng_below(moco__rng *rng, uint64_t bound)
{
    /* Lemire, "Fast random integer generation in an interval" (2019); larger bounds reject the remainder. */
    if (bound <= UINT32_MAX) {
        const uint32_t narrow = (uint32_t)bound;
        const uint32_t uneven = (uint32_t)-narrow % narrow;
        uint64_t product;
        do {
            product = (uint64_t)moco__rng_next(rng) * narrow;
        } while (low32(product) < uneven);
        return high32(product);
    }
    const uint64_t uneven = (UINT64_MAX - bound + 1) % bound;
    uint64_t value;
    do {
        value = next64(rng);
    } while (value < uneven);
    return value % bound;
}

/* Fisher and Yates, from the last item on. */
void moco__permutation(int64_t *out, size_t n, uint64_t seed, uint32_t purpose, uint64_t number)
{
    moco__rng rng;
    moco__rng_start(&rng, seed, purpose, number);
    for (size_t i = 0; i < n; ++i) {
        out[i] = (int64_t)i;
    }
    for (size_t i = n; i > 1; --i) {
        const size_t j = (size_t)moco__rng_below(&rng, i);
        const int64_t kept = out[j];
        out[j] = out[i - 1];
        out[i - 1] = kept;
    }
}
