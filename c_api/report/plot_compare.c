/* Draws one metric of several runs in one chart. */
#include "moco/plot.h"

#include "base/c_locale_internal.h"
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "report/chart_internal.h"
#include "report/report_read_internal.h"
#include "report/series_values_internal.h"

#include <string.h>

_Static_assert(MOCO_PLOT_MAX_RUNS == MOCO__CHART_LINES, "a chart takes a line for each run");

/* The metrics that a run writes. */
static const struct {
    const char *key, *title, *label;
    moco__values values;
} known[] = {
    { "loss", "InfoNCE loss", "loss (nats)", MOCO__MEANS },
    { "acc1", "Contrastive accuracy, top-1", "accuracy (%)", MOCO__MEANS },
    { "acc5", "Contrastive accuracy, top-5", "accuracy (%)", MOCO__MEANS },
    { "knn_acc1", "kNN accuracy on test images", "accuracy (%)", MOCO__POINTS },
    { "lr", "Learning rate", "learning rate", MOCO__POINTS },
    { "images_per_s", "Training speed", "images/s", MOCO__RATES },
    { "data_wait", "Time spent waiting for data", "share of time", MOCO__MEANS },
};

/* A chart with the series that it borrows. */
typedef struct comparison {
    moco__chart chart;
    moco_series series[MOCO_PLOT_MAX_RUNS];
    moco__values values;
} comparison;

static void keep_until(moco_series *series, int64_t last_step)
{
    while (last_step > 0 && series->count > 0 && series->steps[series->count - 1] > (double)last_step) {
        series->count -= 1;
    }
}

static void name_metric(comparison *c, const char *metric)
{
    c->chart.title = metric;
    c->chart.label = metric;
    c->chart.is_stepped = strcmp(metric, "lr") == 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i) {
        if (strcmp(known[i].key, metric) == 0) {
            c->chart.title = known[i].title;
            c->chart.label = known[i].label;
            c->values = known[i].values;
        }
    }
}

static moco_status add_run(comparison *c, const char *run, const moco_compare_options *o)
{
    const size_t place = c->chart.count;
    moco_series *series = &c->series[place];
    MOCO_TRY(moco_series_read(series, run, o->metric));
    keep_until(series, o->last_step);
    if (series->count == 0) {
        moco_log(MOCO_LOG_WARNING, "plot: %s: no line of its metrics.jsonl has \"%s\"; the run is left out", run,
                 o->metric);
        moco_series_free(series);
        *series = (moco_series){ .count = 0 };
        return MOCO_OK;
    }
    moco__series_merge(series, c->values);
    moco__run_name(c->chart.lines[place].name, sizeof c->chart.lines[place].name, run);
    c->chart.lines[place].series = series;
    c->chart.count += 1;
    return MOCO_OK;
}

static moco_status check(const moco_compare_options *o, const char *const *runs, size_t count)
{
    if (count == 0 || count > MOCO_PLOT_MAX_RUNS) {
        return moco_error_set(MOCO_EINVALID, "plot: %zu runs are given; a chart takes 1 to %d", count,
                              MOCO_PLOT_MAX_RUNS);
    }
    for (size_t i = 0; i < count; ++i) {
        if (runs[i] == NULL) {
            return moco_error_set(MOCO_EINVALID, "plot: runs[%zu] is NULL; give the folder of a run", i);
        }
    }
    if (o->metric == NULL) {
        return moco_error_set(MOCO_EINVALID, "plot: options->metric is NULL; give a name such as \"loss\"");
    }
    return MOCO_OK;
}

MOCO__DEFINE_INIT(moco_compare_options, MOCO_COMPARE_OPTIONS_INIT)

moco_status moco_plot_compare(const char *path, const char *const *runs, size_t count,
                              const moco_compare_options *options)
{
    MOCO__IN_C_LOCALE;
    moco_compare_options o;
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(runs);
    MOCO__READ_OPTIONS(&o, options, MOCO_COMPARE_OPTIONS_INIT);
    MOCO_TRY(check(&o, runs, count));
    comparison c = { .values = MOCO__POINTS };
    moco_status status = MOCO_OK;
    name_metric(&c, o.metric);
    for (size_t i = 0; i < count && status == MOCO_OK; ++i) {
        status = add_run(&c, runs[i], &o);
    }
    if (status == MOCO_OK && c.chart.count == 0) {
        status = moco_error_set(MOCO_ENOTFOUND, "plot: none of the runs has the metric \"%s\" in its metrics.jsonl",
                                o.metric);
    }
    if (status == MOCO_OK) {
        status = moco__chart_write(&c.chart, path, o.format);
    }
    for (size_t i = 0; i < MOCO_PLOT_MAX_RUNS; ++i) {
        moco_series_free(&c.series[i]);
    }
    return status;
}
