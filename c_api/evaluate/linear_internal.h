/* Declares the parts of linear classifiers that their trainer uses. */
#ifndef MOCO_EVALUATE_LINEAR_INTERNAL_H
#define MOCO_EVALUATE_LINEAR_INTERNAL_H

#include "evaluate/classifier_internal.h"

#include "moco/linear.h"

/* Makes a tensor of the labels of features, which the caller owns. Fails if a label is not a class, or if the features
 * have another number of dimensions. */
moco_status moco__linear_labels(moco_tensor **out, const moco_linear *linear, const moco_features *features);

moco__classes moco__linear_classes(const moco_linear *linear);
size_t moco__linear_count(const moco_linear *linear);
double moco__linear_rate(const moco_linear *linear, size_t index);
moco_device moco__linear_device(const moco_linear *linear);

#endif
