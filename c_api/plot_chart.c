/* Charts: axes with round ticks, a light grid, lines and a legend. */
#include "plot_chart.h"

#include "handle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 960, HEIGHT = 560, LEFT = 90, RIGHT = 30, TOP = 60, BOTTOM = 70 };
enum { TEXT = 13, TITLE = 18, TICKS = 6, DOT = 7 };

static const uint32_t line_colours[MOCO__CHART_MAX_LINES] = { MOCO__BLUE, MOCO__ORANGE, MOCO__GREEN, MOCO__RED };

typedef struct axis {
    double min, max, step; /* ticks at multiples of step */
} axis;

/* 1, 2 or 5 times a power of ten, so that about TICKS ticks fit. */
static double round_step(double span)
{
    const double raw = span / TICKS;
    const double power = pow(10, floor(log10(raw)));
    const double digit = raw / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

static axis make_axis(double min, double max)
{
    if (!(max > min)) { /* a lone value, or none */
        const double room = min == 0 ? 1 : fabs(min) / 2;
        min -= room;
        max += room;
    }
    const double step = round_step(max - min);
    return (axis){ floor(min / step + 1e-9) * step, ceil(max / step - 1e-9) * step, step };
}

static void ranges(const moco__chart *chart, axis *x, axis *y)
{
    double x_max = 0;
    double y_min = INFINITY;
    double y_max = -INFINITY;
    for (size_t l = 0; l < chart->count; ++l) {
        for (size_t i = 0; i < chart->lines[l]->count; ++i) {
            x_max = fmax(x_max, chart->lines[l]->epochs[i]);
            y_min = fmin(y_min, chart->lines[l]->values[i]);
            y_max = fmax(y_max, chart->lines[l]->values[i]);
        }
    }
    *x = make_axis(0, x_max > 0 ? x_max : 1);
    x->max = x_max > 0 ? x_max : 1;
    *y = isfinite(y_min) ? make_axis(y_min, y_max) : make_axis(0, 1);
}

static double x_at(const axis *x, double value)
{
    return LEFT + (value - x->min) / (x->max - x->min) * (WIDTH - LEFT - RIGHT);
}

static double y_at(const axis *y, double value)
{
    return HEIGHT - BOTTOM - (value - y->min) / (y->max - y->min) * (HEIGHT - TOP - BOTTOM);
}

static moco_status draw_ticks(moco_image *image, const axis *x, const axis *y)
{
    char text[32];
    for (int i = 0; y->min + i * y->step <= y->max + y->step / 2; ++i) {
        const double value = y->min + i * y->step;
        const double at = y_at(y, value);
        const double line[4] = { LEFT, at, WIDTH - RIGHT, at };
        MOCO_TRY(moco_image_draw_line(image, line, 2, MOCO__GRID, 1));
        (void)snprintf(text, sizeof text, "%.6g", fabs(value) < y->step / 1e6 ? 0 : value);
        MOCO_TRY(moco_image_draw_text(image, LEFT - 10, (int32_t)at + TEXT / 2, text, TEXT, MOCO__INK, 2));
    }
    for (int i = 0; x->min + i * x->step <= x->max * (1 + 1e-9); ++i) {
        const double value = x->min + i * x->step;
        const double at = x_at(x, value);
        const double line[4] = { at, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 6 };
        MOCO_TRY(moco_image_draw_line(image, line, 2, MOCO__INK, 1));
        (void)snprintf(text, sizeof text, "%.6g", value);
        MOCO_TRY(moco_image_draw_text(image, (int32_t)at, HEIGHT - BOTTOM + 12 + TEXT, text, TEXT, MOCO__INK, 1));
    }
    const double frame[6] = { LEFT, TOP, LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM };
    MOCO_TRY(moco_image_draw_line(image, frame, 3, MOCO__INK, 1));
    return moco_image_draw_text(image, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, "epoch", TEXT, MOCO__INK, 1);
}

static moco_status draw_series(moco_image *image, const moco_series *series, const axis *x, const axis *y,
                               uint32_t colour)
{
    if (series->count == 0) {
        return MOCO_OK;
    }
    double *points = moco__calloc(2 * series->count, sizeof *points);
    if (points == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < series->count; ++i) {
        points[2 * i] = x_at(x, series->epochs[i]);
        points[2 * i + 1] = y_at(y, series->values[i]);
    }
    moco_status status = moco_image_draw_line(image, points, series->count, colour, 2);
    for (size_t i = 0; i < series->count && series->count <= 60 && status == MOCO_OK; ++i) { /* few: show each */
        status = moco_image_draw_line(image, points + 2 * i, 1, colour, DOT);
    }
    free(points);
    return status;
}

static moco_status draw_legend(moco_image *image, const moco__chart *chart)
{
    int32_t y = TOP + 4;
    for (size_t l = 0; l < chart->count && chart->count > 1; ++l, y += 2 * TEXT) {
        const double sample[4] = { WIDTH - RIGHT - 130, y, WIDTH - RIGHT - 100, y };
        MOCO_TRY(moco_image_draw_line(image, sample, 2, line_colours[l], 3));
        MOCO_TRY(moco_image_draw_text(image, WIDTH - RIGHT - 92, y + TEXT / 2, chart->names[l], TEXT, MOCO__INK, 0));
    }
    return MOCO_OK;
}

static moco_status draw(moco_image *image, const moco__chart *chart)
{
    axis x, y;
    ranges(chart, &x, &y);
    MOCO_TRY(moco_image_fill(image, WIDTH, HEIGHT, MOCO__WHITE));
    MOCO_TRY(moco_image_draw_text(image, LEFT, TOP - 24, chart->title, TITLE, MOCO__INK, 0));
    MOCO_TRY(draw_ticks(image, &x, &y));
    for (size_t l = 0; l < chart->count; ++l) {
        MOCO_TRY(draw_series(image, chart->lines[l], &x, &y, line_colours[l]));
    }
    return draw_legend(image, chart);
}

moco_status moco__chart_write(const moco__chart *chart, const char *path)
{
    moco_image *image;
    MOCO_TRY(moco_image_create(&image));
    moco_status status = draw(image, chart);
    if (status == MOCO_OK) {
        status = moco_image_write_png(image, path);
    }
    moco_image_free(image);
    return status;
}
