/* Declares the parts of linear classifiers that their trainer uses. */
#ifndef MOCO_EVALUATE_LINEAR_INTERNAL_H
#define MOCO_EVALUATE_LINEAR_INTERNAL_H

#include "evaluate/classifier_internal.h"

#include "moco/linear.h"

MOCO_BEGIN_DECLS

/* Makes a tensor of the labels of features, which the caller owns. Fails if a label is not a class, or if the features
 * have another number of dimensions. */
moco_status moco__linear_labels(moco_tensor **out, const moco_linear *linear, const moco_features *features);

moco__classes moco__linear_classes(const moco_linear *linear);
size_t moco__linear_count(const moco_linear *linear);
double moco__linear_rate(const moco_linear *linear, size_t index);
moco_device moco__linear_device(const moco_linear *linear);

/*
 * Takes one step of SGD on the mean cross entropy of a batch with every classifier that has not diverged.
 * @param features N x dim, float32, on the device
 * @param labels int64, N, on the device, each below the number of classes
 * @param factor multiplies each learning rate, as a schedule gives it
 */
moco_status moco__linear_step(moco_linear *linear, const moco_tensor *features, const moco_tensor *labels,
                              double factor);

/*
 * Reads the mean scores of the training batches since the last call, over all ranks; waits for the device. A
 * classifier whose loss is not finite has diverged: the log names it, and it does not learn any more.
 * @param[out] out one per rate; NaN for a classifier that diverged, or without steps
 */
moco_status moco__linear_read_means(moco_score *out, moco_linear *linear);

/*
 * Tests the classifiers on features. A classifier whose loss is not finite has diverged.
 * @param[out] out one per rate; NaN for a classifier that diverged
 */
moco_status moco__linear_score(moco_score *out, moco_linear *linear, const moco_features *features);

/* Trains as moco_linear_train_cached(), on some rows of the features only. */
moco_status moco__linear_train_rows(moco_linear_result *out, moco_linear *linear, const moco_features *features,
                                    const size_t *rows, size_t count, const moco_features *val,
                                    const moco_linear_train_options *options);

/* Refuses images without a dataset, an encoder or a policy. */
moco_status moco__linear_check_images(const moco_linear_images *images);

/* Returns whether the classifier of the index-th rate has diverged. */
bool moco__linear_diverged(const moco_linear *linear, size_t index);

MOCO_END_DECLS

#endif
