/* The numbers that sum a run up. */
#include "report/report_internal.h"

#include "base/handle_internal.h"

#include "moco/loss.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void tile(moco__html *html, const char *name, const char *value, const char *more)
{
    moco__html_add(html, "<div class=\"tile\"><dt>%s</dt><dd class=\"big\">", name);
    moco__html_text(html, value);
    moco__html_add(html, "</dd><dd><small>");
    moco__html_text(html, more);
    moco__html_add(html, "</small></dd></div>\n");
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The middle value, which a pause or a slow start does not move. */
static double median(const moco_series *series)
{
    double *sorted = series->count > 0 ? moco__calloc(series->count, sizeof *sorted) : NULL;
    if (sorted == NULL) {
        return NAN;
    }
    for (size_t i = 0; i < series->count; ++i) {
        sorted[i] = series->values[i];
    }
    qsort(sorted, series->count, sizeof *sorted, compare);
    const double middle = sorted[series->count / 2];
    free(sorted);
    return middle;
}

/* Seconds of training: each window's images by its rate. */
static double training_seconds(const moco__report *report)
{
    const double batch = moco__report_number(report, "batch");
    double seconds = 0;
    double before = 0;
    for (size_t i = 0; i < report->rate.count; ++i) {
        seconds += report->rate.values[i] > 0 ? (report->rate.steps[i] - before) * batch / report->rate.values[i] : 0;
        before = report->rate.steps[i];
    }
    return seconds;
}

static void loss_tiles(moco__report *report)
{
    char value[64];
    char more[96];
    const double classes = moco__report_number(report, "queue_size");
    (void)snprintf(value, sizeof value, "%.3f", moco__series_last(&report->loss));
    if (isfinite(classes) && classes >= 1) {
        (void)snprintf(more, sizeof more, "InfoNCE; chance %.3f", moco_infonce_chance((int64_t)classes));
    } else {
        (void)snprintf(more, sizeof more, "InfoNCE");
    }
    tile(&report->html, "Loss", value, more);
    if (report->acc1.count > 0) {
        (void)snprintf(value, sizeof value, "%.1f %%", moco__series_last(&report->acc1));
        (void)snprintf(more, sizeof more, "top 5: %.1f %%", moco__series_last(&report->acc5));
        tile(&report->html, "Positive is first", value, more);
    }
}

static void knn_tile(moco__report *report)
{
    char value[64];
    char more[96];
    double best = 0;
    double epoch = 0;
    for (size_t i = 0; i < report->knn.count; ++i) {
        if (report->knn.values[i] > best) {
            best = report->knn.values[i];
            epoch = report->knn.epochs[i];
        }
    }
    (void)snprintf(value, sizeof value, "%.2f %%", moco__series_last(&report->knn));
    (void)snprintf(more, sizeof more, "best %.2f %% at epoch %.4g", best, epoch);
    tile(&report->html, "kNN accuracy", value, more);
}

static void speed_tiles(moco__report *report)
{
    char value[64];
    char more[96];
    double wait = 0;
    for (size_t i = 0; i < report->wait.count; ++i) {
        wait += report->wait.values[i] / (double)report->wait.count;
    }
    (void)snprintf(value, sizeof value, "%.0f", median(&report->rate));
    (void)snprintf(more, sizeof more, "median; data wait %.1f %%", wait);
    tile(&report->html, "Images a second", value, more);
    const double seconds = training_seconds(report);
    if (isfinite(seconds)) {
        const long long whole = (long long)(seconds + 0.5);
        (void)snprintf(value, sizeof value, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
        tile(&report->html, "Training time", value, "without evaluation, h:mm:ss");
    }
}

void moco__report_numbers(moco__report *report)
{
    moco__html *html = &report->html;
    char value[64];
    char more[96];
    if (report->loss.count == 0) {
        moco__html_add(html, "<p class=\"note\">No metrics have been written yet.</p>\n");
        return;
    }
    moco__html_add(html, "<h2>In numbers</h2>\n<dl class=\"grid tiles\">\n");
    loss_tiles(report);
    if (report->knn.count > 0) {
        knn_tile(report);
    }
    if (report->rate.count > 0) {
        speed_tiles(report);
    }
    (void)snprintf(value, sizeof value, "%.0f", report->loss.steps[report->loss.count - 1]);
    (void)snprintf(more, sizeof more, "%.4g epochs, batch %.0f", report->loss.epochs[report->loss.count - 1],
                   moco__report_number(report, "batch"));
    tile(html, "Steps", value, more);
    moco__html_add(html, "</dl>\n");
}
