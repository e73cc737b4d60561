/* Refuses features that are NaN or infinite. */
#ifndef MOCO_EVALUATE_FEATURE_FINITE_INTERNAL_H
#define MOCO_EVALUATE_FEATURE_FINITE_INTERNAL_H

#include "evaluate/feature_set_internal.h"

/* Refuses features of a dataset, and names the first image whose row is not finite: MOCO_EDIVERGED. */
moco_status moco__features_check_finite(const moco_features *features, const moco_dataset *dataset);

/* Refuses rows on the host, rows x dim, of images in memory. */
moco_status moco__rows_check_finite(const float *values, size_t rows, size_t dim);

#endif
