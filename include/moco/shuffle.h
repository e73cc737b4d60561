/**
 * @file shuffle.h
 * Shuffled batch norm (arXiv 1911.05722, section 3.3): keys see batch statistics of other samples than their queries.
 *
 * On one process the groups of SplitBN stand for the GPUs of the paper.
 */
#ifndef MOCO_SHUFFLE_H
#define MOCO_SHUFFLE_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/** A permutation of 0..n-1 that depends on (seed, step) alone. @param[out] permutation room for @p n @since 0.1 */
MOCO_API void moco_shuffle_permutation(int64_t *permutation, size_t n, uint64_t seed, uint64_t step);

/** inverse[permutation[i]] = i. @since 0.1 */
MOCO_API void moco_shuffle_inverse(int64_t *inverse, const int64_t *permutation, size_t n);

MOCO_END_DECLS

#endif
