/* Looking at a run: the kNN accuracy of its encoder, and the pictures at its end. */
#include "train/run_internal.h"

#include "base/clock_internal.h"
#include "base/files_internal.h"
#include "ranks/statistics_internal.h"

#include "moco/evaluate.h"
#include "moco/plot.h"

static moco_features_options features_options(const moco__run *run)
{
    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    moco_features_options_for(&options, &run->config, run->device);
    options.workers = (int32_t)run->config.workers;
    options.skip_broken = run->config.skip_broken;
    return options;
}

/* Ranks share the work. The pictures are rank 0's alone. */
static moco_status knn(double *accuracy, const moco__run *run)
{
    moco_encoder *encoder = moco_model_query_encoder(run->model);
    moco_features_options options = features_options(run);
    moco_knn_options knn = MOCO_KNN_OPTIONS_INIT;
    options.comm = knn.comm = run->comm;
    knn.k = run->config.knn_k;
    knn.temperature = run->config.knn_temperature;
    moco_features *bank = NULL;
    moco_features *queries = NULL;
    options.limit = (size_t)run->config.knn_images;
    moco_status status = moco_features_extract(&bank, run->images, encoder, &options);
    options.limit = 0;
    if (status == MOCO_OK) {
        status = moco_features_extract(&queries, run->val_images, encoder, &options);
    }
    if (status == MOCO_OK) {
        status = moco_knn(accuracy, NULL, bank, queries, &knn);
    }
    moco_features_free(queries);
    moco_features_free(bank);
    return status;
}

/* With several ranks the encoder that is judged has the mean of their running statistics, as a checkpoint's has. */
static moco_status knn_of_ranks(double *accuracy, const moco__run *run)
{
    moco_encoder *encoder = moco_model_query_encoder(run->model);
    moco__statistics statistics;
    MOCO_TRY(moco__statistics_gather(&statistics, run->comm, encoder, run->device));
    moco_status status = moco__statistics_set(encoder, statistics.mean);
    if (status == MOCO_OK) {
        status = knn(accuracy, run);
    }
    const float *own = statistics.all + (size_t)moco_comm_rank(run->comm) * statistics.count;
    const moco_status restored = moco__statistics_set(encoder, own);
    moco__statistics_free(&statistics);
    return status != MOCO_OK ? status : restored;
}

moco_status moco__run_knn(moco__run *run)
{
    const double start = moco__now();
    double accuracy = 0;
    MOCO_TRY(moco_comm_world(run->comm) > 1 ? knn_of_ranks(&accuracy, run) : knn(&accuracy, run));
    run->knn_acc1 = accuracy;
    const double epoch = (double)run->position.step / (double)run->epoch_steps;
    moco__run_log(run, MOCO_LOG_INFO, "epoch %g: kNN accuracy %.2f %% (%zu test images, %.1f s)", epoch, accuracy,
                  moco_dataset_count(run->val_images), moco__now() - start);
    const moco_metric value = { "knn_acc1", accuracy };
    /* The monitor's time is no training time. */
    run->window_time += moco__now() - start;
    return run->metrics == NULL ? MOCO_OK : moco_metrics_write(run->metrics, run->position.step, epoch, &value, 1);
}

moco_status moco__run_plot(moco__run *run)
{
    char folder[MOCO_PATH_MAX];
    moco_sheets_options options = MOCO_SHEETS_OPTIONS_INIT;
    options.workers = (int32_t)run->config.workers;
    options.device = run->device;
    MOCO_TRY(moco__files_join(folder, sizeof folder, run->config.out, "plots"));
    MOCO_TRY(moco_plot_curves(run->config.out, MOCO_PICTURE_AUTO));
    MOCO_TRY(moco_plot_sheets(run->config.out, &run->config, moco_model_query_encoder(run->model), run->images,
                              run->val_images, &options));
    moco__run_log(run, MOCO_LOG_INFO, "plots are in %s", folder);
    return MOCO_OK;
}
