/**
 * @file momentum.h
 * The momentum update of the key encoder (arXiv 1911.05722, equation 2).
 */
#ifndef MOCO_MOMENTUM_H
#define MOCO_MOMENTUM_H

#include "encoder.h"

MOCO_BEGIN_DECLS

/**
 * key = m key + (1 - m) query over all parameters, in place. Buffers (the statistics of batch norm) are the key
 * encoder's own and stay, as in the reference.
 * @param m 0..1
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_momentum_update(moco_encoder *key, const moco_encoder *query, double m);

/** m at @p progress (0..1) of the training, rising from @p m to 1 by a half cosine (arXiv 2006.07733). @since 0.1 */
MOCO_API double moco_momentum_cosine(double m, double progress);

MOCO_END_DECLS

#endif
