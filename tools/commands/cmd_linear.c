/*
 * moco linear: tests a frozen encoder by linear classifiers on its features, by the reference's protocol or on features
 * that are computed once.
 */
#include "cli/lists.h"
#include "cli/output.h"
#include "cli/output_path.h"
#include "cli/progress_bar.h"
#include "cli/signals.h"
#include "commands/commands.h"
#include "commands/evaluation.h"
#include "commands/linear_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct linear_options {
    evaluation_settings common;
    char lr[256], milestones[128], baseline[16];
    moco_schedule_kind schedule;
    char out[MOCO_PATH_MAX], features_out[MOCO_PATH_MAX];
    int64_t epochs, batch, print_freq;
    double momentum, weight_decay;
    bool cached;
} linear_options;

static linear_options values = { .common = EVALUATION_SETTINGS_INIT,
                                 .schedule = MOCO_SCHEDULE_STEPS,
                                 .baseline = "none",
                                 .epochs = 100,
                                 .batch = 256,
                                 .momentum = 0.9 };

static const char sweep[] = "0.01,0.03,0.1,0.3,1,3,10,30";

static const moco_option options[] = {
    { .name = "cached",
      MOCO_BOOL_OPTION(linear_options, cached),
      .help = "compute the features once, without random crops, and learn from them" },
    { .name = "lr",
      .aliases = { "rates" },
      MOCO_TEXT_OPTION(linear_options, lr, "X,X"),
      .help = "learning rates, all tried; default: 30, or with --cached eight rates from 0.01 to 30" },
    { .name = "epochs", MOCO_INT_OPTION(linear_options, epochs, 1, 1e6), .help = "passes over the images" },
    { .name = "batch",
      .aliases = { "b", "batch-size" },
      MOCO_INT_OPTION(linear_options, batch, 1, 1e6),
      .help = "images per step, over all processes" },
    { .name = "schedule",
      MOCO_CHOICE_OPTION(linear_options, schedule, "S", MOCO_CHOICES(MOCO_SCHEDULE_MAP)),
      .help = "how the learning rate falls" },
    { .name = "milestones",
      MOCO_TEXT_OPTION(linear_options, milestones, "E,E"),
      .help = "with steps: epochs that divide the learning rate by ten; default: at 60 and 80 % of the epochs" },
    { .name = "momentum", MOCO_REAL_OPTION(linear_options, momentum, 0, 0.9999), .help = "momentum of SGD" },
    { .name = "weight-decay",
      .aliases = { "wd" },
      MOCO_REAL_OPTION(linear_options, weight_decay, 0, 100),
      .help = "weight decay of SGD" },
    { .name = "print-freq",
      .aliases = { "p" },
      MOCO_INT_OPTION(linear_options, print_freq, 0, 1e9),
      .help = "print a line every N steps; 0: every epoch" },
    { .name = "baseline",
      MOCO_NAME_OPTION(linear_options, baseline, "B", MOCO_NAMES("none", "pixels", "random")),
      .help = "also test raw pixels, with --cached, or an untrained network" },
    { .name = "out",
      MOCO_PATH_OPTION(linear_options, out, "FILE"),
      .help = "write the classifier of the epoch that is best on the validation images to a .safetensors file" },
    { .name = "features-out",
      MOCO_PATH_OPTION(linear_options, features_out, "FILE"),
      .help = "with --cached: write features and labels of both sets to a .safetensors file" },
    EVALUATION_OPTIONS(linear_options, common),
};

/* Features and classifiers of one network. */
typedef struct trial {
    moco_features *train, *val; /* train: with --cached */
    moco_linear *linear;
    moco_tensor *first; /* with --features-out: the weights that all classifiers start from */
    linear_trial numbers;
} trial;

static struct plan {
    moco_linear_options heads;
    moco_linear_train_options how;
    moco_schedule schedule;
} plan;

static bool is_pixels(void)
{
    return strcmp(values.baseline, "pixels") == 0;
}

static int make_plan(void)
{
    plan.heads = (moco_linear_options)MOCO_LINEAR_OPTIONS_INIT;
    plan.how = (moco_linear_train_options)MOCO_LINEAR_TRAIN_OPTIONS_INIT;
    const char *rates = values.lr[0] != '\0' ? values.lr : values.cached ? sweep : "30";
    const int code = list_parse(plan.heads.rates, &plan.heads.rate_count, MOCO_LINEAR_MAX_RATES, rates, 1e-9, 1e38,
                                false, "lr", &command_linear);
    if (code != EXIT_OK) {
        return code;
    }
    if (values.features_out[0] != '\0' && !values.cached) {
        return say_usage(&command_linear, "--features-out needs --cached, which computes features");
    }
    if (is_pixels() && !values.cached) {
        return say_usage(&command_linear, "--baseline pixels needs --cached: pixels are features that stay");
    }
    plan.heads.momentum = values.momentum;
    plan.heads.weight_decay = values.weight_decay;
    plan.heads.seed = values.common.seed;
    plan.how.epochs = values.epochs;
    plan.how.batch = (size_t)values.batch;
    plan.how.seed = values.common.seed;
    plan.how.progress = progress_show;
    plan.how.print_freq = values.print_freq;
    plan.schedule = (moco_schedule)MOCO_SCHEDULE_INIT;
    plan.schedule.lr = 1;
    plan.how.schedule = &plan.schedule;
    return evaluation_schedule(&plan.schedule, values.schedule, values.milestones, values.epochs, &command_linear);
}

/* Warns of learning rates far too high for the features, the most common trouble with this protocol. */
static void warn_of_scale(const moco_feature_scale *scale)
{
    enum { FAR = 100 };
    double lowest = INFINITY;
    char norm[32];
    char rate[32];
    char stable[32];
    for (size_t i = 0; i < plan.heads.rate_count; ++i) {
        lowest = fmin(lowest, plan.heads.rates[i]);
    }
    (void)format_number(norm, sizeof norm, 3, scale->norm);
    (void)format_number(rate, sizeof rate, 6, lowest);
    (void)format_number(stable, sizeof stable, 2, scale->stable_rate);
    say_note("features have a mean norm of %s; steps of SGD on them are stable up to lr %s", norm, stable);
    if (lowest > FAR * scale->stable_rate) {
        moco_log(MOCO_LOG_WARNING,
                 "lr %s is %.0f times the stable learning rate, %s, for features of norm %s: the loss may diverge; "
                 "try --lr %s, or --cached, which tries several rates",
                 rate, lowest / scale->stable_rate, stable, norm, stable);
    }
}

/* Progress callback of the choice: a signal ends it. */
static int ask_to_stop(const moco_progress *progress, void *payload)
{
    (void)progress;
    (void)payload;
    return signals_caught() != 0 ? 1 : 0;
}

static moco_status learn(trial *t, const evaluation_job *job, const moco_linear_options *heads)
{
    const bool chooses = heads->rate_count > 1;
    moco_linear_train_options quiet = plan.how;
    quiet.progress = ask_to_stop;
    if (values.cached) {
        MOCO_TRY(chooses ? moco_linear_choose_cached(&t->numbers.choice, heads, t->train, &quiet) : MOCO_OK);
        return moco_linear_train_cached(&t->numbers.result, t->linear, t->train, t->val, &plan.how);
    }
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    MOCO_TRY(evaluation_policy(&policy, job));
    const moco_loader_options loader = evaluation_loader(&values.common, job);
    moco_linear_images images = MOCO_LINEAR_IMAGES_INIT;
    images.dataset = job->train;
    images.encoder = job->net.encoder;
    images.policy = &policy;
    images.loader = &loader;
    images.comm = job->comm;
    MOCO_TRY(chooses ? moco_linear_choose_images(&t->numbers.choice, heads, &images, &job->how, &quiet) : MOCO_OK);
    return moco_linear_train_images(&t->numbers.result, t->linear, &images, t->val, &plan.how);
}

/* Runs the complete protocol on the job's encoder, or on pixels. */
static moco_status attempt(trial *t, evaluation_job *job)
{
    moco_linear_options heads = plan.heads;
    MOCO_TRY(moco_features_extract(&t->val, job->val, job->net.encoder, &job->how));
    if (values.cached) {
        MOCO_TRY(moco_features_extract(&t->train, job->train, job->net.encoder, &job->how));
    }
    MOCO_TRY(moco_feature_scale_measure(&t->numbers.scale, t->val, values.momentum));
    warn_of_scale(&t->numbers.scale);
    heads.dim = moco_tensor_size(moco_features_matrix(t->val), 1);
    heads.classes = job->classes;
    heads.device = job->net.device;
    heads.comm = values.cached ? NULL : job->comm;
    MOCO_TRY(moco_linear_create(&t->linear, &heads));
    if (values.features_out[0] != '\0') {
        MOCO_TRY(moco_tensor_clone(&t->first, NULL, moco_tensor_list_get(moco_linear_parameters(t->linear, 0), 0)));
    }
    MOCO_TRY(learn(t, job, &heads));
    progress_end();
    return MOCO_OK;
}

static void trial_free(trial *t)
{
    moco_features_free(t->train);
    moco_features_free(t->val);
    moco_linear_free(t->linear);
    moco_tensor_free(t->first);
}

/* Writes features and labels, and what another program needs to repeat the training: the order and first weights. */
static moco_status write_features(const trial *t)
{
    moco_scope *scope;
    moco_tensor *order = NULL;
    MOCO_TRY(moco_scope_create(&scope));
    moco_status status = moco_linear_order(&order, scope, moco_features_count(t->train), &plan.how);
    if (status == MOCO_OK) {
        const moco_named_tensor more[2] = { { "order", order }, { "first.weight", t->first } };
        status = evaluation_write_features(values.features_out, t->train, t->val, more, 2);
    }
    moco_scope_free(scope);
    return status;
}

static moco_status write_files(const trial *t)
{
    if (values.features_out[0] != '\0') {
        MOCO_TRY(write_features(t));
    }
    if (values.out[0] == '\0') {
        return MOCO_OK;
    }
    char rate[32];
    const size_t best = linear_report_chosen(&t->numbers);
    (void)snprintf(rate, sizeof rate, "%g", t->numbers.result.outcomes[best].rate);
    const moco_tensor_list *parameters = moco_linear_parameters(t->linear, best);
    const moco_named_tensor named[2] = { { "fc.weight", moco_tensor_list_get(parameters, 0) },
                                         { "fc.bias", moco_tensor_list_get(parameters, 1) } };
    const moco_metadata metadata[2] = { { "format", "moco-linear" }, { "lr", rate } };
    return moco_safetensors_write(values.out, named, 2, metadata, 2);
}

static void report(const evaluation_job *job, const trial *trained, const trial *baseline)
{
    const linear_report r = { .trained = trained != NULL ? &trained->numbers : NULL,
                              .baseline = baseline != NULL ? &baseline->numbers : NULL,
                              .is_pixels = is_pixels(),
                              .train_images = moco_dataset_count(job->train),
                              .val_images = moco_dataset_count(job->val),
                              .classes = job->classes,
                              .epochs = values.epochs,
                              .batch = values.batch,
                              .cached = values.cached,
                              .checkpoint = job->net.path };
    if (values.common.json) {
        linear_report_json(&r);
    } else {
        linear_report_text(&r);
    }
}

static moco_status try_baseline(trial *t, evaluation_job *job)
{
    if (is_pixels()) {
        job->how.kind = MOCO_FEATURE_PIXELS;
    } else {
        MOCO_TRY(network_make_random(&job->net));
    }
    return attempt(t, job);
}

static moco_status work(evaluation_job *job)
{
    trial trained = { .linear = NULL };
    trial baseline = { .linear = NULL };
    const bool has_run = job->net.path[0] != '\0';
    const bool needs_baseline = !has_run || strcmp(values.baseline, "none") != 0;
    moco_status status = MOCO_OK;
    if (job->writes) {
        MOCO_TRY(output_path_check("out", values.out));
        MOCO_TRY(output_path_check("features-out", values.features_out));
        MOCO_TRY(output_path_check_other("features-out", values.features_out, "--out", values.out));
        MOCO_TRY(output_path_check_other("out", values.out, "the network", job->net.path));
        MOCO_TRY(output_path_check_other("features-out", values.features_out, "the network", job->net.path));
    }
    if (has_run) {
        status = network_load(&job->net);
        status = status == MOCO_OK ? attempt(&trained, job) : status;
        network_close(&job->net);
    }
    if (status == MOCO_OK && needs_baseline) {
        status = try_baseline(&baseline, job);
    }
    if (status == MOCO_OK && job->writes) {
        status = write_files(has_run ? &trained : &baseline);
    }
    if (status == MOCO_OK && job->writes) {
        report(job, has_run ? &trained : NULL, needs_baseline ? &baseline : NULL);
    }
    trial_free(&trained);
    trial_free(&baseline);
    return status;
}

static int run(const arguments *args)
{
    const int code = make_plan();
    return code != EXIT_OK ? code : evaluation_run(&values.common, &command_linear, args, work);
}

const tool_command command_linear = {
    .name = "linear",
    .synopsis = "RUN|FILE --train DATA --val DATA [options]",
    .summary = "test a checkpoint's features with a linear classifier",
    .text =
        "Trains a linear classifier on the features of a frozen query encoder (of a run: its newest checkpoint; "
        "RUN/best: that of the highest kNN accuracy) and prints the share of validation images that it classifies "
        "correctly after the last epoch. The default is the reference's protocol: random crops and flips, SGD for 100 "
        "epochs, lr 30 divided by ten at epochs 60 and 80. With --cached it computes the features once, which takes "
        "minutes instead of hours, and tries several learning rates. Of several rates it takes the one that is best on "
        "training images which are held out, a tenth of every class or a fifth of a small set, and then learns from "
        "all; the validation images choose neither. It prints both accuracies. Rates that diverge are left out.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 0,
    .max_positionals = 1,
    .run = run,
};
