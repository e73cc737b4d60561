/* Places the values of a setting on an axis. */
#ifndef MOCO_REPORT_POINTS_AXIS_INTERNAL_H
#define MOCO_REPORT_POINTS_AXIS_INTERNAL_H

#include <stddef.h>

enum { MOCO__POINTS_TICKS = 64 };

typedef enum moco__spacing { MOCO__LINEAR, MOCO__LOGARITHMIC, MOCO__EVEN } moco__spacing;

/* The values of a setting, each with its place from 0 to 1. */
typedef struct moco__points_axis {
    const char *texts[MOCO__POINTS_TICKS];
    double places[MOCO__POINTS_TICKS];
    size_t count;
    moco__spacing spacing;
} moco__points_axis;

/* Returns the index of a value; MOCO__POINTS_TICKS if there is no room for it. */
size_t moco__points_axis_add(moco__points_axis *axis, const char *text);

/* Sets places and spacing. @param widths of the texts, as a part of the axis */
void moco__points_axis_place(moco__points_axis *axis, const double *widths);

#endif
