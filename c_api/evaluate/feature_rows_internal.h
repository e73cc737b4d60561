/* Takes some rows of features. */
#ifndef MOCO_EVALUATE_FEATURE_ROWS_INTERNAL_H
#define MOCO_EVALUATE_FEATURE_ROWS_INTERNAL_H

#include "moco/evaluate.h"

/* Copies rows of features to new ones, for moco_features_free(). */
moco_status moco__features_take(moco_features **out, const moco_features *features, const size_t *rows, size_t count);

#endif
