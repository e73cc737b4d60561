/* The training loop: data, step, report, checkpoint. */
#include "base/clock_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "moco/momentum.h"
#include "moco/report.h"
#include "train/run_internal.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static moco_status save(moco__run *run)
{
    char path[MOCO_PATH_MAX];
    if (run->saved_step == run->position.step) {
        return MOCO_OK;
    }
    MOCO_TRY(moco_checkpoint_path(path, sizeof path, run->config.out, run->position.step));
    MOCO_TRY(moco_checkpoint_save(path, run->model, run->position, &run->config));
    run->saved_step = run->position.step;
    return moco__run_is_writer(run)
               ? moco_checkpoint_prune(run->config.out, run->config.keep_last, run->config.keep_every)
               : MOCO_OK;
}

static void advance(moco__run *run)
{
    run->position.step += 1;
    run->position.batch += 1;
    if (run->position.batch == run->epoch_steps) {
        run->position.batch = 0;
        run->position.epoch += 1;
    }
}

static bool is_due(const moco__run *run, int64_t every)
{
    return every > 0 && (run->position.epoch % (uint64_t)every == 0 || run->position.step == run->steps);
}

static moco_status end_epoch(moco__run *run)
{
    if (run->val_images != NULL && is_due(run, run->config.knn_every)) {
        MOCO_TRY(moco__run_knn(run));
        run->progress.knn_acc1 = run->knn_acc1;
    }
    MOCO_TRY(moco__run_check_equal(run));
    return is_due(run, run->config.checkpoint_every) ? save(run) : MOCO_OK;
}

/* Writes what a resumed run needs, and says how to go on. */
static moco_status stop(moco__run *run, double lr)
{
    MOCO_TRY(moco__run_report(run, lr, true));
    MOCO_TRY(save(run));
    moco__run_log(run, MOCO_LOG_INFO,
                  "stopped at step %llu of %llu; a checkpoint is written. Go on with: moco resume %s",
                  (unsigned long long)run->position.step, (unsigned long long)run->steps, run->config.out);
    return moco_error_set(MOCO_ESTOPPED, "stopped at step %llu of %llu by the progress callback",
                          (unsigned long long)run->position.step, (unsigned long long)run->steps);
}

/* Ranks may be asked at different steps; they stop at the same, when one is. */
static moco_status ask_to_stop(bool *out, moco__run *run)
{
    const moco_train_options *options = &run->options;
    int64_t stops = options->progress != NULL && options->progress(&run->progress, options->payload) != 0 ? 1 : 0;
    MOCO_TRY(moco_comm_largest(&stops, run->comm, stops));
    *out = stops != 0;
    return MOCO_OK;
}

static moco_status train_step(moco__run *run)
{
    const moco_config *config = &run->config;
    const double progress = (double)run->position.step / (double)run->steps;
    const double lr = moco_schedule_lr(&run->schedule, (double)run->position.epoch +
                                                           (double)run->position.batch / (double)run->epoch_steps);
    const double m = config->momentum_schedule == MOCO_MOMENTUM_COSINE
                         ? moco_momentum_cosine(config->momentum, progress)
                         : config->momentum;
    moco_batch batch;
    MOCO_TRY(moco_loader_next(run->loader, &batch));
    MOCO_TRY(moco_model_step(NULL, run->model, batch.query, batch.key, lr, m));
    advance(run);
    MOCO_TRY(moco__run_report(run, lr, false));
    if (run->position.batch == 0) {
        MOCO_TRY(end_epoch(run));
    }
    bool stops = false;
    MOCO_TRY(ask_to_stop(&stops, run));
    return stops ? stop(run, lr) : MOCO_OK;
}

static moco_status loop(moco__run *run)
{
    run->window_start = run->left_chance = run->position.step;
    run->window_time = moco__now();
    while (run->position.step < run->steps) {
        MOCO_TRY(train_step(run));
    }
    MOCO_TRY(save(run));
    if (run->config.plots && moco__run_is_writer(run) &&
        moco__run_plot(run) != MOCO_OK) { /* the training itself is safe on disk */
        moco__run_log(run, MOCO_LOG_WARNING, "cannot draw the plots: %s", moco_error_message());
    }
    moco__run_log(run, MOCO_LOG_INFO, "done: %llu steps; checkpoints are in %s/checkpoints",
                  (unsigned long long)run->steps, run->config.out);
    if (run->config.plots && moco__run_is_writer(run) && moco_report_write(run->config.out, NULL) != MOCO_OK) {
        moco__run_log(run, MOCO_LOG_WARNING, "cannot write the report: %s", moco_error_message());
    }
    return MOCO_OK;
}

static moco_status open_log(moco__run *run)
{
    char path[MOCO_PATH_MAX];
    MOCO_TRY(moco__files_join(path, sizeof path, run->config.out, "train.log"));
    run->log = fopen(path, "a");
    if (run->log == NULL) {
        return moco_error_set(MOCO_EIO, "%s: cannot open: %s", path, strerror(errno));
    }
    return moco_metrics_open(&run->metrics, run->config.out, run->position.step, run->config.tensorboard);
}

moco_status moco__run_create_folder(const moco_config *config)
{
    char path[MOCO_PATH_MAX];
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "checkpoints"));
    MOCO_TRY(moco__mkdirs(path));
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "plots"));
    MOCO_TRY(moco__mkdirs(path));
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "config.yaml"));
    return moco_config_save(config, path);
}

moco_status moco__run_refuse_used_folder(const char *out)
{
    if (out[0] == '\0') {
        return moco_error_set(MOCO_EINVALID, "no folder for the run is given; use --out RUN");
    }
    if (moco__files_exist(out) && !moco__directory_is_empty(out)) {
        return moco_error_set(MOCO_EEXISTS,
                              "%s is there already and is no empty folder; choose another --out, or go on with: moco "
                              "resume %s",
                              out, out);
    }
    return MOCO_OK;
}

moco__run *moco__run_allocate(const moco_config *config, const moco_train_options *options)
{
    moco__run *run = moco__handle_alloc(sizeof *run);
    if (run != NULL) {
        run->config = *config;
        if (options != NULL) {
            run->options = *options;
            run->comm = moco_peers_comm(options->peers);
        }
        run->saved_step = UINT64_MAX;
        run->knn_acc1 = NAN;
        run->progress.loss = run->progress.eta_s = run->progress.knn_acc1 = run->progress.val_acc1 = NAN;
    }
    return run;
}

/* Both ways into a run: everything that can be wrong is found before the folder is touched. */
moco_status moco__run_open(moco__run *run)
{
    MOCO_TRY(moco_config_check(&run->config));
    MOCO_TRY(moco__run_resolve(run));
    MOCO_TRY(moco__run_open_data(run));
    MOCO_TRY(moco__run_agree(run));
    return moco__run_create_model(run);
}

/* Starts at run->position. */
static moco_status start(moco__run *run)
{
    if (moco__run_is_writer(run)) {
        MOCO_TRY(open_log(run));
    }
    MOCO_TRY(moco__run_start(run));
    moco__run_log_start(run);
    return MOCO_OK;
}

/* Whether a restarted job finds the folder of a run that ended before its first checkpoint. */
static bool holds_young_run(const moco__run *run)
{
    char path[MOCO_PATH_MAX];
    return run->options.goes_on && moco__files_join(path, sizeof path, run->config.out, "config.yaml") == MOCO_OK &&
           moco__files_exist(path);
}

static moco_status train_new(moco__run *run)
{
    if (moco__run_is_writer(run) && !holds_young_run(run)) {
        MOCO_TRY(moco__run_refuse_used_folder(run->config.out));
    }
    MOCO_TRY(moco__run_open(run));
    if (moco__run_is_writer(run)) {
        MOCO_TRY(moco__run_create_folder(&run->config));
    }
    MOCO_TRY(start(run));
    return loop(run);
}

/* Rank 0 reads the settings; the others may not see its folder. */
static moco_status read_settings(moco__run *run, char checkpoint[MOCO_PATH_MAX], const char *path)
{
    run->resumes = true;
    if (moco__run_is_writer(run)) {
        MOCO_TRY(moco_checkpoint_find(checkpoint, MOCO_PATH_MAX, path));
        MOCO_TRY(moco_checkpoint_read_config(&run->config, NULL, checkpoint));
    }
    MOCO_TRY(moco__run_share_config(run));
    /* The folder may have been moved or copied since. */
    (void)snprintf(run->config.out, sizeof run->config.out, "%s", path);
    return MOCO_OK;
}

static moco_status continue_from(moco__run *run, const char *checkpoint)
{
    MOCO_TRY(moco__run_open(run));
    MOCO_TRY(moco_checkpoint_load(run->model, &run->position, checkpoint));
    run->saved_step = run->position.step;
    MOCO_TRY(start(run));
    moco__run_log(run, MOCO_LOG_INFO, "goes on from %s at step %llu of %llu", checkpoint,
                  (unsigned long long)run->position.step, (unsigned long long)run->steps);
    return loop(run);
}

static moco_status train_on(moco__run *run, const char *path)
{
    char checkpoint[MOCO_PATH_MAX] = "";
    MOCO_TRY(read_settings(run, checkpoint, path));
    return continue_from(run, checkpoint);
}

/* Whether rank 0 finds a checkpoint to go on from: all ranks do as it says. */
static moco_status finds_checkpoint(bool *out, moco__run *run)
{
    char path[MOCO_PATH_MAX];
    char answer[8] = "no";
    if (moco__run_is_writer(run)) {
        const moco_status status = moco_checkpoint_find(path, sizeof path, run->config.out);
        if (status != MOCO_ENOTFOUND) {
            MOCO_TRY(status);
            (void)snprintf(answer, sizeof answer, "yes");
        }
    }
    MOCO_TRY(moco_peers_share(run->options.peers, answer, sizeof answer));
    *out = strcmp(answer, "yes") == 0;
    return MOCO_OK;
}

/* A restarted job: goes on where it can, with the settings that it is given again. */
static moco_status train_again(moco__run *run)
{
    bool found = false;
    MOCO_TRY(finds_checkpoint(&found, run));
    if (!found) {
        return train_new(run);
    }
    const moco_config asked = run->config;
    char checkpoint[MOCO_PATH_MAX] = "";
    MOCO_TRY(read_settings(run, checkpoint, asked.out));
    MOCO_TRY(moco__run_same_settings(&run->config, &asked));
    return continue_from(run, checkpoint);
}

/* Tells the other ranks of a failure, or finds out which of them failed, before anything is closed. */
static moco_status end(moco__run *run, moco_status status)
{
    if (status != MOCO_OK && status != MOCO_ESTOPPED) {
        status = moco_peers_fail(run->options.peers, status);
        moco__run_log_file(run, moco_error_message());
    }
    moco__run_close(run);
    return status;
}

moco_status moco_train(const moco_config *config, const moco_train_options *options)
{
    MOCO_CHECK_ARG(config);
    moco__run *run = moco__run_allocate(config, options);
    if (run == NULL) {
        return MOCO_ENOMEM;
    }
    return end(run, run->options.goes_on ? train_again(run) : train_new(run));
}

moco_status moco_resume(const char *path, const moco_train_options *options)
{
    MOCO_CHECK_ARG(path);
    moco__run *run = moco__run_allocate(&(moco_config){ 0 }, options);
    return run != NULL ? end(run, train_on(run, path)) : MOCO_ENOMEM;
}
