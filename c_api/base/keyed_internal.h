/*
 * A random permutation that is computed place by place, so that it takes no memory.
 *
 * A Feistel network, whose rounds are blocks of Philox, permutes the numbers of an even number of bits. A number that
 * is not a place goes through again until it is one ("cycle walking"; Black and Rogaway, "Ciphers with arbitrary finite
 * domains", 2002), on average less than four times for 64 places or more.
 */
#ifndef MOCO_BASE_KEYED_INTERNAL_H
#define MOCO_BASE_KEYED_INTERNAL_H

#include <stdint.h>

typedef struct moco__keyed {
    uint64_t count;
    uint32_t half; /* bits of each half of a number */
    uint32_t key[2];
    uint32_t purpose;
    uint64_t number;
} moco__keyed;

/* Chooses a permutation of 0 to count - 1, which depends only on (count, seed, purpose, number). count: 1 or more,
 * below 2^62. purpose: one of rng_internal.h. */
void moco__keyed_start(moco__keyed *keyed, uint64_t count, uint64_t seed, uint32_t purpose, uint64_t number);
/* Returns where it sends a place below count. */
uint64_t moco__keyed_at(const moco__keyed *keyed, uint64_t place);

#endif
