/* Charts: axes with round ticks, a light grid, lines and a legend. */
#include "base/handle_internal.h"
#include "report/plot_axis_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 960, HEIGHT = 560, LEFT = 90, RIGHT = 30, TOP = 60, BOTTOM = 70 };
enum { TEXT = 13, TITLE = 18, DOT = 7 };

static const uint32_t line_colours[MOCO__CHART_MAX_LINES] = { MOCO__BLUE, MOCO__ORANGE, MOCO__GREEN, MOCO__RED };

static double x_at(const moco__axis *x, double value)
{
    return LEFT + (value - x->min) / (x->max - x->min) * (WIDTH - LEFT - RIGHT);
}

static double y_at(const moco__axis *y, double value)
{
    return HEIGHT - BOTTOM - (value - y->min) / (y->max - y->min) * (HEIGHT - TOP - BOTTOM);
}

static moco_status draw_ticks(moco_image *image, const moco__axis *x, const moco__axis *y)
{
    char text[32];
    double value = 0;
    for (int i = 0; moco__axis_tick(&value, y, i); ++i) {
        const double at = y_at(y, value);
        const double line[4] = { LEFT, at, WIDTH - RIGHT, at };
        MOCO_TRY(moco_image_draw_line(image, line, 2, MOCO__GRID, 1));
        (void)snprintf(text, sizeof text, "%.6g", value);
        MOCO_TRY(moco_image_draw_text(image, LEFT - 10, (int32_t)at + TEXT / 2, text, TEXT, MOCO__INK, 2));
    }
    for (int i = 0; moco__axis_tick(&value, x, i); ++i) {
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

static moco_status draw_series(moco_image *image, const moco_series *series, const moco__axis *x, const moco__axis *y,
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
    moco__axis x, y;
    moco__axes_of_chart(chart, &x, &y);
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
