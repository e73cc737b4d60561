/* Computes with the values of a series. */
#ifndef MOCO_REPORT_SERIES_VALUES_INTERNAL_H
#define MOCO_REPORT_SERIES_VALUES_INTERNAL_H

#include "moco/metrics.h"

/* What the values of a series are. */
typedef enum moco__values {
    MOCO__POINTS, /* each was measured at its step */
    MOCO__MEANS,  /* each is a mean over the steps since the one before */
    MOCO__RATES   /* each is a number per second over these steps */
} moco__values;

/* Merges each interval that is shorter than half of the usual one into the interval before: a mean over a few steps is
 * noisier than the others. Leaves points alone. */
void moco__series_merge(moco_series *series, moco__values values);

/* Returns the middle one of the values; NaN if there are none or memory is out. */
double moco__median(const double *values, size_t count);

/* Returns the last value; NaN of an empty series. */
double moco__series_last(const moco_series *series);

#endif
