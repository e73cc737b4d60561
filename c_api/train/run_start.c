/* Starts a run: a new one, or from a checkpoint. */
#include "train/run_start_internal.h"

#include "base/files_internal.h"
#include "config/config_stored_internal.h"
#include "ranks/peers_internal.h"
#include "train/checkpoint_names_internal.h"
#include "train/run_agreement_internal.h"
#include "train/run_best_internal.h"
#include "train/run_changes_internal.h"
#include "train/run_data_internal.h"
#include "train/run_features_internal.h"
#include "train/run_identity_internal.h"
#include "train/run_lock_internal.h"
#include "train/run_log_setup_internal.h"
#include "train/run_open_internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Makes at the run's position what gives the images. */
static moco_status open_images(moco__run *run)
{
    MOCO_TRY(moco__run_open_sampler(&run->setup, run->state.position));
    MOCO_TRY(moco__run_check_length(run));
    return moco__run_open_loader(&run->setup);
}

/* Opens log and metrics. */
static moco_status start(moco__run *run)
{
    moco__run_setup *setup = &run->setup;
    moco__run_report *report = &run->report;
    const moco_config *config = &setup->config;
    if (moco__run_is_writer(setup)) {
        MOCO_TRY(moco__run_log_open(&report->log, config->out));
        MOCO_TRY(moco_metrics_open(&report->metrics, config->out, run->state.position.step, config->tensorboard));
    }
    moco__run_recall(run);
    moco__run_log_setup(run);
    report->left_chance = report->health.was_spread = run->state.position.step;
    report->health.best_knn = NAN;
    moco__run_recall_features(run);
    report->progress = (moco__progress){
        .seen = { .step = run->state.position.step, .epochs = setup->epochs, .epoch_steps = setup->epoch_steps },
        .callback = run->options.progress,
        .payload = run->options.payload,
        .comm = setup->comm,
        .loader = setup->loader,
        .print_freq = (uint64_t)config->print_freq,
        .batch = (double)config->batch,
        .shift = setup->shift,
        .max_steps = (uint64_t)config->max_steps,
    };
    moco__progress_start(&report->progress);
    return MOCO_OK;
}

/* Returns whether the folder of a restarted job holds a run that ended before its first checkpoint. */
static bool holds_young_run(const moco__run *run)
{
    return run->options.resume_existing && moco__files_exist_in(run->setup.config.out, "config.yaml");
}

moco_status moco__run_start_new(moco__run *run)
{
    const bool is_young = holds_young_run(run);
    MOCO_TRY(moco__run_check_places(&run->setup));
    if (moco__run_is_writer(&run->setup) && !is_young) {
        MOCO_TRY(moco__run_refuse_used_folder(run->setup.config.out));
    }
    MOCO_TRY(moco__run_open(&run->setup));
    MOCO_TRY(moco__run_note_given(run));
    MOCO_TRY(open_images(run)); /* what does not fit is refused before the folder is there */
    if (moco__run_is_writer(&run->setup)) {
        MOCO_TRY(moco__run_create_folder(&run->setup.config, &run->lock, is_young));
    }
    return start(run);
}

/* Refuses a place that the run cannot have come to. The checksum finds damage, but a checkpoint may have none. */
static moco_status check_position(const moco__run *run, const char *checkpoint, const char *path)
{
    const uint64_t most = UINT64_C(1) << 53; /* metrics.jsonl has steps as doubles */
    const moco_position *at = &run->origin.position;
    const uint64_t step = at->step;
    const moco_config *config = &run->setup.config;
    const bool is_beyond = config->max_steps == 0 && at->epoch + (at->batch > 0 ? 1 : 0) > (uint64_t)config->epochs;
    char named[MOCO_PATH_MAX];
    if (step > most || at->epoch > step || at->batch > step || is_beyond) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: the run cannot have come to step %" PRIu64 ", epoch %" PRIu64 ", batch %" PRIu64
                              "; delete the file to continue from the checkpoint before it",
                              checkpoint, step, at->epoch, at->batch);
    }
    if (moco__is_directory(path)) {
        MOCO_TRY(moco_checkpoint_path(named, sizeof named, path, step));
        if (strcmp(named, checkpoint) != 0) {
            return moco_error_set(
                MOCO_EFORMAT, "%s is of step %" PRIu64 ", unlike its name; delete it to continue from the one before",
                checkpoint, step);
        }
    }
    return MOCO_OK;
}

/* Reads a checkpoint's settings and where it came from. `asked`: of a restarted job, or NULL. */
static moco_status read_checkpoint(moco__run *run, char checkpoint[MOCO_PATH_MAX], const char *path,
                                   const moco_config *asked)
{
    moco_config *config = &run->setup.config;
    MOCO_TRY(moco__is_directory(path) ? moco__checkpoint_find_undamaged(checkpoint, MOCO_PATH_MAX, path)
                                      : moco_checkpoint_find(checkpoint, MOCO_PATH_MAX, path));
    MOCO_TRY(moco_checkpoint_read_config(config, &run->origin.position, checkpoint));
    MOCO_TRY(check_position(run, checkpoint, path));
    MOCO_TRY(moco__stored_device(&run->origin.device, checkpoint));
    MOCO_TRY(moco__run_check_given(run, checkpoint));
    run->origin.epochs = config->epochs;
    run->origin.max_steps = config->max_steps;
    run->origin.threads = config->threads;
    (void)snprintf(run->origin.data, sizeof run->origin.data, "%s", config->data);
    (void)snprintf(run->origin.val_data, sizeof run->origin.val_data, "%s", config->val_data);
    if (asked != NULL) {
        MOCO_TRY(moco__run_same_settings(config, asked));
        run->options.threads = asked->threads;
    }
    return moco__run_change(run, asked);
}

/* Rank 0 reads the settings, since the other ranks may not see its folder. */
static moco_status read_settings(moco__run *run, char checkpoint[MOCO_PATH_MAX], const char *path,
                                 const moco_config *asked)
{
    moco__run_setup *setup = &run->setup;
    setup->resumes = true;
    if (moco__run_is_writer(setup)) {
        MOCO_TRY(moco__is_directory(path) ? moco__run_lock(&run->lock, path) : MOCO_OK);
        MOCO_TRY(read_checkpoint(run, checkpoint, path, asked));
    }
    MOCO_TRY(moco__run_share_config(setup));
    MOCO_TRY(moco__run_take_places(run));
    /* The folder may have been moved or copied since. */
    (void)snprintf(setup->config.out, sizeof setup->config.out, "%s", path);
    return MOCO_OK;
}

/* Updates the folder's configuration if the run was changed. */
static moco_status save_config(const moco__run *run)
{
    char path[MOCO_PATH_MAX];
    const moco_config *config = &run->setup.config;
    const bool changed = config->epochs != run->origin.epochs || config->max_steps != run->origin.max_steps ||
                         config->threads != run->origin.threads || run->setup.device.type != run->origin.device ||
                         moco__run_has_moved(run);
    if (!moco__run_is_writer(&run->setup) || !changed) {
        return MOCO_OK;
    }
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "config.yaml"));
    return moco_config_save(config, path);
}

static moco_status start_from(moco__run *run, const char *checkpoint)
{
    MOCO_TRY(moco__run_open(&run->setup));
    MOCO_TRY(moco__run_is_writer(&run->setup) ? moco__run_check_bank(&run->setup, checkpoint) : MOCO_OK);
    MOCO_TRY(moco_checkpoint_load(run->setup.model, &run->state.position, checkpoint));
    MOCO_TRY(moco__run_check_order(run, checkpoint));
    MOCO_TRY(moco__run_check_identity(run, checkpoint));
    MOCO_TRY(moco__run_note_given(run));
    run->state.saved_step = run->state.position.step;
    MOCO_TRY(open_images(run));
    MOCO_TRY(start(run));
    MOCO_TRY(save_config(run));
    moco__run_log_write(&run->report.log, MOCO_LOG_INFO, "continues from %s at step %llu of %llu", checkpoint,
                        (unsigned long long)run->state.position.step, (unsigned long long)run->setup.steps);
    moco__run_log_changes(run);
    return MOCO_OK;
}

moco_status moco__run_start_resumed(moco__run *run, const char *path)
{
    char checkpoint[MOCO_PATH_MAX] = "";
    char folder[MOCO_PATH_MAX];
    bool best = false;
    if (!moco__is_directory(path) && moco__checkpoint_alias(folder, sizeof folder, &best, path)) {
        return moco_error_set(MOCO_EINVALID, "%s names a checkpoint; a run continues from its newest: give %s", path,
                              folder);
    }
    MOCO_TRY(read_settings(run, checkpoint, path, NULL));
    return start_from(run, checkpoint);
}

/* Finds out whether rank 0 has a checkpoint; all ranks get the same answer. */
static moco_status find_checkpoint(bool *out, const moco__run_setup *setup)
{
    bool found = false;
    char answer[8];
    if (moco__run_is_writer(setup)) {
        MOCO_TRY(moco__checkpoint_exists(&found, setup->config.out));
    }
    (void)snprintf(answer, sizeof answer, "%s", found ? "yes" : "no");
    MOCO_TRY(moco__peers_share(setup->peers, answer, sizeof answer));
    *out = strcmp(answer, "yes") == 0;
    return MOCO_OK;
}

moco_status moco__run_start_or_resume(moco__run *run)
{
    bool found = false;
    MOCO_TRY(find_checkpoint(&found, &run->setup));
    if (!found) {
        return moco__run_start_new(run);
    }
    const moco_config asked = run->setup.config;
    char checkpoint[MOCO_PATH_MAX] = "";
    MOCO_TRY(read_settings(run, checkpoint, asked.out, &asked));
    return start_from(run, checkpoint);
}
