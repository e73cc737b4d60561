/* Computations on tensors that only the library itself needs, and those of ops.h on which the step's speed depends. */
#ifndef MOCO_BASE_TENSOR_INTERNAL_H
#define MOCO_BASE_TENSOR_INTERNAL_H

#include "moco/tensor.h"

MOCO_BEGIN_DECLS

/* Selects entries of the first dimension, as moco_tensor_index_select(); keeps the memory order. *Differentiable.* */
moco_status moco__tensor_index_select(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                      const moco_tensor *index);

/* Divides each row of an N x C matrix by max(L2 norm, 1e-12). *Differentiable.* */
moco_status moco__tensor_normalize(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor);

/* Computes the mean cross entropy of N x M logits and int64 labels (N). *Differentiable.* */
moco_status moco__tensor_cross_entropy(moco_tensor **out, moco_scope *scope, const moco_tensor *logits,
                                       const moco_tensor *labels);

/* Normalises into a matrix of the same sizes and device, which may be tensor itself. */
moco_status moco__tensor_normalize_into(moco_tensor *out, const moco_tensor *tensor);

/*
 * Projects an N x D matrix, less its mean row, on its first dims principal components. The largest entry of each
 * component by magnitude is positive, so that the same matrix gives the same projection.
 * @param[out] out N x dims, float32, on the CPU
 * @param[out] shares the share of the total variance along each component; room for dims; may be NULL
 * @param dims 1 to D
 * Returns ::MOCO_EINVALID if N is 0, or if D is above 16384, where the covariance would take too much memory
 */
moco_status moco__tensor_pca(moco_tensor **out, double *shares, moco_scope *scope, const moco_tensor *matrix,
                             int64_t dims);

/*
 * Counts for each row of N x M how many *other* columns are not below column column, as int64 (N). 0 means that the
 * column is the largest; a tie or a NaN counts against it.
 */
moco_status moco__tensor_row_rank(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor, int64_t column);

/* Computes row-wise dot products of two N x C matrices, as N x 1. *Differentiable.* */
moco_status moco__tensor_row_dot(moco_tensor **out, moco_scope *scope, const moco_tensor *a, const moco_tensor *b);

/*
 * Computes list = m list + (1 - m) other in place, tensor by tensor, by multi-tensor operations. Rounds as written: the
 * shorter list + (1 - m) (other - list) differs in the last bit, which deep networks with batch norm make visible.
 */
moco_status moco__tensor_list_average(const moco_tensor_list *list, const moco_tensor_list *other, double m);

/* Overwrites a tensor with another of the same type and sizes. As moco_tensor_copy(), but as fast as memory allows
 * between tensors on the CPU in the same order. */
moco_status moco__tensor_refill(moco_tensor *tensor, const moco_tensor *source);

MOCO_END_DECLS

#endif
