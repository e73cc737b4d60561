/* Draws the curves of a run to files. */
#include "moco/plot.h"

#include "base/c_locale_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "report/run_charts_internal.h"

static moco_status draw(const moco__record *record, const char *folder, size_t index, moco_picture format)
{
    static const char *const endings[] = {
        [MOCO_PICTURE_AUTO] = "png", [MOCO_PICTURE_PNG] = "png", [MOCO_PICTURE_SVG] = "svg", [MOCO_PICTURE_PDF] = "pdf"
    };
    char name[32];
    char path[MOCO_PATH_MAX];
    moco__chart chart;
    const char *file = moco__run_chart(&chart, record, index);
    if (file == NULL || chart.count == 0) { /* a run without labels has no kNN curve */
        return MOCO_OK;
    }
    (void)snprintf(name, sizeof name, "%s.%s", file, endings[format]);
    MOCO_TRY(moco__files_join(path, sizeof path, folder, name));
    return moco__chart_write(&chart, path, format);
}

static moco_status draw_all(const moco__record *record, moco_picture format)
{
    char folder[MOCO_PATH_MAX];
    if (!record->has_metrics) {
        return moco_error_set(MOCO_ENOTFOUND, "%s: has no metrics.jsonl yet; train the run first", record->run);
    }
    MOCO_TRY(moco__files_join(folder, sizeof folder, record->run, "plots"));
    MOCO_TRY(moco__mkdirs(folder));
    for (size_t i = 0; i < MOCO__RUN_CHARTS; ++i) {
        MOCO_TRY(draw(record, folder, i, format));
    }
    return MOCO_OK;
}

moco_status moco_plot_curves(const char *run, moco_picture format)
{
    MOCO__IN_C_LOCALE;
    MOCO_CHECK_ARG(run);
    if (format < MOCO_PICTURE_AUTO || format > MOCO_PICTURE_PDF) {
        return moco_error_set(MOCO_EINVALID, "plot: format %d is not one of moco_picture", (int)format);
    }
    moco__record record;
    moco_status status = moco__record_read(&record, run);
    if (status == MOCO_OK) {
        status = draw_all(&record, format);
    }
    moco__record_free(&record);
    return status;
}
