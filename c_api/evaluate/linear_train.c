/* Trains linear classifiers on cached features, or on images that are cropped again in every epoch. */
#include "evaluate/linear_internal.h"

#include "base/clock_internal.h"
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "evaluate/linear_source_internal.h"
#include "evaluate/progress_internal.h"

#include "moco/ops.h"

#include <math.h>

typedef struct training {
    moco_linear *linear;
    moco__linear_source from;
    const moco_features *val;
    moco_linear_train_options options;
    moco_schedule schedule;
    moco_scope *scope; /* temporaries of a step */
    moco_linear_result result;
    moco_tensor *best[MOCO_LINEAR_MAX_RATES][2]; /* weights and biases of the best epochs */
    moco__progress progress;
} training;

static moco_status check_options(const moco_linear_train_options *o, size_t images)
{
    if (o->epochs < 1 || o->batch < 1) {
        return moco_error_set(MOCO_EINVALID, "linear: %lld epochs in batches of %zu; both must be at least 1",
                              (long long)o->epochs, o->batch);
    }
    if (images == 0) {
        return moco_error_set(MOCO_EINVALID, "linear: there are no images to learn from; give at least 1");
    }
    return MOCO_OK;
}

/* Returns the best outcome so far; the first if none has been tested. */
static size_t leader(const moco_linear_result *result)
{
    size_t best = 0;
    for (size_t i = 1; i < result->rate_count; ++i) {
        const double acc1 = result->outcomes[i].best.acc1;
        const double before = result->outcomes[best].best.acc1;
        best = acc1 > before || (isnan(before) && !isnan(acc1)) ? i : best;
    }
    return best;
}

/* Keeps the weights of an epoch that is the best so far. */
static moco_status keep_best(training *t, size_t index)
{
    const moco_tensor_list *now = moco_linear_parameters(t->linear, index);
    for (size_t i = 0; i < 2; ++i) {
        moco_tensor **kept = &t->best[index][i];
        moco_tensor *plain;
        MOCO_TRY(moco_tensor_detach(&plain, t->scope, moco_tensor_list_get(now, i)));
        if (*kept == NULL) {
            MOCO_TRY(moco_tensor_scale(kept, NULL, plain, 1));
        } else {
            MOCO_TRY(moco_tensor_copy(*kept, plain));
        }
    }
    return MOCO_OK;
}

static moco_status test_epoch(training *t, const moco_score *means)
{
    moco_score scores[MOCO_LINEAR_MAX_RATES];
    const double start = moco__now();
    MOCO_TRY(moco__linear_score(scores, t->linear, t->val));
    for (size_t i = 0; i < t->result.rate_count; ++i) {
        moco_linear_outcome *outcome = &t->result.outcomes[i];
        outcome->diverged = moco__linear_diverged(t->linear, i);
        if (outcome->diverged) {
            continue;
        }
        outcome->train_loss = means[i].loss;
        outcome->last = scores[i];
        if (outcome->best_epoch == 0 || scores[i].acc1 > outcome->best.acc1) {
            outcome->best = scores[i];
            outcome->best_epoch = t->progress.seen.epoch + 1;
            MOCO_TRY(keep_best(t, i));
        }
    }
    t->progress.seen.val_acc1 = t->result.outcomes[leader(&t->result)].last.acc1;
    moco_scope_clear(t->scope);
    moco__progress_leave_out(&t->progress, start);
    return MOCO_OK;
}

static moco_status check_diverged(const training *t)
{
    for (size_t i = 0; i < t->result.rate_count; ++i) {
        if (!moco__linear_diverged(t->linear, i)) {
            return MOCO_OK;
        }
    }
    return moco_error_set(MOCO_EDIVERGED,
                          "linear: every classifier has diverged by epoch %llu; give lower learning rates than %g",
                          (unsigned long long)t->progress.seen.epoch + 1, moco__linear_rate(t->linear, 0));
}

static moco_status learn_batch(training *t, double factor)
{
    moco_tensor *features, *labels;
    MOCO_TRY(moco__linear_source_next(&features, &labels, &t->from, t->linear, t->scope));
    MOCO_TRY(moco__linear_step(t->linear, features, labels, factor));
    MOCO_TRY(moco_device_wait_uploads(moco__linear_device(t->linear)));
    moco_scope_clear(t->scope);
    return MOCO_OK;
}

/* Reads the metrics, tests at the end of an epoch, and shows the classifier that is best then. */
static moco_status read_metrics(training *t)
{
    moco_score means[MOCO_LINEAR_MAX_RATES];
    MOCO_TRY(moco__linear_read_means(means, t->linear));
    MOCO_TRY(check_diverged(t));
    if (moco__progress_ends_epoch(&t->progress)) {
        MOCO_TRY(test_epoch(t, means));
        MOCO_TRY(check_diverged(t));
    }
    const moco_score *shown = &means[leader(&t->result)];
    moco__progress_measure(&t->progress, shown->loss, shown->acc1, shown->acc5);
    return MOCO_OK;
}

static moco_status step(training *t)
{
    moco__progress *p = &t->progress;
    const double factor = moco_schedule_lr(&t->schedule, moco__progress_epoch(p));
    bool stops = false;
    MOCO_TRY(learn_batch(t, factor));
    moco__progress_advance(p, moco__linear_rate(t->linear, leader(&t->result)) * factor);
    if (moco__progress_is_due(p)) {
        MOCO_TRY(read_metrics(t));
    }
    MOCO_TRY(moco__progress_ask(&stops, p));
    return stops ? moco__progress_stopped(p) : MOCO_OK;
}

/* Gives every classifier the weights of its best epoch. */
static moco_status restore_best(training *t)
{
    for (size_t i = 0; i < t->result.rate_count; ++i) {
        const moco_tensor_list *now = moco_linear_parameters(t->linear, i);
        if (t->best[i][0] != NULL) {
            MOCO_TRY(moco_tensor_copy(moco_tensor_list_get(now, 0), t->best[i][0]));
            MOCO_TRY(moco_tensor_copy(moco_tensor_list_get(now, 1), t->best[i][1]));
        }
    }
    return MOCO_OK;
}

static void start(training *t)
{
    static const moco_score nothing = { NAN, NAN, NAN };
    const moco_linear_train_options *o = &t->options;
    t->result.rate_count = moco__linear_count(t->linear);
    for (size_t i = 0; i < t->result.rate_count; ++i) {
        t->result.outcomes[i] =
            (moco_linear_outcome){ moco__linear_rate(t->linear, i), false, NAN, nothing, nothing, 0 };
    }
    t->progress = (moco__progress){
        .seen = { .epochs = (uint64_t)o->epochs, .epoch_steps = moco_sampler_batches(t->from.sampler) },
        .callback = o->progress,
        .payload = o->payload,
        .comm = t->from.images != NULL ? t->from.images->comm : NULL,
        .loader = t->from.loader,
        .print_freq = (uint64_t)o->print_freq,
        .batch = (double)t->from.batch,
    };
    moco__progress_start(&t->progress);
}

static moco_status run(training *t)
{
    MOCO_TRY(moco_scope_create(&t->scope));
    start(t);
    while (t->progress.seen.step < t->progress.seen.steps) {
        MOCO_TRY(step(t));
    }
    MOCO_TRY(restore_best(t));
    t->result.best = leader(&t->result);
    t->result.seconds = moco__now() - t->progress.start_time;
    return MOCO_OK;
}

MOCO__DEFINE_INIT(moco_linear_train_options, MOCO_LINEAR_TRAIN_OPTIONS_INIT)

MOCO__DEFINE_INIT(moco_linear_images, MOCO_LINEAR_IMAGES_INIT)

static moco_status read_options(training *t, const moco_linear_train_options *options)
{
    /* The rates of the reference's main_lincls.py: 0.1 times as high from epochs 60 and 80. */
    static const moco_schedule schedule = { .struct_size = sizeof schedule,
                                            .kind = MOCO_SCHEDULE_STEPS,
                                            .lr = 1,
                                            .epochs = 100,
                                            .milestone_count = 2,
                                            .milestones = { 60, 80 } };
    MOCO__READ_OPTIONS(&t->options, options, MOCO_LINEAR_TRAIN_OPTIONS_INIT);
    MOCO__READ_OPTIONS(&t->schedule, t->options.schedule != NULL ? t->options.schedule : &schedule, MOCO_SCHEDULE_INIT);
    return MOCO_OK;
}

static moco_status train(moco_linear_result *out, moco_linear *linear, moco__linear_source from,
                         const moco_features *val, const moco_linear_train_options *options)
{
    training t = { .linear = linear, .val = val, .from = from };
    moco_status status;
    MOCO_TRY(read_options(&t, options));
    MOCO_TRY(check_options(&t.options, moco__linear_source_count(&from)));
    MOCO_TRY_GOTO(moco__linear_source_open(&t.from, linear, &t.options));
    MOCO_TRY_GOTO(run(&t));
    *out = t.result;
done:
    moco__linear_source_close(&t.from);
    moco_scope_free(t.scope);
    for (size_t i = 0; i < MOCO_LINEAR_MAX_RATES; ++i) {
        moco_tensor_free(t.best[i][0]);
        moco_tensor_free(t.best[i][1]);
    }
    return status;
}

moco_status moco_linear_train_cached(moco_linear_result *out, moco_linear *linear, const moco_features *features,
                                     const moco_features *val, const moco_linear_train_options *options)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(linear);
    MOCO_CHECK_ARG(features);
    MOCO_CHECK_ARG(val);
    return train(out, linear, (moco__linear_source){ .features = features }, val, options);
}

moco_status moco__linear_train_rows(moco_linear_result *out, moco_linear *linear, const moco_features *features,
                                    const size_t *rows, size_t count, const moco_features *val,
                                    const moco_linear_train_options *options)
{
    const moco__linear_source from = { .features = features, .subset = rows, .subset_count = count };
    return train(out, linear, from, val, options);
}

moco_status moco__linear_check_images(const moco_linear_images *images)
{
    if (images->dataset == NULL || images->encoder == NULL || images->policy == NULL) {
        return moco_error_set(MOCO_EINVALID, "linear: images->%s is NULL; give a dataset, an encoder and a policy",
                              images->dataset == NULL   ? "dataset"
                              : images->encoder == NULL ? "encoder"
                                                        : "policy");
    }
    return MOCO_OK;
}

moco_status moco_linear_train_images(moco_linear_result *out, moco_linear *linear, const moco_linear_images *images,
                                     const moco_features *val, const moco_linear_train_options *options)
{
    moco_linear_images from;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(linear);
    MOCO_CHECK_ARG(images);
    MOCO_CHECK_ARG(val);
    MOCO__READ_OPTIONS(&from, images, MOCO_LINEAR_IMAGES_INIT);
    MOCO_TRY(moco__linear_check_images(&from));
    return train(out, linear, (moco__linear_source){ .images = &from }, val, options);
}
