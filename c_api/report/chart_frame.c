/* Draws the plot area of a chart. */
#include "report/chart_frame_internal.h"

#include <math.h>

enum { TEXT = MOCO__CHART_TEXT, GAP = MOCO__CHART_GAP, MARGIN = MOCO__CHART_MARGIN };

double moco__frame_y(const moco__frame *frame, double value)
{
    const moco__axis *y = &frame->y;
    return frame->bottom - (value - y->min) / (y->max - y->min) * (frame->bottom - frame->top);
}

void moco__frame_make_room(moco__frame *frame)
{
    char text[32];
    double value = 0;
    double widest = 0;
    for (int i = 0; moco__axis_tick(&value, &frame->y, i); ++i) {
        moco__axis_text(text, sizeof text, &frame->y, value);
        widest = fmax(widest, moco__canvas_text_width(frame->canvas, text, TEXT));
    }
    frame->left = MARGIN + TEXT + GAP + widest + GAP;
}

void moco__frame_draw_y(const moco__frame *frame, const char *label)
{
    const moco__pen grid = { MOCO__GRID, 1, NULL, 0 };
    char text[128];
    double value = 0;
    for (int i = 0; moco__axis_tick(&value, &frame->y, i); ++i) {
        const double at = moco__frame_y(frame, value);
        const double line[4] = { frame->left, at, frame->right, at };
        moco__canvas_line(frame->canvas, line, 2, &grid);
        moco__axis_text(text, sizeof text, &frame->y, value);
        const moco__label number = {
            text, frame->left - GAP, at + TEXT * 0.35, TEXT, MOCO__SOFT, MOCO__RIGHT, 0, false
        };
        moco__canvas_text(frame->canvas, &number);
    }
    moco__axis_label(text, sizeof text, &frame->y, label);
    const moco__label turned = { text, MARGIN + 2, (frame->top + frame->bottom) / 2, TEXT, MOCO__INK, MOCO__MIDDLE,
                                 -90,  false };
    moco__canvas_text(frame->canvas, &turned);
}
