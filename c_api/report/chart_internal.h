/* Draws a chart of one or more lines over the epochs. */
#ifndef MOCO_REPORT_CHART_INTERNAL_H
#define MOCO_REPORT_CHART_INTERNAL_H

#include "moco/metrics.h"
#include "report/canvas_internal.h"

enum { MOCO__CHART_LINES = 4, MOCO__CHART_GUIDES = 4 };

/* A value to compare the lines with, drawn as a dashed line. */
typedef struct moco__guide {
    char name[64];
    double value;
} moco__guide;

typedef struct moco__chart {
    const char *title;
    const char *label; /* of the values, with their unit */
    struct {
        char name[64];
        const moco_series *series;
    } lines[MOCO__CHART_LINES];
    size_t count;
    moco__guide guides[MOCO__CHART_GUIDES];
    size_t guide_count;
    bool is_stepped; /* a value holds from the point before to its own */
} moco__chart;

/* Adds a guide, unless its value is not finite. */
void moco__chart_guide(moco__chart *chart, double value, const char *name);

/* Draws a chart to a file, with its title. */
moco_status moco__chart_write(const moco__chart *chart, const char *path, moco_picture format);

/* Draws a chart into a page, without its title. */
void moco__chart_inline(const moco__chart *chart, moco__html *html);

#endif
