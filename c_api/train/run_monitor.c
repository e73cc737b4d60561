/* Tests the encoder of a run by nearest neighbours, and draws the run's pictures. */
#include "train/run_monitor_internal.h"

#include "base/clock_internal.h"
#include "base/comm_internal.h"
#include "base/files_internal.h"
#include "ranks/statistics_internal.h"
#include "train/run_best_internal.h"
#include "train/run_metrics_internal.h"

#include "moco/evaluate.h"
#include "moco/metrics.h"
#include "moco/plot.h"

#include <math.h>
#include <stdio.h>

static moco_features_options features_options(const moco__run_setup *setup)
{
    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    moco_features_options_for(&options, &setup->config, setup->device);
    options.workers = (int32_t)setup->config.workers;
    options.skip_broken = setup->config.skip_broken;
    return options;
}

/* Asks the progress callback after each batch of the test, with the step that was the last. */
static int ask_to_stop(size_t done, size_t count, void *payload)
{
    const moco__progress *progress = payload;
    moco_progress seen = progress->seen;
    (void)done;
    (void)count;
    seen.has_metrics = false;
    return progress->callback != NULL ? progress->callback(&seen, progress->payload) : 0;
}

static moco_status knn(double *accuracy, int64_t *k, moco__run *run)
{
    const moco__run_setup *setup = &run->setup;
    moco_encoder *encoder = moco_model_query_encoder(setup->model);
    moco_features_options options = features_options(setup);
    moco_knn_options knn = MOCO_KNN_OPTIONS_INIT;
    options.comm = knn.comm = setup->comm;
    options.progress = knn.progress = ask_to_stop;
    options.payload = knn.payload = &run->report.progress;
    knn.k = setup->config.knn_k;
    knn.temperature = setup->config.knn_temperature;
    moco_features *bank = NULL;
    moco_features *queries = NULL;
    options.limit = (size_t)setup->config.knn_images;
    moco_status status = moco_features_extract(&bank, setup->images, encoder, &options);
    options.limit = 0;
    if (status == MOCO_OK) {
        status = moco_features_extract(&queries, setup->val_images, encoder, &options);
    }
    if (status == MOCO_OK) {
        knn.k = *k = knn.k > 0 ? knn.k : moco_knn_auto_k(bank);
        status = moco_knn(accuracy, NULL, bank, queries, &knn);
    }
    moco_features_free(queries);
    moco_features_free(bank);
    return status;
}

/* With several ranks the tested encoder has the mean of their running statistics, as in a checkpoint. */
static moco_status knn_of_ranks(double *accuracy, int64_t *k, moco__run *run)
{
    const moco__run_setup *setup = &run->setup;
    moco_encoder *encoder = moco_model_query_encoder(setup->model);
    moco__statistics statistics;
    MOCO_TRY(moco__statistics_gather(&statistics, setup->comm, encoder, setup->device));
    moco_status status = moco__statistics_set(encoder, statistics.mean);
    if (status == MOCO_OK) {
        status = knn(accuracy, k, run);
    }
    const float *own = statistics.all + (size_t)moco_comm_rank(setup->comm) * statistics.count;
    const moco_status restored = moco__statistics_set(encoder, own);
    moco__statistics_free(&statistics);
    return status != MOCO_OK ? status : restored;
}

static void log_accuracy(const moco__run *run, double accuracy, int64_t k, double seconds)
{
    const moco__run_setup *setup = &run->setup;
    const double first = run->report.tests.start;
    char when[64] = "before training";
    char start[64] = "";
    if (run->state.position.step > 0) {
        (void)snprintf(when, sizeof when, "epoch %g", moco__run_epoch(run));
        if (isfinite(first)) {
            (void)snprintf(start, sizeof start, "before training %.2f %%; ", first);
        }
    }
    moco__run_log_write(&run->report.log, MOCO_LOG_INFO,
                        "%s: kNN accuracy %.2f %% (%sk %lld%s; %zu test images, %.1f s)", when, accuracy, start,
                        (long long)k, setup->config.knn_k == 0 ? ", auto" : "", moco_dataset_count(setup->val_images),
                        seconds);
}

moco_status moco__run_knn(moco__run *run)
{
    const moco__run_setup *setup = &run->setup;
    moco__progress *progress = &run->report.progress;
    const double start = moco__now();
    double accuracy = 0;
    int64_t k = 0;
    MOCO_TRY(moco_comm_world(setup->comm) > 1 ? knn_of_ranks(&accuracy, &k, run) : knn(&accuracy, &k, run));
    progress->seen.knn_acc1 = accuracy;
    log_accuracy(run, accuracy, k, moco__now() - start);
    moco__run_judge(run, accuracy);
    moco__progress_leave_out(progress, start);
    if (run->state.position.step == 0) { /* the time to the end is estimated from steps */
        progress->start_time += moco__now() - start;
    }
    const moco_metric values[] = { { "knn_acc1", accuracy }, { "knn_k", (double)k } };
    return moco__run_write_metrics(run, values, sizeof values / sizeof values[0]);
}

moco_status moco__run_lacks_knn(bool *out, const moco__run *run)
{
    moco_series knn = { 0, NULL, NULL, NULL };
    int64_t lacks = 0;
    if (moco__run_is_writer(&run->setup)) {
        const bool known = moco_series_read(&knn, run->setup.config.out, "knn_acc1") == MOCO_OK;
        lacks = known && knn.count > 0 && knn.steps[knn.count - 1] >= (double)run->state.position.step ? 0 : 1;
        moco_series_free(&knn);
    }
    MOCO_TRY(moco__comm_largest(&lacks, run->setup.comm, lacks));
    *out = lacks != 0;
    return MOCO_OK;
}

moco_status moco__run_plot(const moco__run *run)
{
    const moco__run_setup *setup = &run->setup;
    const char *out = setup->config.out;
    char folder[MOCO_PATH_MAX];
    moco_sheets_options options = MOCO_SHEETS_OPTIONS_INIT;
    options.workers = (int32_t)setup->config.workers;
    options.device = setup->device;
    MOCO_TRY(moco__files_join(folder, sizeof folder, out, "plots"));
    MOCO_TRY(moco_plot_curves(out, MOCO_PICTURE_AUTO));
    MOCO_TRY(moco_plot_sheets(out, &setup->config, moco_model_query_encoder(setup->model), setup->images,
                              setup->val_images, &options));
    moco__run_log_write(&run->report.log, MOCO_LOG_INFO, "plots are in %s", folder);
    return MOCO_OK;
}
