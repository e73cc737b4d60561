/* InfoNCE among the keys of the batch. */
#ifndef MOCO_METHOD_IN_BATCH_INTERNAL_H
#define MOCO_METHOD_IN_BATCH_INTERNAL_H

#include "method/model_internal.h"

/* Computes logits, labels and loss of a part's queries: each has its own key as the positive, and those of all other
 * images of the batch as negatives. The losses of the directions are added, multiplied by `factor`, and weighted so
 * that the parts sum up to the mean over the batch. */
moco_status moco__contrast_in_batch(moco__step *s, moco_model *model, int64_t part, double factor);

#endif
