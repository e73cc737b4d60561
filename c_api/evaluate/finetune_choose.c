/* Chooses the learning rates of fine-tuning on a part of the training images that is held out. */
#include "base/clock_internal.h"
#include "base/comm_internal.h"
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "base/text_internal.h"
#include "evaluate/finetune_internal.h"
#include "evaluate/hold_out_internal.h"

#include "moco/finetune.h"
#include "moco/ops.h"

#include <math.h>
#include <stdlib.h>

/* Rates of the pretrained weights at a batch of 256, from those for few labels (SwAV, Barlow Twins: 0.01 to 0.02) to
 * that of training from nothing. */
static const double encoder_rates[] = { 0.003, 0.01, 0.03, 0.1 };

enum { ENCODER_RATES = sizeof encoder_rates / sizeof encoder_rates[0] };
enum { MEASURED = 2048 }; /* images on which the scale of features is measured */
enum { LEARNT = 20000 };  /* images of a trial, at most */
enum { GRID = 20 };       /* head rates per decade, so that all processes agree on one */

typedef struct search {
    moco_encoder *encoder;
    moco_finetune_options options;
    moco_dataset *learnt, *held, *share; /* share: of learnt, if that has too many images */
    moco_tensor **first;                 /* the encoder's weights before */
    size_t tensors;
    moco_finetune_choice choice;
} search;

static const moco_dataset *images_of(const search *s)
{
    return s->share != NULL ? s->share : s->learnt;
}

static moco_status keep_weights(search *s)
{
    const moco_tensor_list *state = moco_encoder_state(s->encoder);
    s->tensors = moco_tensor_list_count(state);
    s->first = moco__calloc(s->tensors, sizeof(moco_tensor *));
    if (s->first == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < s->tensors; ++i) {
        moco_tensor *plain = NULL;
        MOCO_TRY(moco_tensor_detach(&plain, NULL, moco_tensor_list_get(state, i)));
        const moco_status status = moco_tensor_clone(&s->first[i], NULL, plain);
        moco_tensor_free(plain);
        MOCO_TRY(status);
    }
    return MOCO_OK;
}

static moco_status restore_weights(const search *s)
{
    const moco_tensor_list *state = moco_encoder_state(s->encoder);
    for (size_t i = 0; i < s->tensors; ++i) {
        MOCO_TRY(moco_tensor_copy(moco_tensor_list_get(state, i), s->first[i]));
    }
    return MOCO_OK;
}

static moco_status open_parts(search *s, const moco_dataset *train)
{
    MOCO_TRY(moco__hold_out_datasets(&s->learnt, &s->held, train, s->options.seed));
    const size_t count = moco_dataset_count(s->learnt);
    if (count > LEARNT) {
        MOCO_TRY(moco_dataset_fraction(&s->share, s->learnt, (double)LEARNT / (double)count, s->options.seed));
    }
    s->choice.learnt = moco_dataset_count(images_of(s));
    s->choice.held_out = moco_dataset_count(s->held);
    return MOCO_OK;
}

/* Sets the head's rate to the largest at which SGD on the features is stable. */
static moco_status measure_head_rate(search *s)
{
    moco_features_options how;
    moco_feature_scale scale;
    moco_features *features = NULL;
    const moco_tensor *any = moco_tensor_list_get(moco_encoder_state(s->encoder), 0);
    MOCO__READ_OPTIONS(&how, s->options.tests, MOCO_FEATURES_OPTIONS_INIT);
    how.kind = MOCO_FEATURE_POOLED;
    how.raw = true;
    how.limit = MEASURED;
    how.device = moco_tensor_device(any);
    how.comm = s->options.comm;
    MOCO_TRY(moco_features_extract(&features, images_of(s), s->encoder, &how));
    const moco_status status = moco_feature_scale_measure(&scale, features, s->options.momentum);
    moco_features_free(features);
    MOCO_TRY(status);
    if (!(scale.stable_rate > 0 && isfinite(scale.stable_rate))) {
        return moco_error_set(MOCO_EINVALID, "finetune: all features are 0, so that no learning rate of the head can "
                                             "be found; give a network with other weights, or the rate");
    }
    int64_t place = (int64_t)floor(GRID * log10(scale.stable_rate)) + INT16_MAX; /* not below 0 */
    MOCO_TRY(moco__comm_largest(&place, s->options.comm, place));
    s->options.head_rate = pow(10, (double)(place - INT16_MAX) / GRID);
    return MOCO_OK;
}

static moco_status try_rate(search *s, double encoder_rate)
{
    moco_finetune_trial *trial = &s->choice.trials[s->choice.count];
    moco_finetune_result result;
    *trial = (moco_finetune_trial){ encoder_rate, s->options.head_rate, false, NAN, { NAN, NAN, NAN } };
    s->options.encoder_rate = encoder_rate;
    const moco_status status = moco__finetune_try(&result, s->encoder, images_of(s), s->held, &s->options);
    if (status == MOCO_OK) {
        trial->train_loss = result.train_loss;
        trial->held_out = result.last;
    } else if (status == MOCO_EDIVERGED) {
        trial->diverged = true;
    } else {
        return status;
    }
    s->choice.count += 1;
    return restore_weights(s);
}

static void log_trial(const search *s, const moco_finetune_trial *t)
{
    char encoder[32];
    char head[32];
    (void)moco__number_text(encoder, sizeof encoder, 2, t->encoder_rate);
    (void)moco__number_text(head, sizeof head, 2, t->head_rate);
    if (moco_comm_rank(s->options.comm) != 0) {
        return;
    }
    if (t->diverged) {
        moco_log(MOCO_LOG_INFO, "finetune: rates %s of the encoder and %s of the head: diverged", encoder, head);
    } else {
        moco_log(MOCO_LOG_INFO,
                 "finetune: rates %s of the encoder and %s of the head: %.2f %% of %zu held-out training images right "
                 "after %lld epoch%s",
                 encoder, head, t->held_out.acc1, s->choice.held_out, (long long)s->options.epochs,
                 moco__plural((uint64_t)s->options.epochs));
    }
}

/* Returns whether a trial is better than another: by accuracy, and of equal ones by loss. */
static bool is_better(const moco_finetune_trial *a, const moco_finetune_trial *b)
{
    if (a->diverged || b->diverged) {
        return !a->diverged;
    }
    return a->held_out.acc1 != b->held_out.acc1 ? a->held_out.acc1 > b->held_out.acc1
                                                : a->held_out.loss < b->held_out.loss;
}

static moco_status try_all(search *s)
{
    const double given = s->options.encoder_rate;
    const size_t images = moco_dataset_count(images_of(s));
    const double scale = (double)(s->options.batch < images ? s->options.batch : images) / 256;
    moco_finetune_choice *c = &s->choice;
    for (size_t i = 0; i < (given > 0 ? 1 : ENCODER_RATES); ++i) {
        MOCO_TRY(try_rate(s, given > 0 ? given : encoder_rates[i] * scale));
        log_trial(s, &c->trials[i]);
        c->best = is_better(&c->trials[i], &c->trials[c->best]) ? i : c->best;
    }
    return c->trials[c->best].diverged
               ? moco_error_set(MOCO_EDIVERGED,
                                "finetune: all %zu pairs of learning rates diverged, the lowest %g of the encoder and "
                                "%g of the head; give lower ones",
                                c->count, c->trials[0].encoder_rate, c->trials[0].head_rate)
               : MOCO_OK;
}

static moco_status choose(search *s, const moco_dataset *train)
{
    MOCO_TRY(open_parts(s, train));
    MOCO_TRY(keep_weights(s));
    if (!(s->options.head_rate > 0)) {
        MOCO_TRY(measure_head_rate(s));
    }
    return try_all(s);
}

static void close_search(search *s)
{
    for (size_t i = 0; s->first != NULL && i < s->tensors; ++i) {
        moco_tensor_free(s->first[i]);
    }
    free(s->first);
    moco_dataset_free(s->share);
    moco_dataset_free(s->held);
    moco_dataset_free(s->learnt);
}

moco_status moco_finetune_choose(moco_finetune_choice *out, moco_encoder *encoder, const moco_dataset *train,
                                 const moco_finetune_options *options)
{
    const double start = moco__now();
    search s = { .encoder = encoder };
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(encoder);
    MOCO_CHECK_ARG(train);
    MOCO_CHECK_ARG(options);
    MOCO__READ_OPTIONS(&s.options, options, MOCO_FINETUNE_OPTIONS_INIT);
    s.options.best = NULL;
    if (s.options.batch == 0) { /* the rates are for the batch of the training */
        s.options.batch = moco_finetune_auto_batch(moco_dataset_count(train));
    }
    const moco_status status = choose(&s, train);
    s.choice.seconds = moco__now() - start;
    close_search(&s);
    if (status == MOCO_OK) {
        *out = s.choice;
    }
    return status;
}
