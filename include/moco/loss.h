/**
 * @file loss.h
 * InfoNCE, the contrastive loss (arXiv 1911.05722, equation 1).
 *
 * @since 0.1 for all of this file.
 */
#ifndef MOCO_LOSS_H
#define MOCO_LOSS_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/**
 * Computes the logits of N queries: the product with the positive key first, then those with the K negatives, all
 * divided by the temperature.
 * @param[out] out N x (1 + K); differentiable in @p q
 * @param scope owns the result; NULL: the caller does
 * @param q,k N x dim, L2-normalised
 * @param negatives K x dim
 * @param temperature above 0
 * @return ::MOCO_EINVALID if sizes do not fit or the temperature is out of range
 */
MOCO_API MOCO_MUST_USE moco_status moco_infonce_logits(moco_tensor **out, moco_scope *scope, const moco_tensor *q,
                                                       const moco_tensor *k, const moco_tensor *negatives,
                                                       double temperature);

/** Computes the mean of -log softmax(logits)[0] over the rows of N x (1 + K) logits: a scalar, differentiable. */
MOCO_API MOCO_MUST_USE moco_status moco_infonce_loss(moco_tensor **out, moco_scope *scope, const moco_tensor *logits);

MOCO_END_DECLS

#endif
