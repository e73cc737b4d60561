/* Permutations of shuffled BN (paper, section 3.3). */
#include "moco/shuffle.h"

#include "rng.h"

void moco_shuffle_permutation(int64_t *permutation, size_t n, uint64_t seed, uint64_t step)
{
    moco__permutation(permutation, n, seed, MOCO__RNG_SHUFFLE, step);
}

void moco_shuffle_inverse(int64_t *inverse, const int64_t *permutation, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        inverse[permutation[i]] = (int64_t)i;
    }
}
