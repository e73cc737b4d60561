#include "base/keyed_internal.h"

#include "base/rng_internal.h"

/* Four rounds make a permutation that looks random if the halves are large. Small ones need more; with the smallest,
 * some permutations are more frequent for any number of rounds. */
enum { ROUNDS = 10, HALF_MIN = 4 };

void moco__keyed_start(moco__keyed *keyed, uint64_t count, uint64_t seed, uint32_t purpose, uint64_t number)
{
    uint32_t half = HALF_MIN;
    /* Use more numbers than places: on all its numbers a Feistel network makes only even permutations. */
    while (count >> (2 * half) != 0) {
        ++half;
    }
    *keyed = (moco__keyed){ .count = count,
                            .half = half,
                            .key = { (uint32_t)(seed & UINT32_MAX), (uint32_t)(seed >> 32U) },
                            .purpose = purpose,
                            .number = number };
}

/* Sends a number of 2 x half bits through the network. */
static uint64_t scramble(const moco__keyed *k, uint64_t value)
{
    const uint64_t mask = (UINT64_C(1) << k->half) - 1;
    uint64_t left = value >> k->half;
    uint64_t right = value & mask;
    for (uint32_t round = 0; round < ROUNDS; ++round) {
        const uint32_t counter[4] = { (uint32_t)right, k->purpose << 24U | round, (uint32_t)(k->number & UINT32_MAX),
                                      (uint32_t)(k->number >> 32U) };
        uint32_t block[4];
        moco__philox(block, counter, k->key);
        const uint64_t next = left ^ (block[0] & mask);
        left = right;
        right = next;
    }
    return left << k->half | right;
}

uint64_t moco__keyed_at(const moco__keyed *keyed, uint64_t place)
{
    uint64_t value = place;
    do {
        value = scramble(keyed, value);
    } while (value >= keyed->count);
    return value;
}
