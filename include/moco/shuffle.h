/**
 * @file shuffle.h
 * Shuffled batch norm (arXiv 1911.05722, section 3.3): the batch statistics of a key come from other samples than those
 * of its query.
 *
 * In one process, the groups of SplitBN take the place of the paper's GPUs. With several processes a batch is laid out
 * group by group (see sampler.h), and every rank computes the same permutation without asking the others.
 *
 * @since 0.1 for all of this file.
 */
#ifndef MOCO_SHUFFLE_H
#define MOCO_SHUFFLE_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/** How shuffled images reach the ranks that encode them: identifier, name of --shuffle. */
#define MOCO_SHUFFLE_MAP(X)                                                                                            \
    X(MOCO_SHUFFLE_ALL_TO_ALL, "alltoall")                                                                             \
    X(MOCO_SHUFFLE_ALL_GATHER, "allgather")                                                                            \
    X(MOCO_SHUFFLE_OFF, "off")

/**
 * Each rank receives the images that it needs (1/world of the traffic), or all images as in the reference; or keys are
 * not shuffled, which lets the network cheat.
 */
typedef enum moco_shuffle_kind {
#define MOCO_SHUFFLE_ENUM(name, text) name,
    MOCO_SHUFFLE_MAP(MOCO_SHUFFLE_ENUM)
#undef MOCO_SHUFFLE_ENUM
} moco_shuffle_kind;

/**
 * Writes a permutation of 0..n-1 that depends on (seed, step) alone, for the rows of a batch that is laid out group by
 * group.
 * @param[out] permutation room for @p n
 * @param n number of rows, over all processes
 * @param groups of batch norm, over all processes
 * @param seed of the run
 * @param step number of the shuffle
 * @return ::MOCO_EINVALID if @p n is not a multiple of @p groups
 */
MOCO_API MOCO_MUST_USE moco_status moco_shuffle_grouped_permutation(int64_t *permutation, size_t n, size_t groups,
                                                                    uint64_t seed, uint64_t step);

/**
 * Does the same for a batch of one group.
 * @param[out] permutation room for @p n; NULL: nothing is written
 * @param n number of rows
 * @param seed of the run
 * @param step number of the shuffle
 */
static inline void moco_shuffle_permutation(int64_t *permutation, size_t n, uint64_t seed, uint64_t step)
{
    const moco_status ignored = moco_shuffle_grouped_permutation(permutation, n, 1, seed, step);
    (void)ignored; /* it fails for NULL alone */
}

/** Writes the inverse of a permutation: inverse[permutation[i]] = i. Entries outside of 0..n-1 are left out. */
static inline void moco_shuffle_inverse(int64_t *inverse, const int64_t *permutation, size_t n)
{
    for (size_t i = 0; i < n && inverse != NULL && permutation != NULL; ++i) {
        if (permutation[i] >= 0 && (uint64_t)permutation[i] < n) {
            inverse[permutation[i]] = (int64_t)i;
        }
    }
}

MOCO_END_DECLS

#endif
