/* The plot area of a chart, with its vertical axis and its grid. */
#ifndef MOCO_REPORT_CHART_FRAME_INTERNAL_H
#define MOCO_REPORT_CHART_FRAME_INTERNAL_H

#include "report/canvas_internal.h"
#include "report/chart_axis_internal.h"

/* Sizes on the page that all charts share, in points. */
enum { MOCO__CHART_TEXT = 12, MOCO__CHART_GAP = 6, MOCO__CHART_MARGIN = 14 };

typedef struct moco__frame {
    moco__canvas *canvas;
    moco__axis y;
    double left, right, top, bottom; /* on the page */
} moco__frame;

/* Sets the left edge, so that the numbers and the label of the vertical axis have room beside it. */
void moco__frame_make_room(moco__frame *frame);
/* Returns where a value is on the page. */
double moco__frame_y(const moco__frame *frame, double value);
/* Draws the grid's horizontal lines, the numbers, and a label, turned. */
void moco__frame_draw_y(const moco__frame *frame, const char *label);

#endif
