/*
 * Draws random numbers from counter-based streams: Philox4x32-10 (Salmon et al., SC 2011).
 *
 * (seed; purpose, number) names a stream, so it needs no state to be found again. The name fills the key and the
 * counter without hashing, and Philox permutes counters, so no two streams of a seed share a block:
 *
 *     key        seed, 64 bits
 *     counter 0  block within the stream, from 0; the upper half holds bits 32..47 of a view's epoch
 *     counter 1  purpose << 24; for a view also view << 16 | bits 32..47 of the sample's index; for a permutation that
 *                is computed place by place (keyed.c) also the round, and then counter 0 is half of a number
 *     counter 2  lower half of the number;  for a view the epoch's lower half
 *     counter 3  upper half of the number;  for a view the index's lower half
 */
#ifndef MOCO_BASE_RNG_INTERNAL_H
#define MOCO_BASE_RNG_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

/* The purposes of streams; streams of different purposes never share numbers. */
enum {
    MOCO__RNG_EPOCH = 1,      /* where the sampler's first window ends */
    MOCO__RNG_AUGMENT = 2,    /* the draws of a view */
    MOCO__RNG_SHUFFLE = 3,    /* the permutation of a shuffled batch */
    MOCO__RNG_SUBSET = 4,     /* a choice among samples */
    MOCO__RNG_SHARDS = 5,     /* the order of shards in an epoch */
    MOCO__RNG_WEIGHTS = 6,    /* the sampler's weighted draws of an epoch */
    MOCO__RNG_BANK = 7,       /* the first values of a row of the memory bank */
    MOCO__RNG_DICTIONARY = 8, /* the rows of the memory bank that a batch, or a query, is compared with */
    MOCO__RNG_PREDICTOR = 9,  /* the first weights of a layer of the predictor */
    MOCO__RNG_ORDER = 10,     /* the sampler's permutation of an epoch; the block within the stream is a number */
    MOCO__RNG_WINDOW = 11     /* the seeds of the permutations within an epoch's windows */
};

/* The largest values that name a view's stream uniquely. */
#define MOCO__RNG_MAX_EPOCH ((UINT64_C(1) << 48) - 1)
#define MOCO__RNG_MAX_INDEX ((UINT64_C(1) << 48) - 1)
#define MOCO__RNG_MAX_VIEW 255U

typedef struct moco__rng {
    uint32_t key[2];
    uint32_t counter[4]; /* of the next block */
    uint32_t words[4];   /* the current block */
    unsigned left;       /* words of the block that are not used yet */
} moco__rng;

/* Computes ten rounds of Philox4x32. */
void moco__philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

/* Starts the stream of a purpose (1 to 255) and a number, such as an epoch or a step. */
void moco__rng_start(moco__rng *rng, uint64_t seed, uint32_t purpose, uint64_t number);

/* Starts it at one of its blocks of four words, so that any place of the stream is found at once. */
void moco__rng_start_at(moco__rng *rng, uint64_t seed, uint32_t purpose, uint64_t number, uint32_t block);

/* Starts the stream of one view of a sample in an epoch; the arguments are at most the bounds above. */
void moco__rng_start_view(moco__rng *rng, uint64_t seed, uint64_t epoch, uint64_t index, uint32_t view);

/* Returns the next 32 bits. */
uint32_t moco__rng_next(moco__rng *rng);

/* Returns a uniform number in [0, 1), with 53 bits. */
double moco__rng_double(moco__rng *rng);

/* Returns a uniform number in [low, high). */
double moco__rng_uniform(moco__rng *rng, double low, double high);

/* Returns a uniform number from 0 to bound - 1, without bias; bound is not 0. */
uint64_t moco__rng_below(moco__rng *rng, uint64_t bound);

/* Makes a uniform permutation of 0 to n - 1, which depends only on (seed, purpose, number). */
void moco__permutation(int64_t *out, size_t n, uint64_t seed, uint32_t purpose, uint64_t number);

#endif
