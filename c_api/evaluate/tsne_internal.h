/* The parts of t-SNE. */
#ifndef MOCO_EVALUATE_TSNE_INTERNAL_H
#define MOCO_EVALUATE_TSNE_INTERNAL_H

#include "moco/embed.h"

/* Gives the symmetric probabilities P, N x N on the device of the features: each row's neighbours have the perplexity.
 */
moco_status moco__tsne_affinities(moco_tensor **out, const moco_tensor *features, double perplexity);

/* Computes at places y (N x 2) on the host what pulls and what pushes each point, both N x 2, before the latter is
 * divided by *sum: the sum of 1 / (1 + |y_i - y_j|^2) over all pairs. */
moco_status moco__tsne_forces(double *pull, double *push, double *sum, const moco_tensor *affinities, const double *y);

/* Rows that are computed at a time, so that what belongs to them stays in the cache of a CPU. */
int64_t moco__tsne_rows(int64_t count, const moco_tensor *tensor);

#endif
