/* Fine-tunes a network: every weight learns, and the head has its own learning rate. */
#include "base/clock_internal.h"
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "base/tensor_internal.h"
#include "evaluate/classifier_internal.h"
#include "evaluate/feature_set_internal.h"
#include "evaluate/finetune_internal.h"
#include "evaluate/finetune_watch_internal.h"
#include "evaluate/progress_internal.h"
#include "weights/encoder_state_internal.h"

#include "moco/ddp.h"
#include "moco/finetune.h"
#include "moco/ops.h"
#include "moco/optim.h"

#include <math.h>
#include <stdlib.h>

typedef struct tuning {
    moco_encoder *encoder;
    const moco_dataset *train, *val;
    const moco_finetune_options *options;
    moco_schedule schedule;
    moco_loader_options loads;
    moco_features_options tests;
    moco_tensor_list *body, *head; /* parameters */
    moco_sgd *body_sgd, *head_sgd;
    moco_ddp *ddp;
    moco_sampler *sampler;
    moco_loader *loader;
    moco_scope *scope;
    moco_tensor *sums; /* MOCO__SCORES, since the last metrics */
    moco__classes classes;
    moco_finetune_result result;
    moco__progress progress;
    moco__watch watch;
} tuning;

MOCO__DEFINE_INIT(moco_finetune_options, MOCO_FINETUNE_OPTIONS_INIT)

size_t moco_finetune_auto_batch(size_t images)
{
    enum { LEAST = 16, MOST = 256, STEPS = 48 };
    size_t batch = MOST;
    while (batch > LEAST && batch * STEPS > images) {
        batch /= 2;
    }
    return batch;
}

static moco_status check_options(const moco_finetune_options *o)
{
    if (!(o->encoder_rate > 0 && isfinite(o->encoder_rate)) || !(o->head_rate > 0 && isfinite(o->head_rate))) {
        return moco_error_set(MOCO_EINVALID,
                              "finetune: learning rates %g of the encoder and %g of the head must be above 0 and "
                              "finite; moco_finetune_choose() finds fitting ones",
                              o->encoder_rate, o->head_rate);
    }
    if (o->epochs < 1) {
        return moco_error_set(MOCO_EINVALID, "finetune: %lld epochs; give at least 1", (long long)o->epochs);
    }
    if (o->policy == NULL) {
        return moco_error_set(MOCO_EINVALID,
                              "finetune: options->policy is NULL; fill one in by moco_augment_classifier()");
    }
    return MOCO_OK;
}

static moco_status read_parts(tuning *t)
{
    const moco_finetune_options *o = t->options;
    moco_schedule cosine = MOCO_SCHEDULE_INIT;
    cosine.kind = MOCO_SCHEDULE_COSINE;
    cosine.lr = 1;
    cosine.epochs = (double)o->epochs;
    cosine.warmup_epochs = o->epochs > 1 ? 1 : 0;
    MOCO__READ_OPTIONS(&t->schedule, o->schedule != NULL ? o->schedule : &cosine, MOCO_SCHEDULE_INIT);
    MOCO__READ_OPTIONS(&t->loads, o->loader, MOCO_LOADER_OPTIONS_INIT);
    MOCO__READ_OPTIONS(&t->tests, o->tests, MOCO_FEATURES_OPTIONS_INIT);
    return MOCO_OK;
}

/* Lists the parameters of the head, or all others. */
static moco_status list_parameters(moco_tensor_list **out, const moco_encoder *encoder, bool head)
{
    const moco_tensor_list *state = moco_encoder_state(encoder);
    const size_t count = moco_tensor_list_count(state);
    const moco_tensor **chosen = moco__calloc(count, sizeof(moco_tensor *));
    size_t used = 0;
    if (chosen == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < count; ++i) {
        const bool of_head = moco__is_head(moco_encoder_state_name(encoder, i));
        if (moco_encoder_state_is_parameter(encoder, i) && of_head == head) {
            chosen[used++] = moco_tensor_list_get(state, i);
        }
    }
    const moco_status status = moco_tensor_list_create(out, chosen, used);
    free(chosen);
    return status;
}

static moco_status open_data(tuning *t)
{
    const moco_finetune_options *o = t->options;
    moco_sampler_options sampler = MOCO_SAMPLER_OPTIONS_INIT;
    moco_loader_options loader = t->loads;
    moco_sampler_options_for(&sampler, t->train, 0);
    sampler.rank = moco_comm_rank(o->comm);
    sampler.world = moco_comm_world(o->comm);
    const size_t batch = o->batch > 0 ? o->batch : moco_finetune_auto_batch(sampler.count);
    sampler.batch = batch < sampler.count ? batch : sampler.count;
    sampler.batch -= sampler.batch % (size_t)sampler.world;
    sampler.seed = o->seed;
    loader.seed = o->seed;
    loader.single_view = true;
    MOCO_TRY(moco_sampler_create(&t->sampler, &sampler));
    MOCO_TRY(moco_loader_create(&t->loader, t->train, t->sampler, o->policy, NULL, &loader));
    t->progress = (moco__progress){
        .seen = { .epochs = (uint64_t)o->epochs, .epoch_steps = moco_sampler_batches(t->sampler) },
        .callback = o->progress,
        .payload = o->payload,
        .comm = o->comm,
        .loader = t->loader,
        .print_freq = (uint64_t)o->print_freq,
        .batch = (double)sampler.batch,
    };
    return MOCO_OK;
}

static moco_status set_up(tuning *t)
{
    const moco_finetune_options *o = t->options;
    moco_sgd_options sgd = MOCO_SGD_OPTIONS_INIT;
    sgd.momentum = o->momentum;
    sgd.weight_decay = o->weight_decay;
    const int64_t sums = MOCO__SCORES;
    const moco_device device = moco_tensor_device(moco_tensor_list_get(moco_encoder_state(t->encoder), 0));
    t->classes = (moco__classes){ "finetune", moco_encoder_dim(t->encoder), device };
    moco_encoder_set_training(t->encoder, true);
    MOCO_TRY(moco_scope_create(&t->scope));
    MOCO_TRY(moco_tensor_zeros(&t->sums, NULL, MOCO_FLOAT32, device, &sums, 1));
    MOCO_TRY(list_parameters(&t->body, t->encoder, false));
    MOCO_TRY(list_parameters(&t->head, t->encoder, true));
    MOCO_TRY(moco_sgd_create(&t->body_sgd, t->body, &sgd));
    MOCO_TRY(moco_sgd_create(&t->head_sgd, t->head, &sgd));
    MOCO_TRY(moco_ddp_create(&t->ddp, o->comm, t->encoder, NULL));
    return open_data(t);
}

static void tear_down(tuning *t)
{
    moco_loader_free(t->loader);
    moco_sampler_free(t->sampler);
    moco_ddp_free(t->ddp);
    moco_sgd_free(t->head_sgd);
    moco_sgd_free(t->body_sgd);
    moco_tensor_list_free(t->head);
    moco_tensor_list_free(t->body);
    moco_tensor_free(t->sums);
    moco_scope_free(t->scope);
    moco_encoder_set_training(t->encoder, false);
}

static moco_status learn_batch(tuning *t, double factor)
{
    const moco_finetune_options *o = t->options;
    moco_batch batch;
    moco_tensor *images, *labels, *logits, *loss, *values[MOCO__SCORES];
    MOCO_TRY(moco_loader_next(t->loader, &batch));
    MOCO_TRY(moco__labels_of_batch(&labels, t->scope, &t->classes, t->train, &batch));
    MOCO_TRY(moco_tensor_to(&images, t->scope, batch.query, t->classes.device));
    MOCO_TRY(moco_sgd_zero_grad(t->body_sgd));
    MOCO_TRY(moco_sgd_zero_grad(t->head_sgd));
    MOCO_TRY(moco_encoder_forward(&logits, t->scope, t->encoder, images));
    MOCO_TRY(moco__tensor_cross_entropy(&loss, t->scope, logits, labels));
    MOCO_TRY(moco_ddp_backward(t->ddp, loss, true));
    MOCO_TRY(moco_sgd_step(t->body_sgd, o->encoder_rate * factor));
    MOCO_TRY(moco_sgd_step(t->head_sgd, o->head_rate * factor));
    MOCO_TRY(moco__score_batch(values, t->scope, loss, logits, labels));
    MOCO_TRY(moco__score_add(t->sums, t->scope, values));
    MOCO_TRY(moco_device_wait_uploads(t->classes.device));
    moco_scope_clear(t->scope);
    return MOCO_OK;
}

/* Reads the means since the last metrics into the progress. */
static moco_status read_metrics(tuning *t)
{
    float sums[MOCO__SCORES];
    MOCO_TRY(moco_comm_all_reduce(t->options->comm, t->sums));
    MOCO_TRY(moco_tensor_to_host(sums, sizeof sums, t->sums));
    MOCO_TRY(moco_tensor_zero(t->sums));
    if (!isfinite(sums[0])) {
        return moco_error_set(MOCO_EDIVERGED,
                              "finetune: the loss is no longer finite in epoch %llu; lower the learning rates %g of "
                              "the encoder and %g of the head",
                              (unsigned long long)t->progress.seen.epoch + 1, t->options->encoder_rate,
                              t->options->head_rate);
    }
    const double world = (double)moco_comm_world(t->options->comm);
    const double count = (double)moco__progress_window(&t->progress) * world;
    moco__watch_add(&t->watch, (double)sums[0], (double)sums[1], count);
    moco__progress_measure(&t->progress, (double)sums[0] / count, 100 * (double)sums[1] / count,
                           100 * (double)sums[2] / count);
    return MOCO_OK;
}

/* Gives every rank the running statistics of rank 0, which are the ones that are kept. */
static moco_status share_statistics(const tuning *t)
{
    const moco_tensor_list *state = moco_encoder_state(t->encoder);
    for (size_t i = 0; i < moco_tensor_list_count(state); ++i) {
        if (!moco_encoder_state_is_parameter(t->encoder, i)) {
            MOCO_TRY(moco_comm_broadcast(t->options->comm, moco_tensor_list_get(state, i), 0));
        }
    }
    return MOCO_OK;
}

/* Tests on all validation images. The network's embedding holds the scores of the classes. */
static moco_status test(moco_score *out, tuning *t)
{
    moco_features_options how = t->tests;
    moco_features *scores = NULL;
    moco_tensor *labels, *loss, *values[MOCO__SCORES];
    double means[MOCO__SCORES];
    moco_status status;
    how.kind = MOCO_FEATURE_OUTPUT;
    how.raw = true;
    how.device = t->classes.device;
    how.comm = t->options->comm;
    MOCO_TRY_GOTO(share_statistics(t));
    MOCO_TRY_GOTO(moco_features_extract(&scores, t->val, t->encoder, &how));
    MOCO_TRY_GOTO(moco__labels_of_features(&labels, t->scope, &t->classes, scores));
    MOCO_TRY_GOTO(moco__tensor_cross_entropy(&loss, t->scope, scores->matrix, labels));
    MOCO_TRY_GOTO(moco__score_batch(values, t->scope, loss, scores->matrix, labels));
    for (int i = 0; i < MOCO__SCORES; ++i) {
        MOCO_TRY_GOTO(moco_tensor_item(&means[i], values[i]));
    }
    *out = (moco_score){ means[0], 100 * means[1], 100 * means[2] };
done:
    moco_scope_clear(t->scope);
    moco_features_free(scores);
    return status;
}

static moco_status test_epoch(tuning *t)
{
    const moco_finetune_options *o = t->options;
    moco_finetune_result *r = &t->result;
    const double start = moco__now();
    MOCO_TRY(test(&r->last, t));
    moco__progress_leave_out(&t->progress, start);
    t->progress.seen.val_acc1 = r->last.acc1;
    r->train_loss = t->progress.seen.loss;
    moco__watch_epoch(&t->watch, o, t->classes.count, t->progress.seen.epoch + 1);
    if (r->best_epoch > 0 && !(r->last.acc1 > r->best.acc1)) {
        return MOCO_OK;
    }
    r->best = r->last;
    r->best_epoch = t->progress.seen.epoch + 1;
    return o->best != NULL && moco_comm_rank(o->comm) == 0 ? o->best(r, t->encoder, o->payload) : MOCO_OK;
}

static moco_status step(tuning *t)
{
    moco__progress *p = &t->progress;
    const double factor = moco_schedule_lr(&t->schedule, moco__progress_epoch(p));
    bool stops = false;
    MOCO_TRY(learn_batch(t, factor));
    moco__progress_advance(p, t->options->encoder_rate * factor);
    if (moco__progress_is_due(p)) {
        MOCO_TRY(read_metrics(t));
    }
    if (moco__progress_ends_epoch(p)) {
        MOCO_TRY(test_epoch(t));
    }
    MOCO_TRY(moco__progress_ask(&stops, p));
    return stops ? moco__progress_stopped(p) : MOCO_OK;
}

static moco_status run(tuning *t)
{
    moco__progress_start(&t->progress);
    while (t->progress.seen.step < t->progress.seen.steps) {
        MOCO_TRY(step(t));
    }
    t->result.seconds = moco__now() - t->progress.start_time;
    return MOCO_OK;
}

static moco_status finetune(moco_finetune_result *out, moco_encoder *encoder, const moco_dataset *train,
                            const moco_dataset *val, const moco_finetune_options *o, bool warns)
{
    MOCO_TRY(check_options(o));
    tuning t = { .encoder = encoder, .train = train, .val = val, .options = o, .watch.warned = !warns };
    moco_status status;
    MOCO_TRY(read_parts(&t));
    MOCO_TRY_GOTO(set_up(&t));
    MOCO_TRY_GOTO(run(&t));
    *out = t.result;
done:
    tear_down(&t);
    return status;
}

moco_status moco_finetune(moco_finetune_result *out, moco_encoder *encoder, const moco_dataset *train,
                          const moco_dataset *val, const moco_finetune_options *options)
{
    moco_finetune_options o;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(encoder);
    MOCO_CHECK_ARG(train);
    MOCO_CHECK_ARG(val);
    MOCO_CHECK_ARG(options);
    MOCO__READ_OPTIONS(&o, options, MOCO_FINETUNE_OPTIONS_INIT);
    return finetune(out, encoder, train, val, &o, true);
}

moco_status moco__finetune_try(moco_finetune_result *out, moco_encoder *encoder, const moco_dataset *train,
                               const moco_dataset *val, const moco_finetune_options *options)
{
    return finetune(out, encoder, train, val, options, false);
}
