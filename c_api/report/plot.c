/* The curves of a run, from its metrics.jsonl. */
#include "moco/plot.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "report/plot_chart_internal.h"

/* One picture: its file, title and metrics. */
typedef struct picture {
    const char *file;
    const char *title;
    const char *metrics[MOCO__CHART_MAX_LINES];
    const char *names[MOCO__CHART_MAX_LINES];
    size_t count;
} picture;

static const picture pictures[] = {
    { "loss.png", "InfoNCE loss", { "loss" }, { "loss" }, 1 },
    { "accuracy.png", "accuracy over K + 1 ways, percent", { "acc1", "acc5" }, { "top 1", "top 5" }, 2 },
    { "knn.png", "kNN accuracy on test images, percent", { "knn_acc1" }, { "kNN" }, 1 },
    { "lr.png", "learning rate", { "lr" }, { "lr" }, 1 },
};

static moco_status draw_picture(const char *run, const char *folder, const picture *p)
{
    char path[MOCO_PATH_MAX];
    MOCO_TRY(moco__files_join(path, sizeof path, folder, p->file));
    moco_series series[MOCO__CHART_MAX_LINES] = { 0 };
    moco__chart chart = { .title = p->title, .count = p->count };
    size_t points = 0;
    moco_status status = MOCO_OK;
    for (size_t i = 0; i < p->count && status == MOCO_OK; ++i) {
        status = moco_series_read(&series[i], run, p->metrics[i]);
        chart.names[i] = p->names[i];
        chart.lines[i] = &series[i];
        points += series[i].count;
    }
    if (status == MOCO_OK && points > 0) { /* a run without labels has no kNN curve */
        status = moco__chart_write(&chart, path);
    }
    for (size_t i = 0; i < p->count; ++i) {
        moco_series_free(&series[i]);
    }
    return status;
}

moco_status moco_plot_curves(const char *run)
{
    MOCO_CHECK_ARG(run);
    char folder[MOCO_PATH_MAX];
    MOCO_TRY(moco__files_join(folder, sizeof folder, run, "metrics.jsonl"));
    if (!moco__files_exist(folder)) {
        return moco_error_set(MOCO_ENOTFOUND, "%s: no metrics.jsonl is there: not a run's folder?", run);
    }
    MOCO_TRY(moco__files_join(folder, sizeof folder, run, "plots"));
    MOCO_TRY(moco__mkdirs(folder));
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; ++i) {
        MOCO_TRY(draw_picture(run, folder, &pictures[i]));
    }
    return MOCO_OK;
}
