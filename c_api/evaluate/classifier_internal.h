/* Computes scores of batches, and makes first weights and checked labels, for everything that trains classifiers. */
#ifndef MOCO_EVALUATE_CLASSIFIER_INTERNAL_H
#define MOCO_EVALUATE_CLASSIFIER_INTERNAL_H

#include "moco/evaluate.h"
#include "moco/loader.h"

enum { MOCO__SCORES = 3 }; /* loss, acc1, acc5 */

/* Computes the means of a batch: the loss, and the shares of rows whose label is first and among the first five. */
moco_status moco__score_batch(moco_tensor *values[MOCO__SCORES], moco_scope *scope, const moco_tensor *loss,
                              const moco_tensor *logits, const moco_tensor *labels);
/* Adds such values to MOCO__SCORES sums on the device, without waiting for it. */
moco_status moco__score_add(moco_tensor *sums, moco_scope *scope, moco_tensor *const values[MOCO__SCORES]);

/* Makes the first weights of a linear classifier, from N(0, 0.01). */
moco_status moco__first_weight(moco_tensor **out, moco_scope *scope, const int64_t sizes[2], moco_device device,
                               uint64_t seed);

/* The classes that labels must belong to. */
typedef struct moco__classes {
    const char *where;  /* "linear" or "finetune", for messages */
    int64_t count;      /* of classes */
    moco_device device; /* of the tensors of labels */
} moco__classes;

/* Makes a tensor of the labels of a batch's images. Fails if one of them is not a class. */
moco_status moco__labels_of_batch(moco_tensor **out, moco_scope *scope, const moco__classes *classes,
                                  const moco_dataset *dataset, const moco_batch *batch);
/* Makes a tensor of the labels of features. Fails if one of them is not a class. */
moco_status moco__labels_of_features(moco_tensor **out, moco_scope *scope, const moco__classes *classes,
                                     const moco_features *features);

#endif
