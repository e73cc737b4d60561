/* Linear classifiers as their trainer sees them. */
#ifndef MOCO_EVALUATE_LINEAR_INTERNAL_H
#define MOCO_EVALUATE_LINEAR_INTERNAL_H

#include "moco/linear.h"

/* The labels of features on the classifiers' device, owned by the caller; an error where one is no class, or where the
 * features are of another size. */
moco_status moco__linear_labels(moco_tensor **out, const moco_linear *linear, const moco_features *features);

/* An error where a label is no class. */
moco_status moco__linear_check_label(const moco_linear *linear, int64_t label, size_t index);

/*
 * The sampler of a training on so many images, with the batch over all ranks; linear_order.c.
 * dataset: NULL where features are cached
 */
moco_status moco__linear_sampler(moco_sampler **out, size_t *batch, const moco_dataset *dataset, size_t count,
                                 moco_comm *comm, const moco_linear_train_options *options);

size_t moco__linear_count(const moco_linear *linear);
double moco__linear_rate(const moco_linear *linear, size_t index);
moco_device moco__linear_device(const moco_linear *linear);

#endif
