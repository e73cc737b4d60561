/**
 * @file shuffle.h
 * Shuffled batch norm (arXiv 1911.05722, section 3.3): keys see batch statistics of other samples than their queries.
 *
 * On one process the groups of SplitBN stand for the GPUs of the paper. Over several, a batch is laid out group by
 * group (see sampler.h), and every rank derives the same permutation by itself.
 */
#ifndef MOCO_SHUFFLE_H
#define MOCO_SHUFFLE_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/** A permutation of 0..n-1 that depends on (seed, step) alone. @param[out] permutation room for @p n @since 0.1 */
MOCO_API void moco_shuffle_permutation(int64_t *permutation, size_t n, uint64_t seed, uint64_t step);

/** How shuffled images reach the ranks that encode them: identifier, name in a configuration. */
#define MOCO_SHUFFLE_MAP(X)                                                                                            \
    X(MOCO_SHUFFLE_ALL_TO_ALL, "alltoall")                                                                             \
    X(MOCO_SHUFFLE_ALL_GATHER, "allgather")                                                                            \
    X(MOCO_SHUFFLE_OFF, "off")

/** Each rank is sent the images that it needs (1/world of the traffic), or, as by the reference, all of them; or keys
 * are not shuffled, which lets the network cheat. @since 0.1 */
typedef enum moco_shuffle_kind {
#define MOCO_SHUFFLE_ENUM(name, text) name,
    MOCO_SHUFFLE_MAP(MOCO_SHUFFLE_ENUM)
#undef MOCO_SHUFFLE_ENUM
} moco_shuffle_kind;

/**
 * The same permutation of samples, for a batch that is laid out group by group: of its rows.
 * @param groups of batch norm, over all processes
 * @return ::MOCO_EINVALID where @p n is not a multiple of @p groups
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_shuffle_grouped_permutation(int64_t *permutation, size_t n, size_t groups,
                                                                    uint64_t seed, uint64_t step);

/** inverse[permutation[i]] = i. @since 0.1 */
MOCO_API void moco_shuffle_inverse(int64_t *inverse, const int64_t *permutation, size_t n);

MOCO_END_DECLS

#endif
