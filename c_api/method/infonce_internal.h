/* What the loss is at best and by guessing. */
#ifndef MOCO_METHOD_INFONCE_INTERNAL_H
#define MOCO_METHOD_INFONCE_INTERNAL_H

#include "moco/loss.h"

/*
 * Returns about the lowest loss that an encoder can reach: ln(1 + K exp(1 / (2 dim T^2) - 1 / T)), which assumes
 * positives at cosine 1 and negatives uniform on the sphere.
 */
double moco__infonce_floor(int64_t queue_size, int64_t dim, double temperature);

/* Returns the loss of guessing, ln(K + 1). */
double moco__infonce_chance(int64_t queue_size);

#endif
