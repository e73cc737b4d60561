/* Starts a run: a new one, or from a checkpoint. */
#include "train/run_start_internal.h"

#include "base/device_internal.h"
#include "base/files_internal.h"
#include "base/text_internal.h"
#include "base/version_internal.h"
#include "config/config_stored_internal.h"
#include "config/encoder_options_internal.h"
#include "ranks/peers_internal.h"
#include "train/checkpoint_names_internal.h"
#include "train/run_agreement_internal.h"
#include "train/run_best_internal.h"
#include "train/run_changes_internal.h"
#include "train/run_data_internal.h"
#include "train/run_due_internal.h"
#include "train/run_features_internal.h"
#include "train/run_identity_internal.h"
#include "train/run_lock_internal.h"
#include "train/run_open_internal.h"

#include "moco/loss.h"
#include "moco/version.h"

#include <math.h>
#include <string.h>

static void log_processes(const moco__run *run)
{
    const moco_config *c = &run->setup.config;
    const int32_t world = moco_comm_world(run->setup.comm);
    if (world > 1) {
        moco__run_log_write(&run->report.log, MOCO_LOG_INFO,
                            "%d processes, each with %lld image%s of the batch; keys shuffled by %s; rank 0 is %s",
                            world, (long long)c->batch / world, moco__plural((uint64_t)(c->batch / world)),
                            moco_config_choice(c, "shuffle"), moco_peers_name(run->setup.peers, 0));
    }
    if (c->accumulate > 1) {
        const int64_t piece = c->batch / world / c->accumulate;
        moco__run_log_write(&run->report.log, MOCO_LOG_INFO,
                            "each process computes its part of the batch in %lld pieces of %lld image%s",
                            (long long)c->accumulate, (long long)piece, moco__plural((uint64_t)piece));
    }
}

static void log_environment(const moco__run *run)
{
    char device[256] = "";
    if (moco_device_describe(device, sizeof device, run->setup.device) != MOCO_OK) {
        device[0] = '\0';
    }
    const moco_config *c = &run->setup.config;
    const bool chosen = strcmp(c->device, "auto") == 0;
    const char *why = chosen && run->setup.device.type == MOCO_CPU ? moco__device_reason() : "";
    const char *commit = moco__commit();
    const int threads = (int)moco_threads();
    moco__run_log_write(&run->report.log, MOCO_LOG_INFO, "libmoco %s%s%s%s, libtorch %s, %s%s%s%s%s, %d thread%s",
                        moco_version(), commit[0] != '\0' ? " (" : "", commit, commit[0] != '\0' ? ")" : "",
                        moco_libtorch_version(), device, chosen ? " (auto" : "", why[0] != '\0' ? ": " : "", why,
                        chosen ? ")" : "", threads, moco__plural((uint64_t)threads));
}

static void log_data(const moco__run *run)
{
    const moco__run_setup *s = &run->setup;
    const moco__run_log *log = &run->report.log;
    char text[MOCO_PATH_MAX + 512];
    size_t shared = 0;
    moco_dataset_describe(s->images, text, sizeof text);
    const bool by_steps = s->config.max_steps > 0;
    const uint64_t length = by_steps ? s->steps : s->epochs;
    moco__run_log_write(log, MOCO_LOG_INFO, "%s; %llu step%s per epoch, %llu %s%s%s", text,
                        (unsigned long long)s->epoch_steps, moco__plural(s->epoch_steps), (unsigned long long)length,
                        by_steps ? "step" : "epoch", moco__plural(length), by_steps ? " in all" : "");
    if (s->val_images == NULL) {
        return;
    }
    moco_dataset_describe(s->val_images, text, sizeof text);
    moco__run_log_write(log, MOCO_LOG_INFO, "kNN monitor: %s", text);
    if (moco__run_is_writer(s) && moco_dataset_overlap(&shared, s->images, s->val_images) == MOCO_OK && shared > 0) {
        moco__run_log_write(log, MOCO_LOG_WARNING,
                            "kNN monitor: %zu of the %zu test images %s a training image too; no image votes on "
                            "itself",
                            shared, moco_dataset_count(s->val_images), shared == 1 ? "is" : "are each");
    }
}

/* Logs how bands are scaled, and which operations of the policy they have instead of colours. */
static void log_bands(const moco__run *run)
{
    const moco_config *c = &run->setup.config;
    const moco__run_log *log = &run->report.log;
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    bool jitters = false;
    bool greys = false;
    if (c->normalize[0] != '\0') {
        moco__run_log_write(log, MOCO_LOG_INFO, "%lld channel%s, normalised by the means/standard deviations %s",
                            (long long)c->channels, moco__plural((uint64_t)c->channels), c->normalize);
    }
    if (c->channels == 3 || moco_config_policy(&policy, c, MOCO_POLICY_TRAIN) != MOCO_OK) {
        return;
    }
    for (size_t i = 0; i < policy.count; ++i) {
        jitters = jitters || policy.ops[i].kind == MOCO_COLOR_JITTER;
        greys = greys || policy.ops[i].kind == MOCO_RANDOM_GRAYSCALE;
    }
    if (jitters || greys) {
        moco__run_log_write(log, MOCO_LOG_INFO, "images of %lld channel%s have no colours: %s%s%s",
                            (long long)c->channels, moco__plural((uint64_t)c->channels),
                            jitters ? "colour jitter changes brightness and contrast alone" : "",
                            jitters && greys ? ", and " : "",
                            !greys             ? ""
                            : c->channels == 1 ? "grey changes nothing"
                                               : "grey is the mean of the channels");
    }
}

/* Logs the negatives of the loss, its chance and its floor. */
static void log_loss(const moco__run *run)
{
    const moco_config *c = &run->setup.config;
    const moco__run_log *log = &run->report.log;
    const moco__loss_bounds bounds = moco__run_loss_bounds(&run->setup);
    const bool is_dictionary = c->mechanism == MOCO_MECHANISM_MOCO || c->mechanism == MOCO_MECHANISM_MEMORY_BANK;
    moco__run_log_write(log, MOCO_LOG_INFO,
                        "%s of mechanism %s with %s%.0f%s, T %g, dim %lld: chance %.3f, floor about %.3f",
                        c->symmetric ? "sum of two losses" : "loss", moco_config_choice(c, "mechanism"),
                        is_dictionary ? "K " : "", bounds.negatives, is_dictionary ? "" : " negatives", c->temperature,
                        (long long)c->dim, bounds.chance, bounds.floor);
    if (bounds.own >= 0.5 && c->mechanism == MOCO_MECHANISM_MOCO) {
        moco__run_log_write(log, MOCO_LOG_WARNING,
                            "the queue of %lld keys is long for %zu images: each image meets about %.1f older keys of "
                            "itself as negatives; consider queue-size %lld or less",
                            (long long)c->queue_size, moco_dataset_count(run->setup.images), bounds.own,
                            (long long)(moco_dataset_count(run->setup.images) / 2));
    }
    if (bounds.own >= 1 && c->mechanism == MOCO_MECHANISM_MEMORY_BANK) {
        moco__run_log_write(log, MOCO_LOG_WARNING,
                            "%lld negatives are drawn from a bank of %zu images: about %.1f of them are the image "
                            "itself; consider queue-size %lld or less",
                            (long long)c->queue_size, moco_dataset_count(run->setup.images), bounds.own,
                            (long long)(moco_dataset_count(run->setup.images) / 2));
    }
}

static void warn_of_precision(const moco__run *run)
{
    const moco_device device = run->setup.device;
    const moco_precision asked = run->setup.config.precision == MOCO_PRECISION_BF16 ? MOCO_BF16 : MOCO_FP32;
    const char *advice = moco__precision_advice(asked, moco_precision_fastest(device), device.type);
    if (advice != NULL) {
        moco__run_log_write(&run->report.log, MOCO_LOG_WARNING, "%s", advice);
    }
}

static void log_setup(const moco__run *run)
{
    const moco__run_setup *s = &run->setup;
    const moco_config *c = &s->config;
    const moco__run_log *log = &run->report.log;
    char lr[32];
    log_environment(run);
    log_data(run);
    log_bands(run);
    moco__run_log_write(
        log, MOCO_LOG_INFO, "%s%s, %.2f million parameters, %s, %s; batch %lld in %lld group%s of batch norm; lr %s",
        c->arch, c->cifar_stem ? " (CIFAR stem)" : "",
        (double)moco_encoder_parameter_count(moco_model_query_encoder(s->model)) / 1e6,
        moco_config_choice(c, "precision"), moco_config_choice(c, "layout"), (long long)c->batch,
        (long long)c->bn_splits, moco__plural((uint64_t)c->bn_splits), moco__number_text(lr, sizeof lr, 6, c->lr));
    warn_of_precision(run);
    log_processes(run);
    log_loss(run);
    if (s->val_images == NULL && moco__run_wants_tests(c)) {
        moco__run_log_write(log, MOCO_LOG_INFO,
                            "there is no kNN monitor, since the data has no labels or no other split; see val-data");
    }
}

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
    log_setup(run);
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

/* Reads a checkpoint's settings and where it came from. `asked`: of a restarted job, or NULL. */
static moco_status read_checkpoint(moco__run *run, char checkpoint[MOCO_PATH_MAX], const char *path,
                                   const moco_config *asked)
{
    moco_config *config = &run->setup.config;
    MOCO_TRY(moco_checkpoint_find(checkpoint, MOCO_PATH_MAX, path));
    MOCO_TRY(moco_checkpoint_read_config(config, &run->origin.position, checkpoint));
    MOCO_TRY(moco__stored_device(&run->origin.device, checkpoint));
    MOCO_TRY(moco__run_check_given(run, checkpoint));
    run->origin.epochs = config->epochs;
    run->origin.max_steps = config->max_steps;
    run->origin.threads = config->threads;
    (void)snprintf(run->origin.data, sizeof run->origin.data, "%s", config->data);
    (void)snprintf(run->origin.val_data, sizeof run->origin.val_data, "%s", config->val_data);
    if (asked != NULL) {
        MOCO_TRY(moco__run_same_settings(config, asked));
        MOCO_TRY(moco__run_take_asked(config, asked));
        run->options.threads = asked->threads;
    }
    return moco__run_change(run);
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
    char path[MOCO_PATH_MAX];
    char answer[8] = "no";
    if (moco__run_is_writer(setup)) {
        const moco_status status = moco_checkpoint_find(path, sizeof path, setup->config.out);
        if (status != MOCO_ENOTFOUND) {
            MOCO_TRY(status);
            (void)snprintf(answer, sizeof answer, "yes");
        }
    }
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
