/**
 * @file loss.h
 * InfoNCE, the contrastive loss (arXiv 1911.05722, equation 1).
 */
#ifndef MOCO_LOSS_H
#define MOCO_LOSS_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/**
 * The logits of N queries over 1 + K ways: the positive key first, then the negatives, all divided by the temperature.
 * @param[out] out N x (1 + K); differentiable in @p q
 * @param q,k N x dim, L2-normalised
 * @param negatives K x dim
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_infonce_logits(moco_tensor **out, moco_scope *scope, const moco_tensor *q,
                                                       const moco_tensor *k, const moco_tensor *negatives,
                                                       double temperature);

/** Mean of -log softmax(logits)[0] over N x (1 + K) logits, a scalar; differentiable. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_infonce_loss(moco_tensor **out, moco_scope *scope, const moco_tensor *logits);

/**
 * The loss that a perfect encoder would reach: positives at cosine 1, negatives uniform on the sphere,
 * ln(1 + K exp(1 / (2 dim T^2) - 1 / T)).
 * @since 0.1
 */
MOCO_API double moco_infonce_floor(int64_t queue_size, int64_t dim, double temperature);

/** The loss of guessing, ln(K + 1). @since 0.1 */
MOCO_API double moco_infonce_chance(int64_t queue_size);

MOCO_END_DECLS

#endif
