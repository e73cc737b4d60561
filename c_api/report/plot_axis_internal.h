/* Axes with round ticks. */
#ifndef MOCO_REPORT_PLOT_AXIS_INTERNAL_H
#define MOCO_REPORT_PLOT_AXIS_INTERNAL_H

#include "report/plot_chart_internal.h"

typedef struct moco__axis {
    double min, max, step; /* ticks at multiples of step */
} moco__axis;

/* An axis from the round number below min to the one above max. */
moco__axis moco__axis_make(double min, double max);

/* The axes that hold all lines of a chart: epochs from 0 on, and values. */
void moco__axes_of_chart(const moco__chart *chart, moco__axis *x, moco__axis *y);

/* The index-th tick; false beyond the axis. */
bool moco__axis_tick(double *value, const moco__axis *axis, int index);

#endif
