/* Chooses what a chart shows of a series: all points of a short one, and of a long one a band and its mean. */
#ifndef MOCO_REPORT_CHART_POINTS_INTERNAL_H
#define MOCO_REPORT_CHART_POINTS_INTERNAL_H

#include "moco/metrics.h"

/* The points (epoch, value) of a line, and of a band around it. */
typedef struct moco__points {
    double *line; /* count points */
    size_t count;
    double *band; /* band_count points: the highest values from left to right, and the lowest back; NULL: no band */
    size_t band_count;
} moco__points;

/* Whether a series is so long that single points would hide each other. */
bool moco__points_are_dense(const moco_series *series);

/* Chooses the points. Free them in any case.
 * @param is_stepped give each value from the epoch of the point before to its own, without a band */
moco_status moco__points_choose(moco__points *points, const moco_series *series, bool is_stepped);
void moco__points_free(moco__points *points);

#endif
