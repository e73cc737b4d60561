/* Draws charts: axes with round ticks, a light grid, lines, guides, and a legend above the plot. */
#include "report/chart_internal.h"

#include "base/handle_internal.h"
#include "report/chart_axis_internal.h"
#include "report/chart_frame_internal.h"
#include "report/chart_points_internal.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 640, HEIGHT = 400, INLINE_WIDTH = 540, INLINE_HEIGHT = 300 };
enum { TEXT = MOCO__CHART_TEXT, GAP = MOCO__CHART_GAP, MARGIN = MOCO__CHART_MARGIN };
enum { TITLE = 15, LEGEND_LINE = 18, SAMPLE = 24 };
enum { X_TICKS = 8, Y_TICKS = 6 };
enum { FEW = 25 }; /* points that are shown as dots too */
enum { DOT = 3, INSET = 2 * DOT };

static const uint32_t line_colours[MOCO__CHART_LINES] = { MOCO__BLUE, MOCO__ORANGE, MOCO__GREEN, MOCO__YELLOW };
static const double line_width = 1.75;
static const double guide_width = 1.25;
static const double band_opacity = 0.25;

/* A guide's dashes. */
static const struct {
    double lengths[4];
    int count;
} dashes[MOCO__CHART_GUIDES] = { { { 7, 4 }, 2 }, { { 2, 3 }, 2 }, { { 8, 3, 2, 3 }, 4 }, { { 14, 4 }, 2 } };

/* A chart in drawing: its plot area on the page. */
typedef struct plot {
    moco__frame frame;
    const moco__chart *chart;
    moco__axis x;
    double inset; /* between the plot's edges and the first and last epoch, for the dots there */
} plot;

void moco__chart_guide(moco__chart *chart, double value, const char *name)
{
    if (isfinite(value) && chart->guide_count < MOCO__CHART_GUIDES) {
        moco__guide *guide = &chart->guides[chart->guide_count++];
        guide->value = value;
        (void)snprintf(guide->name, sizeof guide->name, "%s", name);
    }
}

static bool has_dots(const moco__chart *chart, const moco_series *series)
{
    return series->count <= FEW && !chart->is_stepped;
}

static double x_at(const plot *p, double value)
{
    const double width = p->frame.right - p->frame.left - 2 * p->inset;
    return p->frame.left + p->inset + (value - p->x.min) / (p->x.max - p->x.min) * width;
}

/* Chooses axes that hold all lines and guides: epochs from 0 on, and values. */
static void choose_axes(plot *p)
{
    const moco__chart *chart = p->chart;
    double x_max = 0;
    double y_min = INFINITY;
    double y_max = -INFINITY;
    for (size_t l = 0; l < chart->count; ++l) {
        const moco_series *series = chart->lines[l].series;
        p->inset = has_dots(chart, series) ? INSET : p->inset;
        for (size_t i = 0; i < series->count; ++i) {
            x_max = fmax(x_max, series->epochs[i]);
            y_min = fmin(y_min, series->values[i]);
            y_max = fmax(y_max, series->values[i]);
        }
    }
    for (size_t g = 0; g < chart->guide_count; ++g) {
        y_min = fmin(y_min, chart->guides[g].value);
        y_max = fmax(y_max, chart->guides[g].value);
    }
    x_max = x_max > 0 ? x_max : 1;
    p->x = moco__axis_make(0, x_max, X_TICKS);
    p->x.max = x_max;
    p->frame.y = isfinite(y_min) ? moco__axis_make(y_min, y_max, Y_TICKS) : moco__axis_make(0, 1, Y_TICKS);
}

/* ---- The legend ---- */

/* Whether a line has a band. */
static bool has_band(const moco__chart *chart)
{
    bool has = false;
    for (size_t l = 0; l < chart->count; ++l) {
        has = has || (!chart->is_stepped && moco__points_are_dense(chart->lines[l].series));
    }
    return has;
}

/* Names a line; after all lines a guide with its value; and at last the band. */
static void legend_text(char *text, size_t size, const plot *p, size_t index)
{
    const moco__chart *chart = p->chart;
    if (index < chart->count) {
        (void)snprintf(text, size, "%s", chart->lines[index].name);
    } else if (index < chart->count + chart->guide_count) {
        const moco__guide *guide = &chart->guides[index - chart->count];
        char value[32];
        moco__axis_value(value, sizeof value, &p->frame.y, guide->value);
        (void)snprintf(text, size, "%s %s", guide->name, value);
    } else {
        (void)snprintf(text, size, "lowest to highest");
    }
}

static void draw_sample(const plot *p, size_t index, double x, double y)
{
    const double line[4] = { x, y, x + SAMPLE, y };
    const size_t guide = index - p->chart->count;
    if (index < p->chart->count) {
        const moco__pen solid = { line_colours[index], line_width + 0.5, NULL, 0 };
        moco__canvas_line(p->frame.canvas, line, 2, &solid);
    } else if (guide < p->chart->guide_count) {
        const moco__pen dashed = { MOCO__SOFT, guide_width, dashes[guide].lengths, dashes[guide].count };
        moco__canvas_line(p->frame.canvas, line, 2, &dashed);
    } else {
        const double area[8] = { x, y - 4, x + SAMPLE, y - 4, x + SAMPLE, y + 4, x, y + 4 };
        moco__canvas_area(p->frame.canvas, area, 4, line_colours[0], band_opacity);
    }
}

/* Draws the legend in rows from y on. Returns their height. */
static double draw_legend(const plot *p, double y)
{
    const double start = y;
    double x = p->frame.left;
    const size_t entries = p->chart->count + p->chart->guide_count + (has_band(p->chart) ? 1 : 0);
    if (entries < 2) {
        return 0;
    }
    for (size_t i = 0; i < entries; ++i) {
        char text[128];
        legend_text(text, sizeof text, p, i);
        const double width = SAMPLE + GAP + moco__canvas_text_width(p->frame.canvas, text, TEXT) + MARGIN;
        if (x > p->frame.left && x + width - MARGIN > p->frame.canvas->width - MARGIN) {
            x = p->frame.left;
            y += LEGEND_LINE;
        }
        const moco__label label = { text, x + SAMPLE + GAP, y, TEXT, MOCO__INK, MOCO__LEFT, 0, false };
        draw_sample(p, i, x, y - TEXT * 0.35);
        moco__canvas_text(p->frame.canvas, &label);
        x += width;
    }
    return y + LEGEND_LINE + GAP / 2.0 - start;
}

/* ---- The axes ---- */

static void draw_x_axis(const plot *p)
{
    const moco__pen ink = { MOCO__SOFT, 1, NULL, 0 };
    char text[32];
    double value = 0;
    for (int i = 0; moco__axis_tick(&value, &p->x, i); ++i) {
        const double at = x_at(p, value);
        const double line[4] = { at, p->frame.bottom, at, p->frame.bottom + 4 };
        moco__canvas_line(p->frame.canvas, line, 2, &ink);
        moco__axis_text(text, sizeof text, &p->x, value);
        const moco__label label = { text, at, p->frame.bottom + 7 + TEXT, TEXT, MOCO__SOFT, MOCO__MIDDLE, 0, false };
        moco__canvas_text(p->frame.canvas, &label);
    }
    const double frame[6] = { p->frame.left,   p->frame.top,   p->frame.left,
                              p->frame.bottom, p->frame.right, p->frame.bottom };
    moco__canvas_line(p->frame.canvas, frame, 3, &ink);
    const moco__label label = {
        "epoch", (p->frame.left + p->frame.right) / 2, p->frame.canvas->height - GAP, TEXT, MOCO__INK, MOCO__MIDDLE, 0,
        false
    };
    moco__canvas_text(p->frame.canvas, &label);
}

/* ---- The lines ---- */

static void draw_guides(const plot *p)
{
    for (size_t g = 0; g < p->chart->guide_count; ++g) {
        const double at = moco__frame_y(&p->frame, p->chart->guides[g].value);
        const double line[4] = { p->frame.left, at, p->frame.right, at };
        const moco__pen pen = { MOCO__SOFT, guide_width, dashes[g].lengths, dashes[g].count };
        moco__canvas_line(p->frame.canvas, line, 2, &pen);
    }
}

static void place(const plot *p, double *points, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        points[2 * i] = x_at(p, points[2 * i]);
        points[2 * i + 1] = moco__frame_y(&p->frame, points[2 * i + 1]);
    }
}

static void draw_dots(const plot *p, const moco_series *series, uint32_t colour)
{
    for (size_t i = 0; i < series->count && has_dots(p->chart, series); ++i) {
        moco__canvas_dot(p->frame.canvas, x_at(p, series->epochs[i]), moco__frame_y(&p->frame, series->values[i]), DOT,
                         colour, 1);
    }
}

/* Draws all bands below all lines; the first line is the most important and lies on top. */
static moco_status draw_lines(const plot *p)
{
    moco__points points[MOCO__CHART_LINES] = { { .line = NULL } };
    moco_status status = MOCO_OK;
    for (size_t l = 0; l < p->chart->count && status == MOCO_OK; ++l) {
        status = moco__points_choose(&points[l], p->chart->lines[l].series, p->chart->is_stepped);
        place(p, points[l].line, points[l].count);
        place(p, points[l].band, points[l].band_count);
        moco__canvas_area(p->frame.canvas, points[l].band, points[l].band_count, line_colours[l], band_opacity);
    }
    for (size_t l = p->chart->count; l > 0 && status == MOCO_OK; --l) {
        const moco__pen pen = { line_colours[l - 1], line_width, NULL, 0 };
        moco__canvas_line(p->frame.canvas, points[l - 1].line, points[l - 1].count, &pen);
        draw_dots(p, p->chart->lines[l - 1].series, line_colours[l - 1]);
    }
    for (size_t l = 0; l < p->chart->count; ++l) {
        moco__points_free(&points[l]);
    }
    return status;
}

static moco_status draw(moco__canvas *canvas, const moco__chart *chart, bool titled)
{
    plot p = { .frame = { .canvas = canvas, .right = canvas->width - MARGIN - GAP }, .chart = chart };
    choose_axes(&p);
    moco__frame_make_room(&p.frame);
    p.frame.bottom = canvas->height - TEXT * 3 - GAP;
    p.frame.top = MARGIN;
    if (titled) {
        const moco__label title = { chart->title, p.frame.left, MARGIN + TITLE, TITLE, MOCO__INK, MOCO__LEFT, 0, true };
        moco__canvas_text(canvas, &title);
        p.frame.top += TITLE + MARGIN;
    }
    p.frame.top += draw_legend(&p, p.frame.top + TEXT);
    moco__frame_draw_y(&p.frame, chart->label);
    draw_x_axis(&p);
    draw_guides(&p);
    return draw_lines(&p);
}

moco_status moco__chart_write(const moco__chart *chart, const char *path, moco_picture format)
{
    moco__canvas canvas;
    MOCO_TRY(moco__picture_of(&format, path));
    moco_status status = moco__canvas_open(&canvas, format, WIDTH, HEIGHT);
    if (status == MOCO_OK) {
        status = draw(&canvas, chart, true);
    }
    if (status == MOCO_OK) {
        status = moco__canvas_write(&canvas, path);
    }
    moco__canvas_close(&canvas);
    return status;
}

/* Describes a chart to readers who do not see it. */
static void describe(char *text, size_t size, const moco__chart *chart)
{
    size_t used = (size_t)snprintf(text, size, "%s over the epochs:", chart->title);
    for (size_t l = 0; l < chart->count && used < size; ++l) {
        const moco_series *series = chart->lines[l].series;
        if (series->count > 0) {
            used += (size_t)snprintf(text + used, size - used, "%s %s from %.4g to %.4g", l > 0 ? "," : "",
                                     chart->lines[l].name, series->values[0], series->values[series->count - 1]);
        }
    }
}

void moco__chart_inline(const moco__chart *chart, moco__html *html)
{
    moco__canvas canvas;
    char label[512];
    describe(label, sizeof label, chart);
    moco_status status = moco__canvas_open(&canvas, MOCO_PICTURE_SVG, INLINE_WIDTH, INLINE_HEIGHT);
    if (status == MOCO_OK) {
        status = draw(&canvas, chart, false);
    }
    if (status == MOCO_OK) {
        moco__canvas_inline(&canvas, html, label);
    } else if (html->status == MOCO_OK) {
        html->status = status;
    }
    moco__canvas_close(&canvas);
}
