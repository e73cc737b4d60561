/* The curves of a run as inline SVG. */
#include "report/report_internal.h"

#include "report/plot_axis_internal.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 540, HEIGHT = 270, LEFT = 58, RIGHT = 14, TOP = 10, BOTTOM = 42 };
enum { BUCKETS = 400 }; /* of a long series: each gives its lowest and highest value */
enum { FEW = 60 };      /* points that are shown each */

static double x_at(const moco__axis *x, double value)
{
    return LEFT + (value - x->min) / (x->max - x->min) * (WIDTH - LEFT - RIGHT);
}

static double y_at(const moco__axis *y, double value)
{
    return HEIGHT - BOTTOM - (value - y->min) / (y->max - y->min) * (HEIGHT - TOP - BOTTOM);
}

static void write_axes(moco__html *html, const moco__axis *x, const moco__axis *y)
{
    double value = 0;
    for (int i = 0; moco__axis_tick(&value, y, i); ++i) {
        const double at = y_at(y, value);
        moco__html_add(html,
                       "<line class=\"grid-line\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text x=\"%d\" "
                       "y=\"%.1f\" text-anchor=\"end\">%.6g</text>",
                       LEFT, WIDTH - RIGHT, at, at, LEFT - 8, at + 4, value);
    }
    for (int i = 0; moco__axis_tick(&value, x, i); ++i) {
        moco__html_add(html, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.6g</text>", x_at(x, value),
                       HEIGHT - BOTTOM + 18, value);
    }
    moco__html_add(html,
                   "<polyline class=\"frame\" points=\"%d,%d %d,%d %d,%d\" style=\"stroke-width:1\"/><text x=\"%d\" "
                   "y=\"%d\" text-anchor=\"middle\">epoch</text>\n",
                   LEFT, TOP, LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, (LEFT + WIDTH - RIGHT) / 2,
                   HEIGHT - 6);
}

static void write_point(moco__html *html, const moco_series *series, size_t i, const moco__axis *x, const moco__axis *y)
{
    moco__html_add(html, "%.1f,%.1f ", x_at(x, series->epochs[i]), y_at(y, series->values[i]));
}

/* The points of a bucket that a reader can see: its lowest and its highest, in their order. */
static void write_bucket(moco__html *html, const moco_series *series, size_t begin, size_t end, const moco__axis *x,
                         const moco__axis *y)
{
    size_t low = begin;
    size_t high = begin;
    for (size_t i = begin; i < end; ++i) {
        low = series->values[i] < series->values[low] ? i : low;
        high = series->values[i] > series->values[high] ? i : high;
    }
    write_point(html, series, low < high ? low : high, x, y);
    if (low != high) {
        write_point(html, series, low < high ? high : low, x, y);
    }
}

static void write_line(moco__html *html, const moco_series *series, const moco__axis *x, const moco__axis *y,
                       size_t which)
{
    const size_t buckets = series->count < 2 * (size_t)BUCKETS ? series->count : BUCKETS;
    moco__html_add(html, "<polyline class=\"s%zu\" points=\"", which);
    for (size_t b = 0; b < buckets; ++b) {
        write_bucket(html, series, b * series->count / buckets, (b + 1) * series->count / buckets, x, y);
    }
    moco__html_add(html, "\"/>\n");
    for (size_t i = 0; i < series->count && series->count <= FEW; ++i) {
        moco__html_add(html,
                       "<circle class=\"f%zu\" r=\"3.5\" cx=\"%.1f\" cy=\"%.1f\"><title>epoch %.4g: "
                       "%.6g</title></circle>",
                       which, x_at(x, series->epochs[i]), y_at(y, series->values[i]), series->epochs[i],
                       series->values[i]);
    }
}

/* What the picture shows, for readers who do not see it. */
static void write_label(moco__html *html, const moco__chart *chart)
{
    moco__html_add(html, "%s over the epochs:", chart->title);
    for (size_t l = 0; l < chart->count; ++l) {
        const moco_series *series = chart->lines[l];
        if (series->count > 0) {
            moco__html_add(html, "%s %s from %.4g to %.4g", l > 0 ? "," : "", chart->names[l], series->values[0],
                           series->values[series->count - 1]);
        }
    }
}

static void write_chart(moco__html *html, const moco__chart *chart)
{
    moco__axis x, y;
    moco__axes_of_chart(chart, &x, &y);
    moco__html_add(html, "<section class=\"card\"><h3>%s</h3>\n", chart->title);
    if (chart->count > 1) {
        moco__html_add(html, "<p class=\"legend\">");
        for (size_t l = 0; l < chart->count; ++l) {
            moco__html_add(html, "<span><span class=\"key k%zu\"></span>%s</span>", l, chart->names[l]);
        }
        moco__html_add(html, "</p>\n");
    }
    moco__html_add(html, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    write_label(html, chart);
    moco__html_add(html, "\">\n");
    write_axes(html, &x, &y);
    for (size_t l = 0; l < chart->count; ++l) {
        write_line(html, chart->lines[l], &x, &y, l);
    }
    moco__html_add(html, "</svg></section>\n");
}

void moco__report_curves(moco__report *report)
{
    const moco__chart charts[] = {
        { "Loss (InfoNCE)", { "loss" }, { &report->loss }, 1 },
        { "Positive among K + 1 ways, percent", { "first", "of the first five" }, { &report->acc1, &report->acc5 }, 2 },
        { "kNN accuracy on test images, percent", { "kNN" }, { &report->knn }, 1 },
        { "Learning rate", { "learning rate" }, { &report->lr }, 1 },
        { "Images a second", { "images a second" }, { &report->rate }, 1 },
        { "Time waiting for data, percent", { "data wait" }, { &report->wait }, 1 },
    };
    moco__html *html = &report->html;
    if (report->loss.count == 0) {
        return;
    }
    moco__html_add(html, "<h2>Curves</h2>\n<div class=\"grid charts\">\n");
    for (size_t i = 0; i < sizeof charts / sizeof charts[0]; ++i) {
        if (charts[i].lines[0]->count > 0) { /* a run without labels has no kNN curve */
            write_chart(html, &charts[i]);
        }
    }
    moco__html_add(html, "</div>\n");
}
