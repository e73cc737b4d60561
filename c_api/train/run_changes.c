/* Decides which options may change when a run continues, and says what that does to its numbers. */
#include "train/run_changes_internal.h"

#include "base/device_internal.h"
#include "config/config_fields_internal.h"

#include <stdio.h>
#include <string.h>

bool moco__run_may_change(const moco_option *option)
{
    return option->per_host || strcmp(option->name, "layout") == 0 || strcmp(option->name, "cuda-graph") == 0;
}

/* Takes what a restarted job may change from its configuration; "auto" keeps the run's. */
static moco_status take_asked(moco_config *of_run, const moco_config *asked)
{
    const moco_option *option;
    char value[MOCO_PATH_MAX];
    for (size_t i = 0; (option = moco_config_option(i)) != NULL; ++i) {
        MOCO_TRY(moco__config_get(asked, option, value, sizeof value));
        const bool given = value[0] != '\0' && strcmp(value, "auto") != 0;
        if (given && moco__run_may_change(option)) {
            MOCO_TRY(moco_config_set(of_run, option->name, value));
        }
    }
    return MOCO_OK;
}

moco_status moco__run_take_places(moco__run *run)
{
    const moco_train_options *o = &run->options;
    moco_config *config = &run->setup.config;
    MOCO_TRY(o->data != NULL ? moco_config_set(config, "data", o->data) : MOCO_OK);
    return o->val_data != NULL ? moco_config_set(config, "val-data", o->val_data) : MOCO_OK;
}

bool moco__run_has_moved(const moco__run *run)
{
    const moco_config *config = &run->setup.config;
    return strcmp(config->data, run->origin.data) != 0 || strcmp(config->val_data, run->origin.val_data) != 0;
}

static moco_status change_epochs(moco__run *run)
{
    moco_config *config = &run->setup.config;
    const moco_position *at = &run->origin.position;
    if (run->options.epochs <= 0) {
        return MOCO_OK;
    }
    if (config->max_steps > 0) {
        return moco_error_set(MOCO_EINVALID,
                              "epochs: the length of the run is in steps, %lld; lengthen it by max-steps",
                              (long long)config->max_steps);
    }
    if ((uint64_t)run->options.epochs <= at->epoch) {
        return moco_error_set(MOCO_EINVALID, "epochs: the run has done %llu of its %lld epochs; give more than that",
                              (unsigned long long)at->epoch, (long long)config->epochs);
    }
    config->epochs = run->options.epochs;
    return MOCO_OK;
}

static moco_status change_steps(moco__run *run)
{
    moco_config *config = &run->setup.config;
    const uint64_t done = run->origin.position.step;
    if (run->options.max_steps <= 0) {
        return MOCO_OK;
    }
    if (config->max_steps == 0) {
        return moco_error_set(MOCO_EINVALID,
                              "max-steps: the length of the run is in epochs, %lld; lengthen it by epochs",
                              (long long)config->epochs);
    }
    if ((uint64_t)run->options.max_steps <= done) {
        return moco_error_set(MOCO_EINVALID, "max-steps: the run has done %llu of its %lld steps; give more than that",
                              (unsigned long long)done, (long long)config->max_steps);
    }
    config->max_steps = run->options.max_steps;
    return MOCO_OK;
}

/* What was fastest on one kind of device may be slow on the other, and a CPU has no CUDA graphs. */
static void forget_device(moco__run *run, bool has_graphs)
{
    moco_config *config = &run->setup.config;
    config->layout = MOCO_LAYOUT_AUTO;
    config->threads = run->options.threads;
    config->cuda_graph = has_graphs ? config->cuda_graph : MOCO_CUDA_GRAPH_AUTO;
}

moco_status moco__run_change(moco__run *run, const moco_config *asked)
{
    moco_config *config = &run->setup.config;
    const moco_train_options *o = &run->options;
    const moco_launch alone = MOCO_LAUNCH_INIT;
    const moco_launch *launch = o->peers != NULL ? moco_peers_launch(o->peers) : &alone;
    moco_device device;
    if (o->device != NULL || strcmp(config->device, "auto") == 0) {
        MOCO_TRY(
            moco_config_set(config, "device", o->device != NULL ? o->device : moco__device_kind(run->origin.device)));
    }
    MOCO_TRY(asked != NULL ? take_asked(config, asked) : MOCO_OK);
    config->threads = o->threads > 0 ? o->threads : config->threads;
    MOCO_TRY(change_epochs(run));
    MOCO_TRY(change_steps(run));
    MOCO_TRY(moco_launch_device(&device, config->device, launch));
    if (device.type != run->origin.device) {
        forget_device(run, device.type == MOCO_CUDA);
        return asked != NULL ? take_asked(config, asked) : MOCO_OK;
    }
    return MOCO_OK;
}

static const char *name_of(moco_device_type type)
{
    return type == MOCO_CUDA ? "a GPU" : "a CPU";
}

static void log_move(const moco__run *run)
{
    const moco__run_setup *setup = &run->setup;
    const moco__run_origin *origin = &run->origin;
    char moves[128] = "";
    if (setup->device.type != origin->device) {
        (void)snprintf(moves, sizeof moves, "from %s to %s", name_of(origin->device), name_of(setup->device.type));
    } else if (setup->device.type == MOCO_CPU && setup->config.threads != origin->threads) {
        (void)snprintf(moves, sizeof moves, "from %lld threads to %lld", (long long)origin->threads,
                       (long long)setup->config.threads);
    }
    if (moves[0] != '\0') {
        moco__run_log_write(&run->report.log, MOCO_LOG_WARNING,
                            "the run moves %s: images and settings stay%s, but sums are made in another order, so from "
                            "here on it is not bit-identical to an uninterrupted run",
                            moves, setup->device.type != origin->device ? " except layout and threads" : "");
    } else if (setup->device.type == MOCO_CUDA && !setup->config.deterministic) {
        moco__run_log_write(&run->report.log, MOCO_LOG_INFO,
                            "the run was started without deterministic, so on a GPU it is not bit-identical to an "
                            "uninterrupted one");
    }
}

static void log_length(const moco__run *run)
{
    const moco_config *c = &run->setup.config;
    const bool stretched = c->schedule == MOCO_SCHEDULE_COSINE || c->momentum_schedule == MOCO_MOMENTUM_COSINE;
    const bool by_steps = c->max_steps > 0;
    const int64_t now = by_steps ? c->max_steps : c->epochs;
    const int64_t before = by_steps ? run->origin.max_steps : run->origin.epochs;
    if (now == before) {
        return;
    }
    moco__run_log_write(&run->report.log, MOCO_LOG_WARNING, "the run now has %lld %s instead of %lld%s", (long long)now,
                        by_steps ? "steps" : "epochs", (long long)before,
                        stretched
                            ? ", over which its cosine schedules stretch: from here on it is identical neither to "
                              "a run of the old length nor to one of the new"
                            : "");
}

static void log_data(const moco__run *run)
{
    if (run->origin.data_changed) {
        moco__run_log_write(
            &run->report.log, MOCO_LOG_WARNING,
            "the data have changed: the run begins epoch %llu anew on them, and is identical neither to "
            "a run on the old images nor to one on the new",
            (unsigned long long)run->state.position.epoch + 1);
    }
}

static void log_monitor(const moco__run *run)
{
    const moco_dataset *images = run->setup.val_images;
    if (run->origin.monitor[0] == '\0') {
        return;
    }
    if (images == NULL) {
        moco__run_log_write(&run->report.log, MOCO_LOG_WARNING, "the kNN monitor had %s, and has none now",
                            run->origin.monitor);
        return;
    }
    moco__run_log_write(&run->report.log, MOCO_LOG_WARNING,
                        "the images of the kNN monitor have changed: they were %s, and are %zu of %zu, or have other "
                        "names, labels or sizes; accuracies from before step %llu, and the checkpoint best, are not "
                        "comparable with later ones",
                        run->origin.monitor, moco_dataset_count(images), moco_dataset_class_count(images),
                        (unsigned long long)run->state.position.step);
}

void moco__run_log_changes(const moco__run *run)
{
    if (moco__run_is_writer(&run->setup)) {
        log_data(run);
        log_monitor(run);
        log_move(run);
        log_length(run);
    }
}
