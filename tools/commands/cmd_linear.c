/*
 * moco linear: how well a linear classifier on the frozen features does; the reference's protocol, or a sweep of
 * learning rates over features that are computed once.
 */
#include "cli/lists.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "commands/commands.h"
#include "commands/judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct linear_options {
    judge_settings judge;
    char lr[256], milestones[128], baseline[16];
    moco_schedule_kind schedule;
    char out[MOCO_PATH_MAX], features_out[MOCO_PATH_MAX];
    int64_t epochs, batch, print_freq;
    double momentum, weight_decay;
    bool cached;
} linear_options;

static linear_options values = { .judge = JUDGE_SETTINGS_INIT,
                                 .schedule = MOCO_SCHEDULE_STEPS,
                                 .baseline = "none",
                                 .epochs = 100,
                                 .batch = 256,
                                 .momentum = 0.9 };

static const char sweep[] = "0.01,0.03,0.1,0.3,1,3,10,30";

static const moco_option options[] = {
    { .name = "cached",
      MOCO_BOOL_OPTION(linear_options, cached),
      .help = "compute the features once, without random crops, and learn from those" },
    { .name = "lr",
      .aliases = { "rates" },
      MOCO_TEXT_OPTION(linear_options, lr, "X,X"),
      .help = "learning rates, all tried in one pass; by itself 30, with --cached eight to 30" },
    { .name = "epochs", MOCO_INT_OPTION(linear_options, epochs, 1, 1e6), .help = "passes over the images" },
    { .name = "batch",
      .aliases = { "b", "batch-size" },
      MOCO_INT_OPTION(linear_options, batch, 1, 1e6),
      .help = "images a step, over all processes" },
    { .name = "schedule",
      MOCO_CHOICE_OPTION(linear_options, schedule, "S", MOCO_CHOICES(MOCO_SCHEDULE_MAP)),
      .help = "shape of the learning rate" },
    { .name = "milestones",
      MOCO_TEXT_OPTION(linear_options, milestones, "E,E"),
      .help = "with steps: epochs from which on it is a tenth; by itself at 60 and 80%" },
    { .name = "momentum", MOCO_REAL_OPTION(linear_options, momentum, 0, 0.9999), .help = "of SGD" },
    { .name = "weight-decay",
      .aliases = { "wd" },
      MOCO_REAL_OPTION(linear_options, weight_decay, 0, 100),
      .help = "of SGD" },
    { .name = "print-freq",
      .aliases = { "p" },
      MOCO_INT_OPTION(linear_options, print_freq, 0, 1e9),
      .help = "steps between lines; 0: one an epoch" },
    { .name = "baseline",
      MOCO_NAME_OPTION(linear_options, baseline, "B", MOCO_NAMES("none", "random")),
      .help = "random: judge the network before training as well" },
    { .name = "out",
      MOCO_PATH_OPTION(linear_options, out, "FILE"),
      .help = "write the best classifier to a .safetensors file" },
    { .name = "features-out",
      MOCO_PATH_OPTION(linear_options, features_out, "FILE"),
      .help = "with --cached: write features and labels of both sets to a .safetensors file" },
    JUDGE_OPTIONS(linear_options, judge),
};

/* Features and classifiers of one network. */
typedef struct trial {
    moco_features *train, *val; /* train: with --cached */
    moco_linear *linear;
    moco_frozen *frozen;
    moco_feature_scale scale;
    moco_linear_result result;
} trial;

static struct plan {
    moco_linear_options heads;
    moco_linear_train_options how;
} plan;

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
        return say_usage(&command_linear, "--features-out goes with --cached, which computes features");
    }
    plan.heads.momentum = values.momentum;
    plan.heads.weight_decay = values.weight_decay;
    plan.heads.seed = values.judge.seed;
    plan.how.epochs = values.epochs;
    plan.how.batch = (size_t)values.batch;
    plan.how.seed = values.judge.seed;
    plan.how.progress = progress_show;
    plan.how.print_freq = values.print_freq;
    return judge_schedule(&plan.how.schedule, values.schedule, values.milestones, values.epochs, &command_linear);
}

/* Rates far above what the features bear are users' commonest trouble with this protocol. */
static void warn_of_scale(const trial *t)
{
    enum { FAR = 100 };
    double highest = 0;
    double lowest = INFINITY;
    for (size_t i = 0; i < plan.heads.rate_count; ++i) {
        highest = fmax(highest, plan.heads.rates[i]);
        lowest = fmin(lowest, plan.heads.rates[i]);
    }
    say_note("features have a mean norm of %.3g; steps of SGD on them are stable up to lr %.2g", t->scale.norm,
             t->scale.stable_rate);
    if (lowest > FAR * t->scale.stable_rate) {
        moco_log(MOCO_LOG_WARNING,
                 "lr %g is %.0f times what features of norm %.3g bear (%.2g): the loss may blow up; try --lr %.1g, or "
                 "--cached, which sweeps rates",
                 highest, highest / t->scale.stable_rate, t->scale.norm, t->scale.stable_rate, t->scale.stable_rate);
    }
}

static moco_status learn(trial *t, const judge_job *job)
{
    if (values.cached) {
        return moco_linear_train_cached(&t->result, t->linear, t->train, t->val, &plan.how);
    }
    moco_augment_policy policy;
    MOCO_TRY(judge_policy(&policy, job));
    const moco_linear_images images = { job->train, job->net.encoder, &policy, judge_loader(&values.judge, job),
                                        job->comm };
    return moco_linear_train_images(&t->result, t->linear, &images, t->val, &plan.how);
}

/* All of the protocol on the job's encoder. */
static moco_status attempt(trial *t, judge_job *job)
{
    moco_linear_options heads = plan.heads;
    MOCO_TRY(moco_frozen_remember(&t->frozen, job->net.encoder));
    MOCO_TRY(moco_features_extract(&t->val, job->val, job->net.encoder, &job->how));
    if (values.cached) {
        MOCO_TRY(moco_features_extract(&t->train, job->train, job->net.encoder, &job->how));
    }
    MOCO_TRY(moco_feature_scale_measure(&t->scale, t->val, values.momentum));
    warn_of_scale(t);
    heads.dim = moco_encoder_feature_dim(job->net.encoder);
    heads.classes = job->classes;
    heads.device = job->net.device;
    heads.comm = values.cached ? NULL : job->comm;
    MOCO_TRY(moco_linear_create(&t->linear, &heads));
    MOCO_TRY(learn(t, job));
    progress_end();
    return moco_frozen_check(t->frozen, job->net.encoder);
}

static void trial_free(trial *t)
{
    moco_features_free(t->train);
    moco_features_free(t->val);
    moco_linear_free(t->linear);
    moco_frozen_free(t->frozen);
}

/* Features and labels, and what else another program needs to repeat the training: its order and first weights. */
static moco_status write_features(const trial *t)
{
    moco_scope *scope;
    moco_tensor *order = NULL;
    moco_tensor *weight = NULL;
    MOCO_TRY(moco_scope_create(&scope));
    moco_status status = moco_linear_order(&order, scope, moco_features_count(t->train), &plan.how);
    if (status == MOCO_OK) {
        status = moco_linear_first_weight(&weight, scope, t->linear);
    }
    if (status == MOCO_OK) {
        const moco_named_tensor more[2] = { { "order", order }, { "first.weight", weight } };
        status = judge_write_features(values.features_out, t->train, t->val, more, 2);
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
    (void)snprintf(rate, sizeof rate, "%g", t->result.outcomes[t->result.best].rate);
    const moco_named_tensor named[2] = { { "fc.weight", moco_linear_weight(t->linear, t->result.best) },
                                         { "fc.bias", moco_linear_bias(t->linear, t->result.best) } };
    const moco_metadata metadata[2] = { { "format", "moco-linear" }, { "lr", rate } };
    return moco_safetensors_write(values.out, named, 2, metadata, 2);
}

static void print_outcome(const moco_linear_outcome *o)
{
    (void)printf("{");
    print_json_number("lr", o->rate);
    (void)printf(", \"diverged\": %s, ", o->diverged ? "true" : "false");
    print_json_number("acc1", o->best.acc1);
    (void)printf(", ");
    print_json_number("acc5", o->best.acc5);
    (void)printf(", \"best_epoch\": %llu, ", (unsigned long long)o->best_epoch);
    print_json_number("last_acc1", o->last.acc1);
    (void)printf(", ");
    print_json_number("last_acc5", o->last.acc5);
    (void)printf(", ");
    print_json_number("last_loss", o->last.loss);
    (void)printf(", ");
    print_json_number("train_loss", o->train_loss);
    (void)printf("}");
}

static void print_trial(const trial *t)
{
    const moco_linear_result *r = &t->result;
    const moco_linear_outcome *best = &r->outcomes[r->best];
    (void)printf("\"acc1\": %.4f, \"acc5\": %.4f, \"lr\": %g, \"best_epoch\": %llu, \"encoder_unchanged\": true, ",
                 best->best.acc1, best->best.acc5, best->rate, (unsigned long long)best->best_epoch);
    print_json_number("feature_norm", t->scale.norm);
    (void)printf(", ");
    print_json_number("stable_lr", t->scale.stable_rate);
    (void)printf(", \"rates\": [");
    for (size_t i = 0; i < r->rate_count; ++i) {
        (void)printf("%s", i > 0 ? ", " : "");
        print_outcome(&r->outcomes[i]);
    }
    (void)printf("], \"seconds\": %.3f", r->seconds);
}

static void print_json(const judge_job *job, const trial *own, const trial *random)
{
    (void)printf("{");
    print_trial(own != NULL ? own : random);
    (void)printf(", \"cached\": %s, \"epochs\": %lld, \"batch\": %lld, \"train_images\": %zu, \"val_images\": %zu, "
                 "\"classes\": %lld, \"checkpoint\": ",
                 values.cached ? "true" : "false", (long long)values.epochs, (long long)values.batch,
                 moco_dataset_count(job->train), moco_dataset_count(job->val), (long long)job->classes);
    print_json_text(own != NULL ? job->net.path : NULL);
    if (own != NULL && random != NULL) {
        (void)printf(", \"random\": {");
        print_trial(random);
        (void)printf("}");
    }
    (void)printf("}\n");
}

static void print_table(const moco_linear_result *r)
{
    (void)printf("%10s  %8s  %8s  %10s  %8s  %10s\n", "lr", "top-1", "top-5", "best epoch", "last", "train loss");
    for (size_t i = 0; i < r->rate_count; ++i) {
        const moco_linear_outcome *o = &r->outcomes[i];
        if (o->best_epoch == 0) {
            (void)printf("%10g  diverged in the first epoch\n", o->rate);
            continue;
        }
        (void)printf("%10g  %7.2f%%  %7.2f%%  %10llu  %7.2f%%  %10.4f%s\n", o->rate, o->best.acc1, o->best.acc5,
                     (unsigned long long)o->best_epoch, o->last.acc1, o->train_loss,
                     o->diverged    ? "  diverged later"
                     : i == r->best ? "  best"
                                    : "");
    }
}

static void print_text(const judge_job *job, const trial *t, const char *subject)
{
    char time[32];
    const moco_linear_outcome *best = &t->result.outcomes[t->result.best];
    if (t->result.rate_count > 1) {
        print_table(&t->result);
    }
    (void)printf("linear accuracy %.2f%% top-1, %.2f%% top-5 (%s, lr %g, epoch %llu of %lld; %zu training and %zu "
                 "validation images, %s)\n",
                 best->best.acc1, best->best.acc5, subject, best->rate, (unsigned long long)best->best_epoch,
                 (long long)values.epochs, moco_dataset_count(job->train), moco_dataset_count(job->val),
                 format_time(time, sizeof time, t->result.seconds));
}

static void report(const judge_job *job, const trial *own, const trial *random)
{
    if (values.judge.json) {
        print_json(job, own, random);
        return;
    }
    if (own != NULL) {
        print_text(job, own, "frozen encoder, unchanged to the bit");
    }
    if (random != NULL) {
        print_text(job, random, "untrained network");
    }
}

static moco_status work(judge_job *job)
{
    trial own = { .result = { 0 } };
    trial random = { .result = { 0 } };
    const bool has_run = job->net.path[0] != '\0';
    const bool needs_random = !has_run || strcmp(values.baseline, "random") == 0;
    moco_status status = MOCO_OK;
    if (has_run) {
        status = network_load(&job->net);
        status = status == MOCO_OK ? attempt(&own, job) : status;
        network_close(&job->net);
    }
    if (status == MOCO_OK && needs_random) {
        status = network_make_random(&job->net);
        status = status == MOCO_OK ? attempt(&random, job) : status;
    }
    if (status == MOCO_OK && job->writes) {
        status = write_files(has_run ? &own : &random);
    }
    if (status == MOCO_OK && job->writes) {
        report(job, has_run ? &own : NULL, needs_random ? &random : NULL);
    }
    trial_free(&own);
    trial_free(&random);
    return status;
}

static int run(const arguments *args)
{
    const int code = make_plan();
    return code != EXIT_OK ? code : judge_run(&values.judge, &command_linear, args, work);
}

const tool_command command_linear = {
    .name = "linear",
    .synopsis = "RUN|FILE --train DATA --val DATA [options]",
    .summary = "test a checkpoint's features by a linear classifier",
    .text =
        "Trains a linear classifier on the features of a frozen query encoder (of a run: its newest checkpoint) and "
        "prints the share of validation images that it tells right. By itself this is the reference's protocol: "
        "random crops and flips, SGD with lr 30, 100 epochs, a tenth of it from 60 and 80 on. With --cached "
        "features are computed once, which takes minutes in place of hours, and several learning rates are tried "
        "in one pass; one that diverges is left out. The encoder is proved to be unchanged at the end.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 0,
    .max_positionals = 1,
    .run = run,
};
