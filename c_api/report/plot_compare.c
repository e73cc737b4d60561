/* One metric of several runs in one chart. */
#include "moco/plot.h"

#include "base/handle_internal.h"
#include "report/plot_chart_internal.h"

#include <string.h>

_Static_assert(MOCO_PLOT_MAX_RUNS == MOCO__CHART_MAX_LINES, "a chart takes a line for each run");

/* The last part of a path, without slashes at its end. */
static void name_run(char *out, size_t size, const char *run)
{
    size_t end = strlen(run);
    while (end > 1 && run[end - 1] == '/') {
        end -= 1;
    }
    size_t start = end;
    while (start > 0 && run[start - 1] != '/') {
        start -= 1;
    }
    const size_t length = end - start < size ? end - start : size - 1;
    memcpy(out, run + start, length);
    out[length] = '\0';
}

static void keep_until(moco_series *series, int64_t last_step)
{
    while (last_step > 0 && series->count > 0 && series->steps[series->count - 1] > (double)last_step) {
        series->count -= 1;
    }
}

static moco_status read_line(moco_series *out, const char *run, const char *metric, int64_t last_step)
{
    MOCO_TRY(moco_series_read(out, run, metric));
    keep_until(out, last_step);
    if (out->count == 0) {
        return moco_error_set(MOCO_ENOTFOUND, "%s: no line of its metrics.jsonl has \"%s\"", run, metric);
    }
    return MOCO_OK;
}

moco_status moco_plot_compare(const char *path, const char *const *runs, size_t count, const char *metric,
                              int64_t last_step)
{
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(runs);
    MOCO_CHECK_ARG(metric);
    if (count == 0 || count > MOCO_PLOT_MAX_RUNS) {
        return moco_error_set(MOCO_EINVALID, "plot: %zu runs; a chart takes 1 to %d", count, MOCO_PLOT_MAX_RUNS);
    }
    char names[MOCO_PLOT_MAX_RUNS][64];
    moco_series series[MOCO_PLOT_MAX_RUNS] = { 0 };
    moco__chart chart = { .title = metric, .count = count };
    moco_status status = MOCO_OK;
    for (size_t i = 0; i < count && status == MOCO_OK; ++i) {
        name_run(names[i], sizeof names[i], runs[i]);
        status = read_line(&series[i], runs[i], metric, last_step);
        chart.names[i] = names[i];
        chart.lines[i] = &series[i];
    }
    if (status == MOCO_OK) {
        status = moco__chart_write(&chart, path);
    }
    for (size_t i = 0; i < count; ++i) {
        moco_series_free(&series[i]);
    }
    return status;
}
