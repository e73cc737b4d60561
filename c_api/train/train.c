/* The training loop: takes a step, reports it, and saves a checkpoint when one is due. */
#include "base/clock_internal.h"
#include "base/handle_internal.h"
#include "base/text_internal.h"
#include "dataset/dataset_internal.h"
#include "ranks/comm_numbers_internal.h"
#include "train/run_agreement_internal.h"
#include "train/run_data_internal.h"
#include "train/run_due_internal.h"
#include "train/run_features_internal.h"
#include "train/run_health_internal.h"
#include "train/run_metrics_internal.h"
#include "train/run_monitor_internal.h"
#include "train/run_save_internal.h"
#include "train/run_start_internal.h"

#include "moco/momentum.h"
#include "moco/report.h"

#include <stdio.h>
#include <stdlib.h>

static void advance(moco_position *position, uint64_t epoch_steps)
{
    position->step += 1;
    position->batch += 1;
    if (position->batch == epoch_steps) {
        position->batch = 0;
        position->epoch += 1;
    }
}

/* Writes what a resumed run needs, and says how to continue. */
static moco_status stop(moco__run *run)
{
    MOCO_TRY(moco__run_read_metrics(run));
    MOCO_TRY(moco__run_save(run));
    MOCO_TRY(moco__writer_wait(&run->writer));
    const bool is_given = run->setup.given.images != NULL;
    moco__run_log_write(
        &run->report.log, MOCO_LOG_INFO, "stopped at step %llu of %llu, with a checkpoint; continue with: %s%s",
        (unsigned long long)run->state.position.step, (unsigned long long)run->setup.steps,
        is_given ? "moco_resume() and the same dataset" : "moco resume ", is_given ? "" : run->setup.config.out);
    return moco__progress_stopped(&run->report.progress);
}

/* Tests the network, once a checkpoint of it is on the disk. */
static moco_status test(moco__run *run)
{
    MOCO_TRY(moco__writer_wait(&run->writer));
    const moco_status status = moco__run_knn(run);
    run->state.tested_time = moco__now();
    return status == MOCO_ESTOPPED ? stop(run) : status;
}

/* The checkpoint comes before the test, which may take long: whatever ends the process then, no step is lost. */
static moco_status do_what_is_due(moco__run *run, int64_t due)
{
    MOCO_TRY(moco__run_check_equal(&run->setup, run->state.position.step));
    if ((due & MOCO__DUE_CHECKPOINT) != 0) {
        MOCO_TRY(moco__run_save(run));
    }
    MOCO_TRY(moco__run_measure_features(run));
    if ((due & MOCO__DUE_TEST) == 0) {
        return MOCO_OK;
    }
    const bool is_saved = run->state.saved_step == run->state.position.step;
    const double saved_time = run->state.saved_time;
    MOCO_TRY(moco__run_save_more(run));
    MOCO_TRY(test(run));
    run->state.saved_time = saved_time;
    return is_saved ? MOCO_OK : moco__run_forget(run);
}

/* Measures features before the first step, and makes up for the measurement before which a run broke off. */
static moco_status measure_what_lacks(moco__run *run)
{
    const moco_position *at = &run->state.position;
    const bool may_lack = !run->origin.data_changed && (at->batch == 0 || moco__run_due(run) != 0);
    return at->step == 0 || may_lack ? moco__run_measure_features(run) : MOCO_OK;
}

/* Tests the network before the first step, and makes up for the test in which a run broke off. */
static moco_status test_what_lacks(moco__run *run)
{
    const moco__run_setup *setup = &run->setup;
    bool lacks = false;
    const bool starts = run->state.position.step == 0;
    const bool may_lack = setup->resumes && !run->origin.data_changed;
    if (!(starts || may_lack) || (moco__run_due(run) & MOCO__DUE_TEST) == 0) {
        return MOCO_OK;
    }
    MOCO_TRY(moco__run_lacks_knn(&lacks, run));
    return lacks ? test(run) : MOCO_OK;
}

static moco_status learn_batch(moco__run *run, double lr)
{
    const moco_config *config = &run->setup.config;
    const double done = (double)run->state.position.step / (double)run->setup.steps;
    const bool rises = config->momentum_schedule == MOCO_MOMENTUM_COSINE;
    const double m = rises ? moco_momentum_cosine(config->momentum, done) : config->momentum;
    moco_batch batch;
    MOCO_TRY(moco_loader_next(run->setup.loader, &batch));
    moco__pace_begin(&run->report.pace);
    const moco_status status = moco_model_step_samples(moco__run_wants_step(run), run->setup.model, batch.query,
                                                       batch.key, batch.indices, lr, m);
    moco__pace_end(&run->report.pace);
    return status;
}

/* Stops, or does what is due by the clock of rank 0, when all ranks know of it. */
static moco_status follow_clock(moco__run *run)
{
    int64_t answer = 0;
    const int64_t wish = moco__run_due_by_clock(run) & ~run->state.wished;
    run->state.wished |= wish;
    MOCO_TRY(moco__progress_ask_for(&answer, &run->report.progress, wish));
    if (answer >= MOCO__STOPS) {
        return stop(run);
    }
    if (answer == 0) {
        return MOCO_OK;
    }
    MOCO_TRY(moco__run_read_metrics(run));
    MOCO_TRY(do_what_is_due(run, answer));
    run->state.wished &= ~answer;
    return MOCO_OK;
}

static moco_status step(moco__run *run)
{
    moco_position *position = &run->state.position;
    moco__progress *progress = &run->report.progress;
    const uint64_t epoch_steps = run->setup.epoch_steps;
    const double epoch = (double)position->epoch + (double)position->batch / (double)epoch_steps;
    const double lr = moco_schedule_lr(&run->setup.schedule, epoch);
    MOCO_TRY(learn_batch(run, lr));
    MOCO_TRY(moco__writer_check(&run->writer));
    advance(position, epoch_steps);
    moco__progress_advance(progress, lr);
    const int64_t due = moco__run_due(run);
    if (moco__progress_is_due(progress) || due != 0) {
        MOCO_TRY(moco__run_read_metrics(run));
    }
    if (position->batch == 0 || due != 0) {
        MOCO_TRY(do_what_is_due(run, due));
    }
    return follow_clock(run);
}

/* Logs that something could not be drawn. The training is already safe on disk, so this does not end the run. */
static void warn_of_failure(const moco__run *run, const char *what, moco_status status)
{
    if (status != MOCO_OK) {
        moco__run_log_write(&run->report.log, MOCO_LOG_WARNING, "cannot %s: %s", what, moco_error_message());
    }
}

/* Counts the images that at least one process has skipped. */
static moco_status count_skipped(size_t *out, const moco__run_setup *setup)
{
    const size_t images = moco_dataset_count(setup->images);
    int64_t *times = moco__calloc(images, sizeof *times);
    if (times == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < images; ++i) {
        times[i] = moco__dataset_is_skipped(setup->images, i) ? 1 : 0;
    }
    const moco_status status = moco__comm_sum_numbers(setup->comm, setup->device, times, images);
    *out = 0;
    for (size_t i = 0; i < images; ++i) {
        *out += times[i] > 0 ? 1 : 0;
    }
    free(times);
    return status;
}

/* Logs how many training images all processes together have skipped. */
static moco_status log_skipped_of_all(const moco__run *run)
{
    const moco__run_setup *setup = &run->setup;
    const int32_t world = moco_comm_world(setup->comm);
    int64_t any = (int64_t)moco_dataset_skipped(setup->images, NULL, 0);
    size_t count = 0;
    if (!setup->config.skip_broken || world == 1) {
        return MOCO_OK;
    }
    MOCO_TRY(moco__comm_sum_numbers(setup->comm, setup->device, &any, 1));
    if (any > 0) {
        MOCO_TRY(count_skipped(&count, setup));
        moco__run_log_write(&run->report.log, MOCO_LOG_INFO, "all %d processes together skipped %zu of %zu images",
                            world, count, moco_dataset_count(setup->images));
    }
    return MOCO_OK;
}

static moco_status train(moco__run *run)
{
    const moco_config *config = &run->setup.config;
    const bool draws = config->plots && moco__run_is_writer(&run->setup);
    const double start = moco__now();
    moco__run_start_clocks(run);
    MOCO_TRY(measure_what_lacks(run));
    MOCO_TRY(test_what_lacks(run));
    while (run->state.position.step < run->setup.steps) {
        MOCO_TRY(step(run));
    }
    MOCO_TRY(moco__run_save(run));
    MOCO_TRY(moco__writer_wait(&run->writer));
    MOCO_TRY(log_skipped_of_all(run));
    moco_log(MOCO_LOG_DEBUG, "the monitors took %.2f of %.2f s", run->report.health.seconds, moco__now() - start);
    if (draws) {
        warn_of_failure(run, "draw the plots", moco__run_plot(run));
    }
    moco__run_log_write(&run->report.log, MOCO_LOG_INFO, "done: %llu step%s; checkpoints are in %s/checkpoints",
                        (unsigned long long)run->setup.steps, moco__plural(run->setup.steps), config->out);
    if (draws) {
        warn_of_failure(run, "write the report", moco_report_write(config->out, NULL));
    }
    return MOCO_OK;
}

/* Logs what this process has skipped: all ranks to standard error, rank 0 also to train.log. */
static void log_skipped(const moco__run *run, const moco_dataset *images)
{
    char text[2 * MOCO_PATH_MAX];
    const bool one = moco_comm_world(run->setup.comm) == 1;
    if (images != NULL && moco_dataset_skipped(images, text, sizeof text) > 0) {
        moco__run_log_write(&run->report.log, MOCO_LOG_WARNING, "%s%s", one ? "" : "this process ", text);
    }
}

/* Reports a failure to the other ranks, or finds out which of them failed, before anything is closed. */
static moco_status end(moco__run *run, moco_status status)
{
    log_skipped(run, run->setup.images);
    log_skipped(run, run->setup.val_images);
    if (status != MOCO_OK && status != MOCO_ESTOPPED) {
        status = moco_peers_fail(run->options.peers, status);
        char failure[MOCO_PATH_MAX + 1024];
        (void)snprintf(failure, sizeof failure, "failed: %s", moco_error_message());
        moco__run_log_line(&run->report.log, failure);
    }
    moco__run_free(run);
    return status;
}

moco_status moco_train(const moco_config *config, const moco_train_options *options)
{
    MOCO_CHECK_ARG(config);
    moco__run *run = NULL;
    MOCO_TRY(moco__run_create(&run, config, options));
    moco_status status = moco__run_take_given(run, true);
    if (status == MOCO_OK) {
        status = run->options.resume_existing ? moco__run_start_or_resume(run) : moco__run_start_new(run);
    }
    if (status == MOCO_OK) {
        status = train(run);
    }
    return end(run, status);
}

moco_status moco_resume(const char *run, const moco_train_options *options)
{
    MOCO_CHECK_ARG(run);
    moco__run *resumed = NULL;
    moco_config replaced; /* by the run's */
    moco_config_init(&replaced, sizeof replaced);
    MOCO_TRY(moco__run_create(&resumed, &replaced, options));
    moco_status status = moco__run_take_given(resumed, false);
    if (status == MOCO_OK) {
        status = moco__run_start_resumed(resumed, run);
    }
    if (status == MOCO_OK) {
        status = train(resumed);
    }
    return end(resumed, status);
}
