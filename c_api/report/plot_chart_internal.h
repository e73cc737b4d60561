/* A chart of one or more lines over the epochs. */
#ifndef MOCO_REPORT_PLOT_CHART_INTERNAL_H
#define MOCO_REPORT_PLOT_CHART_INTERNAL_H

#include "moco/image.h"
#include "moco/metrics.h"

enum { MOCO__CHART_MAX_LINES = 4 };

/* The colours of all pictures. */
enum {
    MOCO__WHITE = 0xFFFFFF,
    MOCO__INK = 0x333333,
    MOCO__GRID = 0xE6E6E6,
    MOCO__BLUE = 0x1F6FB5,
    MOCO__ORANGE = 0xE07B1A,
    MOCO__GREEN = 0x2E9E4F,
    MOCO__RED = 0xD03B3B,
    MOCO__GREY = 0x9A9A9A
};

typedef struct moco__chart {
    const char *title;
    const char *names[MOCO__CHART_MAX_LINES];
    const moco_series *lines[MOCO__CHART_MAX_LINES];
    size_t count;
} moco__chart;

/* Draws a chart to a PNG file. */
moco_status moco__chart_write(const moco__chart *chart, const char *path);

#endif
