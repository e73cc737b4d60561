/* Puts the images of a training of linear classifiers in order. */
#ifndef MOCO_EVALUATE_LINEAR_ORDER_INTERNAL_H
#define MOCO_EVALUATE_LINEAR_ORDER_INTERNAL_H

#include "moco/linear.h"

/*
 * Makes the sampler of a training on `count` images.
 * batch: set to the size of a batch over all ranks
 * dataset: NULL if the features are cached
 */
moco_status moco__linear_sampler(moco_sampler **out, size_t *batch, const moco_dataset *dataset, size_t count,
                                 moco_comm *comm, const moco_linear_train_options *options);

#endif
