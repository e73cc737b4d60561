/* The forces of t-SNE. */
#ifndef MOCO_EVALUATE_TSNE_FORCES_INTERNAL_H
#define MOCO_EVALUATE_TSNE_FORCES_INTERNAL_H

#include "moco/tensor.h"

/* Computes at places y (N x 2) on the host what pulls and what pushes each point, both N x 2, before the latter is
 * divided by *sum: the sum of 1 / (1 + |y_i - y_j|^2) over all pairs. */
moco_status moco__tsne_forces(double *pull, double *push, double *sum, const moco_tensor *affinities, const double *y);

#endif
