/* Draws a measure against a setting: one line per group of runs, with error bars over the runs. */
#include "moco/plot.h"

#include "base/c_locale_internal.h"
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "report/chart_frame_internal.h"
#include "report/points_axis_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT = MOCO__CHART_TEXT, GAP = MOCO__CHART_GAP, MARGIN = MOCO__CHART_MARGIN };
enum { WIDTH = 640, HEIGHT = 400, TITLE = 15, LEGEND_LINE = 18, SAMPLE = 24 };
enum { Y_TICKS = 6, CAP = 4, INSET = 24, OFFSET = 4 };

static const uint32_t colours[MOCO_PLOT_MAX_LINES] = { MOCO__BLUE, MOCO__ORANGE, MOCO__GREEN, MOCO__YELLOW,
                                                       0xAA4499,   0x882255,     0x56A5CC,    MOCO__GREY };
static const double line_width = 1.75;

/* A chart in drawing: its plot area on the page. */
typedef struct plot {
    moco__frame frame;
    const moco_plot_point *points;
    size_t count;
    const moco_points_options *options;
    const char *lines[MOCO_PLOT_MAX_LINES];
    size_t line_count;
    moco__points_axis x;
} plot;

static size_t line_of(const plot *p, const char *name)
{
    size_t at = 0;
    while (at < p->line_count && strcmp(p->lines[at], name) != 0) {
        ++at;
    }
    return at;
}

static double spread(const moco_plot_point *point)
{
    return isfinite(point->deviation) ? point->deviation : 0;
}

static moco_status collect(plot *p)
{
    double low = INFINITY;
    double high = -INFINITY;
    for (size_t i = 0; i < p->count; ++i) {
        const moco_plot_point *point = &p->points[i];
        if (point->line == NULL || point->x == NULL || !isfinite(point->mean)) {
            return moco_error_set(MOCO_EINVALID, "plot: points[%zu] has no line, no x or no finite mean", i);
        }
        const size_t line = line_of(p, point->line);
        if (line == MOCO_PLOT_MAX_LINES) {
            return moco_error_set(MOCO_EINVALID,
                                  "plot: there are more than %d lines, which nobody can tell apart; "
                                  "choose fewer runs, or another setting for the lines",
                                  MOCO_PLOT_MAX_LINES);
        }
        if (moco__points_axis_add(&p->x, point->x) == MOCO__POINTS_TICKS) {
            return moco_error_set(MOCO_EINVALID, "plot: the setting has more than %d values; choose fewer runs",
                                  MOCO__POINTS_TICKS);
        }
        p->lines[line] = point->line;
        p->line_count += line == p->line_count ? 1 : 0;
        low = fmin(low, point->mean - spread(point));
        high = fmax(high, point->mean + spread(point));
    }
    p->frame.y = moco__axis_make(low, high, Y_TICKS);
    return MOCO_OK;
}

/* ---- Places ---- */

static double x_at(const plot *p, double place)
{
    return p->frame.left + INSET + place * (p->frame.right - p->frame.left - 2 * INSET);
}

/* Lines stand a little beside each other, so that their error bars can be told apart. */
static double point_x(plot *p, const moco_plot_point *point)
{
    const double place = p->x.places[moco__points_axis_add(&p->x, point->x)];
    const double line = (double)line_of(p, point->line);
    return x_at(p, place) + OFFSET * (line - ((double)p->line_count - 1) / 2);
}

/* ---- Axes and legend ---- */

static void draw_x_axis(plot *p)
{
    const moco__pen ink = { MOCO__SOFT, 1, NULL, 0 };
    double widths[MOCO__POINTS_TICKS];
    char text[128];
    for (size_t i = 0; i < p->x.count; ++i) {
        widths[i] = (moco__canvas_text_width(p->frame.canvas, p->x.texts[i], TEXT) + GAP) /
                    (p->frame.right - p->frame.left - 2 * INSET);
    }
    moco__points_axis_place(&p->x, widths);
    for (size_t i = 0; i < p->x.count; ++i) {
        const double at = x_at(p, p->x.places[i]);
        const double line[4] = { at, p->frame.bottom, at, p->frame.bottom + 4 };
        moco__canvas_line(p->frame.canvas, line, 2, &ink);
        const moco__label label = { p->x.texts[i], at, p->frame.bottom + 7 + TEXT, TEXT, MOCO__SOFT, MOCO__MIDDLE, 0,
                                    false };
        moco__canvas_text(p->frame.canvas, &label);
    }
    const double frame[6] = { p->frame.left,   p->frame.top,   p->frame.left,
                              p->frame.bottom, p->frame.right, p->frame.bottom };
    moco__canvas_line(p->frame.canvas, frame, 3, &ink);
    (void)snprintf(text, sizeof text, "%s%s", p->options->x_label != NULL ? p->options->x_label : "",
                   p->x.spacing == MOCO__LOGARITHMIC ? " (logarithmic)" : "");
    const moco__label label = {
        text, (p->frame.left + p->frame.right) / 2, p->frame.canvas->height - GAP, TEXT, MOCO__INK, MOCO__MIDDLE, 0,
        false
    };
    moco__canvas_text(p->frame.canvas, &label);
}

static void draw_head(plot *p)
{
    double x = MARGIN;
    p->frame.top = MARGIN;
    if (p->options->title != NULL) {
        const moco__label title = { p->options->title, MARGIN, MARGIN + TITLE, TITLE, MOCO__INK, MOCO__LEFT, 0, true };
        moco__canvas_text(p->frame.canvas, &title);
        p->frame.top += TITLE + MARGIN;
    }
    if (p->line_count < 2) {
        return;
    }
    for (size_t l = 0; l < p->line_count; ++l) {
        const double width = SAMPLE + GAP + moco__canvas_text_width(p->frame.canvas, p->lines[l], TEXT) + MARGIN;
        if (x > MARGIN && x + width > p->frame.canvas->width - MARGIN) {
            x = MARGIN;
            p->frame.top += LEGEND_LINE;
        }
        const double line[4] = { x, p->frame.top + TEXT * 0.65, x + SAMPLE, p->frame.top + TEXT * 0.65 };
        const moco__pen pen = { colours[l], line_width + 0.5, NULL, 0 };
        const moco__label label = { p->lines[l], x + SAMPLE + GAP, p->frame.top + TEXT, TEXT, MOCO__INK, MOCO__LEFT, 0,
                                    false };
        moco__canvas_line(p->frame.canvas, line, 2, &pen);
        moco__canvas_text(p->frame.canvas, &label);
        x += width;
    }
    p->frame.top += LEGEND_LINE + GAP;
}

/* ---- Points ---- */

static void draw_point(plot *p, const moco_plot_point *point)
{
    const uint32_t colour = colours[line_of(p, point->line)];
    const moco__pen pen = { colour, 1.25, NULL, 0 };
    const double x = point_x(p, point);
    if (isfinite(point->deviation)) {
        const double low = moco__frame_y(&p->frame, point->mean - point->deviation);
        const double high = moco__frame_y(&p->frame, point->mean + point->deviation);
        const double bars[3][4] = { { x, low, x, high },
                                    { x - CAP, low, x + CAP, low },
                                    { x - CAP, high, x + CAP, high } };
        for (size_t i = 0; i < 3; ++i) {
            moco__canvas_line(p->frame.canvas, bars[i], 2, &pen);
        }
    }
    moco__canvas_dot(p->frame.canvas, x, moco__frame_y(&p->frame, point->mean), 3.5, colour, 1);
}

/* Joins the points of a line from left to right. */
static void draw_line(plot *p, size_t line)
{
    double xy[2 * MOCO__POINTS_TICKS];
    size_t joined = 0;
    double reached = -INFINITY;
    for (const moco_plot_point *next = p->points; next != NULL && joined < MOCO__POINTS_TICKS;) {
        next = NULL;
        for (size_t i = 0; i < p->count; ++i) {
            const double x = point_x(p, &p->points[i]);
            const bool follows = line_of(p, p->points[i].line) == line && x > reached;
            next = follows && (next == NULL || x < point_x(p, next)) ? &p->points[i] : next;
        }
        if (next != NULL) {
            reached = xy[2 * joined] = point_x(p, next);
            xy[2 * joined + 1] = moco__frame_y(&p->frame, next->mean);
            ++joined;
        }
    }
    const moco__pen pen = { colours[line], line_width, NULL, 0 };
    moco__canvas_line(p->frame.canvas, xy, joined, &pen);
}

static moco_status draw(plot *p, const char *path)
{
    MOCO__IN_C_LOCALE;
    moco_picture format = p->options->format;
    MOCO_TRY(moco__picture_of(&format, path));
    MOCO_TRY(moco__canvas_open(p->frame.canvas, format, WIDTH, HEIGHT));
    p->frame.right = p->frame.canvas->width - MARGIN - GAP;
    p->frame.bottom = p->frame.canvas->height - TEXT * 3 - GAP;
    draw_head(p);
    moco__frame_make_room(&p->frame);
    moco__frame_draw_y(&p->frame, p->options->label != NULL ? p->options->label : "");
    draw_x_axis(p);
    for (size_t l = p->line_count; l > 0; --l) {
        draw_line(p, l - 1);
    }
    for (size_t i = 0; i < p->count; ++i) {
        draw_point(p, &p->points[i]);
    }
    return moco__canvas_write(p->frame.canvas, path);
}

MOCO__DEFINE_INIT(moco_points_options, MOCO_POINTS_OPTIONS_INIT)

moco_status moco_plot_points(const char *path, const moco_plot_point *points, size_t count,
                             const moco_points_options *options)
{
    MOCO__IN_C_LOCALE;
    moco_points_options o;
    moco__canvas canvas = { .status = MOCO_OK };
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(points);
    MOCO__READ_OPTIONS(&o, options, MOCO_POINTS_OPTIONS_INIT);
    if (count == 0) {
        return moco_error_set(MOCO_EINVALID, "plot: count is 0; give a point");
    }
    plot p = { .frame.canvas = &canvas, .points = points, .count = count, .options = &o };
    MOCO_TRY(collect(&p));
    const moco_status status = draw(&p, path);
    moco__canvas_close(&canvas);
    return status;
}
