/**
 * @file momentum.h
 * The momentum update of the key encoder (arXiv 1911.05722, equation 2).
 *
 * @since 0.1 for all of this file.
 */
#ifndef MOCO_MOMENTUM_H
#define MOCO_MOMENTUM_H

#include "encoder.h"

#include <math.h>

MOCO_BEGIN_DECLS

/**
 * Sets key = m key + (1 - m) query for all parameters, in place. Buffers (the running statistics of batch norm) do not
 * change: each encoder keeps its own, as in the reference.
 * @param key the encoder to change
 * @param query an encoder of the same shape
 * @param m from 0 to 1
 * @return ::MOCO_EINVALID if the encoders differ in shape or @p m is out of range; then nothing changes
 */
MOCO_API MOCO_MUST_USE moco_status moco_momentum_update(moco_encoder *key, const moco_encoder *query, double m);

/** Returns m at @p progress (0..1) of the training: it rises from @p m to 1 along half a cosine (arXiv 2006.07733). */
static inline double moco_momentum_cosine(double m, double progress)
{
    return 1 - (1 - m) * (1 + cos(3.14159265358979323846 * progress)) / 2;
}

MOCO_END_DECLS

#endif
