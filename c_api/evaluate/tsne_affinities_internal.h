/* The neighbours of t-SNE. */
#ifndef MOCO_EVALUATE_TSNE_AFFINITIES_INTERNAL_H
#define MOCO_EVALUATE_TSNE_AFFINITIES_INTERNAL_H

#include "moco/tensor.h"

/* Returns the perplexity that rows can have: what is asked, but at most a third of the other rows. */
double moco__tsne_perplexity(double asked, int64_t rows);

/* Gives the symmetric probabilities P, N x N on the device of the features: each row's neighbours have the perplexity.
 */
moco_status moco__tsne_affinities(moco_tensor **out, const moco_tensor *features, double perplexity);

/* Rows that are computed at a time, so that what belongs to them stays in the cache of a CPU. */
int64_t moco__tsne_rows(int64_t count, const moco_tensor *tensor);

#endif
