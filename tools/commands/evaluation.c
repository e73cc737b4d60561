/*
 * Evaluates a pretrained network by training on labelled images: what moco linear and moco finetune share.
 */
#include "commands/evaluation.h"

#include "cli/lists.h"
#include "cli/output.h"
#include "cli/progress_bar.h"
#include "cli/signals.h"
#include "commands/data.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int check_usage(const evaluation_settings *s, const tool_command *command, const arguments *args)
{
    if (s->train[0] == '\0' || s->val[0] == '\0') {
        return say_usage(command, "--%s DATA is missing: labelled images to %s", s->train[0] == '\0' ? "train" : "val",
                         s->train[0] == '\0' ? "learn from" : "test on");
    }
    if (args->positional_count == 0 && s->preset[0] == '\0') {
        return say_usage(command, "RUN or FILE is missing; an untrained network may have --preset NAME instead");
    }
    return evaluation_check_preset(command, args, s->preset, s->channels, "an untrained network");
}

int evaluation_check_preset(const tool_command *command, const arguments *args, const char *preset, int64_t channels,
                            const char *what)
{
    const char *given = preset[0] != '\0' ? "preset" : channels > 0 ? "channels" : NULL;
    return args->positional_count > 0 && given != NULL
               ? say_usage(command, "--%s is for %s; a run has its own settings", given, what)
               : EXIT_OK;
}

moco_status evaluation_open_data(moco_dataset **train, moco_dataset **val, const char *train_path, const char *val_path,
                                 moco_format format, bool skip_broken)
{
    MOCO_TRY(data_open(train, "training images", train_path, format, MOCO_SPLIT_TRAIN, skip_broken));
    MOCO_TRY(data_open(val, "test images", val_path, format, MOCO_SPLIT_TEST, skip_broken));
    return moco_dataset_check_pair(*train, *val);
}

moco_status evaluation_warn_of_overlap(const moco_dataset *train, const moco_dataset *val, const char *what)
{
    size_t shared = 0;
    MOCO_TRY(moco_dataset_overlap(&shared, train, val));
    if (shared > 0) {
        moco_log(MOCO_LOG_WARNING, "%zu of the %zu test images %s a training image too: %s", shared,
                 moco_dataset_count(val), shared == 1 ? "is" : "are each", what);
    }
    return MOCO_OK;
}

/* Puts a share of a set in its place. */
static moco_status take_share(moco_dataset **used, moco_dataset **whole, double fraction, uint64_t seed)
{
    if (fraction >= 1) {
        return MOCO_OK;
    }
    moco_dataset *share;
    MOCO_TRY(moco_dataset_fraction(&share, *used, fraction, seed));
    *whole = *used;
    *used = share;
    return MOCO_OK;
}

static double limited(const moco_dataset *dataset, int64_t limit)
{
    return limit > 0 ? fmin((double)limit / (double)moco_dataset_count(dataset), 1) : 1;
}

static void set_features(evaluation_job *job, const evaluation_settings *s)
{
    job->how = data_features_options(&job->net.config, job->net.device);
    job->how.kind = MOCO_FEATURE_POOLED;
    job->how.raw = true;
    job->how.workers = (int32_t)s->images.workers;
    job->how.skip_broken = s->images.skip_broken;
    job->how.comm = job->comm;
    job->how.progress = evaluation_features_progress;
}

static moco_status open_all(evaluation_job *job, const evaluation_settings *s, const arguments *args,
                            const moco_peers *peers)
{
    MOCO_TRY(network_find_or_preset(&job->net, args->positional[0], s->preset, s->channels, s->images.device));
    moco_config *config = &job->net.config;
    if (peers != NULL) {
        MOCO_TRY(moco_launch_device(&job->net.device, s->images.device, moco_peers_launch(peers)));
    }
    MOCO_TRY(moco_threads_set((int32_t)s->images.threads));
    if (s->images.image_size > 0) {
        config->image_size = config->knn_image_size = s->images.image_size;
    }
    MOCO_TRY(evaluation_open_data(&job->train, &job->val, s->train, s->val, s->images.format, s->images.skip_broken));
    MOCO_TRY(network_measure(&job->net, job->train, s->images.workers, s->images.skip_broken));
    set_features(job, s);
    if (job->writes) {
        MOCO_TRY(evaluation_warn_of_overlap(job->train, job->val,
                                            "the accuracy says how well they were learnt, and not what the network "
                                            "makes of new images"));
    }
    job->classes = (int64_t)moco_dataset_class_count(job->train);
    const double train_share = fmin(s->fraction, limited(job->train, s->limit));
    MOCO_TRY(take_share(&job->train, &job->whole_train, train_share, s->seed));
    return take_share(&job->val, &job->whole_val, limited(job->val, s->limit), s->seed);
}

static int report_stop(void)
{
    const int number = signals_caught() != 0 ? signals_caught() : SIGTERM;
    output_settings.quiet = false;
    say_note("stopped by %s; only files that were written before are kept", signals_name(number));
    return EXIT_SIGNAL_BASE + number;
}

static int end(moco_peers *peers, moco_status status)
{
    int code = EXIT_OK;
    progress_end();
    if (status == MOCO_ESTOPPED) {
        code = report_stop();
    } else if (status != MOCO_OK) {
        (void)moco_peers_fail(peers, status);
        code = say_failure();
    }
    return launch_leave(peers, status, code);
}

int evaluation_run(const evaluation_settings *settings, const tool_command *command, const arguments *args,
                   evaluation_work work)
{
    static evaluation_job job;
    moco_peers *peers = NULL;
    int code = check_usage(settings, command, args);
    if (code != EXIT_OK || launch_start(&code, &settings->launch, settings->images.device, command)) {
        return code;
    }
    code = launch_join(&peers, &settings->launch, settings->images.device);
    if (code != EXIT_OK) {
        return code;
    }
    signals_catch();
    job.comm = moco_peers_comm(peers);
    job.writes = moco_comm_rank(job.comm) == 0;
    output_settings.quiet = output_settings.quiet || settings->json || !job.writes;
    moco_status status = open_all(&job, settings, args, peers);
    if (status == MOCO_OK) {
        status = work(&job);
    }
    data_warn_of_skipped(job.train);
    data_warn_of_skipped(job.val);
    moco_dataset_free(job.train);
    moco_dataset_free(job.val);
    moco_dataset_free(job.whole_train);
    moco_dataset_free(job.whole_val);
    network_close(&job.net);
    return end(peers, status);
}

int evaluation_features_progress(size_t done, size_t count, void *payload)
{
    (void)done;
    (void)count;
    (void)payload;
    return signals_caught() != 0 ? 1 : 0;
}

int evaluation_schedule(moco_schedule *out, moco_schedule_kind kind, const char *milestones, int64_t epochs,
                        const tool_command *command)
{
    out->epochs = (double)epochs;
    out->kind = kind;
    out->milestone_count = 2;
    out->milestones[0] = floor(0.6 * out->epochs + 0.5);
    out->milestones[1] = floor(0.8 * out->epochs + 0.5);
    return milestones[0] == '\0' ? EXIT_OK
                                 : list_parse(out->milestones, &out->milestone_count, MOCO_MAX_MILESTONES, milestones,
                                              0, 1e6, false, "milestones", command);
}

moco_status evaluation_policy(moco_augment_policy *out, const evaluation_job *job)
{
    return moco_config_policy(out, &job->net.config, MOCO_POLICY_CLASSIFY);
}

moco_loader_options evaluation_loader(const evaluation_settings *settings, const evaluation_job *job)
{
    moco_loader_options loader = MOCO_LOADER_OPTIONS_INIT;
    loader.workers = (int32_t)settings->images.workers;
    loader.layout = job->how.layout;
    loader.device = job->net.device;
    loader.skip_broken = settings->images.skip_broken;
    return loader;
}

moco_status evaluation_write_features(const char *path, const moco_features *train, const moco_features *val,
                                      const moco_named_tensor *more, size_t more_count)
{
    enum { OWN = 4, ALL = 8 };
    const moco_features *const sets[2] = { train, val };
    moco_scope *scope;
    moco_named_tensor named[ALL] = {
        { "train.features", moco_features_matrix(train) },
        { "train.labels", NULL },
        { "val.features", moco_features_matrix(val) },
        { "val.labels", NULL },
    };
    size_t count = OWN;
    MOCO_TRY(moco_scope_create(&scope));
    moco_status status = MOCO_OK;
    for (int i = 0; i < 2 && status == MOCO_OK; ++i) {
        moco_tensor *labels = NULL;
        status = moco_features_label_tensor(&labels, scope, sets[i]);
        named[2 * i + 1].tensor = labels;
    }
    for (size_t i = 0; i < more_count && count < ALL; ++i) {
        named[count++] = more[i];
    }
    if (status == MOCO_OK) {
        status = moco_safetensors_write(path, named, count, NULL, 0);
    }
    moco_scope_free(scope);
    return status;
}

void print_json_number(const char *key, double value)
{
    if (isfinite(value)) {
        (void)printf("\"%s\": %.6g", key, value);
    } else {
        (void)printf("\"%s\": null", key);
    }
}
