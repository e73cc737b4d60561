/* Trains and tests linear classifiers that learn from the same batches, one per learning rate. */
#include "evaluate/linear_internal.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "base/tensor_internal.h"
#include "evaluate/classifier_internal.h"
#include "evaluate/feature_set_internal.h"

#include "moco/ddp.h"
#include "moco/ops.h"
#include "moco/optim.h"

#include <math.h>

enum { CHUNK = 4096 }; /* rows that are scored at once */

typedef struct head {
    double rate;
    moco_tensor *weight; /* classes x dim */
    moco_tensor *bias;   /* classes */
    moco_tensor_list *parameters;
    moco_sgd *sgd;
    moco_tensor *sums; /* MOCO__SCORES, each weighted by the rows of a batch */
    bool diverged;
} head;

struct moco_linear {
    head heads[MOCO_LINEAR_MAX_RATES];
    size_t count;
    int64_t dim, classes;
    moco_device device;
    moco_comm *comm;
    moco_scope *scope;   /* temporaries of a step */
    int64_t summed_rows; /* on this rank, since the means were last read */
};

static moco_status check_options(const moco_linear_options *o)
{
    if (o->dim < 1 || o->classes < 2) {
        return moco_error_set(MOCO_EINVALID,
                              "linear: %lld classes and %lld features; there must be at least 2 classes and 1 feature",
                              (long long)o->classes, (long long)o->dim);
    }
    if (o->rate_count < 1 || o->rate_count > MOCO_LINEAR_MAX_RATES) {
        return moco_error_set(MOCO_EINVALID, "linear: %zu learning rates; give 1 to %d", o->rate_count,
                              MOCO_LINEAR_MAX_RATES);
    }
    for (size_t i = 0; i < o->rate_count; ++i) {
        if (!(o->rates[i] > 0) || !isfinite(o->rates[i])) {
            return moco_error_set(MOCO_EINVALID, "linear: learning rate %g must be above 0 and finite", o->rates[i]);
        }
    }
    return MOCO_OK;
}

static moco_status create_head(head *h, const moco_linear_options *o, double rate)
{
    const int64_t sums = MOCO__SCORES;
    const int64_t sizes[2] = { o->classes, o->dim };
    h->rate = rate;
    /* every classifier starts from the same weights, so that only the learning rates differ */
    MOCO_TRY(moco__first_weight(&h->weight, NULL, sizes, o->device, o->seed));
    MOCO_TRY(moco_tensor_zeros(&h->bias, NULL, MOCO_FLOAT32, o->device, &o->classes, 1));
    MOCO_TRY(moco_tensor_require_gradient(h->weight));
    MOCO_TRY(moco_tensor_require_gradient(h->bias));
    const moco_tensor *const both[2] = { h->weight, h->bias };
    MOCO_TRY(moco_tensor_list_create(&h->parameters, both, 2));
    moco_sgd_options sgd = MOCO_SGD_OPTIONS_INIT;
    sgd.momentum = o->momentum;
    sgd.weight_decay = o->weight_decay;
    MOCO_TRY(moco_sgd_create(&h->sgd, h->parameters, &sgd));
    return moco_tensor_zeros(&h->sums, NULL, MOCO_FLOAT32, o->device, &sums, 1);
}

static moco_status create_heads(moco_linear *linear, const moco_linear_options *o)
{
    MOCO_TRY(moco_scope_create(&linear->scope));
    for (size_t i = 0; i < o->rate_count; ++i) {
        linear->count = i + 1;
        MOCO_TRY(create_head(&linear->heads[i], o, o->rates[i]));
    }
    return MOCO_OK;
}

MOCO__DEFINE_INIT(moco_linear_options, MOCO_LINEAR_OPTIONS_INIT)

moco_status moco_linear_create(moco_linear **out, const moco_linear_options *options)
{
    moco_linear_options o;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(options);
    MOCO__READ_OPTIONS(&o, options, MOCO_LINEAR_OPTIONS_INIT);
    MOCO_TRY(check_options(&o));
    moco_linear *linear = moco__handle_alloc(sizeof *linear);
    if (linear == NULL) {
        return MOCO_ENOMEM;
    }
    linear->dim = o.dim;
    linear->classes = o.classes;
    linear->device = o.device;
    linear->comm = o.comm;
    const moco_status status = create_heads(linear, &o);
    if (status != MOCO_OK) {
        moco_linear_free(linear);
        return status;
    }
    *out = linear;
    return MOCO_OK;
}

void moco_linear_free(moco_linear *linear)
{
    if (linear == NULL) {
        return;
    }
    for (size_t i = 0; i < linear->count; ++i) {
        head *h = &linear->heads[i];
        moco_sgd_free(h->sgd);
        moco_tensor_list_free(h->parameters);
        moco_tensor_free(h->sums);
        moco_tensor_free(h->bias);
        moco_tensor_free(h->weight);
    }
    moco_scope_free(linear->scope);
    moco__handle_free(linear);
}

static moco_status check_rows(const moco_linear *linear, const moco_tensor *features, const moco_tensor *labels)
{
    if (moco_tensor_ndim(features) != 2 || moco_tensor_size(features, 1) != linear->dim ||
        moco_tensor_numel(labels) != moco_tensor_size(features, 0)) {
        return moco_error_set(MOCO_EINVALID,
                              "linear: features of %lld dimensions for classifiers over %lld, or not one label per "
                              "row; give a matrix and its labels",
                              (long long)moco_tensor_size(features, 1), (long long)linear->dim);
    }
    return MOCO_OK;
}

/* N x classes. */
static moco_status classify(moco_tensor **logits, moco_scope *scope, const head *h, const moco_tensor *features)
{
    moco_tensor *transposed, *product;
    MOCO_TRY(moco_tensor_transpose(&transposed, scope, h->weight));
    MOCO_TRY(moco_tensor_matmul(&product, scope, features, transposed));
    return moco_tensor_add(logits, scope, product, h->bias);
}

/* Adds a batch's loss and accuracies, weighted by its rows, to MOCO__SCORES sums on the device, without waiting. */
static moco_status add_sums(moco_tensor *sums, moco_scope *scope, const moco_tensor *loss, const moco_tensor *logits,
                            const moco_tensor *labels)
{
    const double rows = (double)moco_tensor_size(logits, 0);
    moco_tensor *values[MOCO__SCORES];
    MOCO_TRY(moco__score_batch(values, scope, loss, logits, labels));
    for (int i = 0; i < MOCO__SCORES; ++i) {
        MOCO_TRY(moco_tensor_scale(&values[i], scope, values[i], rows));
    }
    return moco__score_add(sums, scope, values);
}

static moco_status learn(const moco_linear *linear, const head *h, const moco_tensor *features,
                         const moco_tensor *labels, double factor)
{
    moco_tensor *logits, *loss;
    MOCO_TRY(moco_sgd_zero_grad(h->sgd));
    MOCO_TRY(classify(&logits, linear->scope, h, features));
    MOCO_TRY(moco__tensor_cross_entropy(&loss, linear->scope, logits, labels));
    MOCO_TRY(moco_tensor_backward(loss));
    MOCO_TRY(moco_ddp_average(linear->comm, h->parameters));
    MOCO_TRY(moco_sgd_step(h->sgd, h->rate * factor));
    return add_sums(h->sums, linear->scope, loss, logits, labels);
}

moco_status moco__linear_step(moco_linear *linear, const moco_tensor *features, const moco_tensor *labels,
                              double factor)
{
    MOCO_CHECK_ARG(linear);
    MOCO_CHECK_ARG(features);
    MOCO_CHECK_ARG(labels);
    MOCO_TRY(check_rows(linear, features, labels));
    for (size_t i = 0; i < linear->count; ++i) {
        if (!linear->heads[i].diverged) {
            MOCO_TRY(learn(linear, &linear->heads[i], features, labels, factor));
        }
        moco_scope_clear(linear->scope);
    }
    linear->summed_rows += moco_tensor_size(features, 0);
    return MOCO_OK;
}

/* Divides sums by the rows. A loss that is not finite ends the classifier. */
static moco_status to_score(moco_score *out, head *h, const moco_tensor *sums, double rows)
{
    float values[MOCO__SCORES];
    MOCO_TRY(moco_tensor_to_host(values, sizeof values, sums));
    *out = (moco_score){ (double)values[0] / rows, 100 * (double)values[1] / rows, 100 * (double)values[2] / rows };
    if (!isfinite(values[0])) {
        h->diverged = true;
        *out = (moco_score){ NAN, NAN, NAN };
        moco_log(MOCO_LOG_WARNING, "lr %g: the classifier's loss is no longer finite; it does not learn any more",
                 h->rate);
    }
    return MOCO_OK;
}

moco_status moco__linear_read_means(moco_score *out, moco_linear *linear)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(linear);
    const double rows = (double)linear->summed_rows * (double)moco_comm_world(linear->comm);
    linear->summed_rows = 0;
    for (size_t i = 0; i < linear->count; ++i) {
        head *h = &linear->heads[i];
        out[i] = (moco_score){ NAN, NAN, NAN };
        if (!h->diverged && rows > 0) {
            MOCO_TRY(moco_comm_all_reduce(linear->comm, h->sums));
            MOCO_TRY(to_score(&out[i], h, h->sums, rows));
            MOCO_TRY(moco_tensor_zero(h->sums));
        }
    }
    return MOCO_OK;
}

static moco_status score_head(moco_score *out, moco_linear *linear, head *h, const moco_features *features,
                              const moco_tensor *labels)
{
    const int64_t total = (int64_t)features->count;
    const int64_t size = MOCO__SCORES;
    moco_tensor *sums = NULL;
    moco_status status;
    MOCO_TRY_GOTO(moco_tensor_zeros(&sums, NULL, MOCO_FLOAT32, linear->device, &size, 1));
    for (int64_t from = 0; from < total; from += CHUNK) {
        const int64_t count = total - from < CHUNK ? total - from : CHUNK;
        moco_tensor *rows, *wanted, *logits, *loss;
        MOCO_TRY_GOTO(moco_tensor_narrow(&rows, linear->scope, features->matrix, 0, from, count));
        MOCO_TRY_GOTO(moco_tensor_narrow(&wanted, linear->scope, labels, 0, from, count));
        MOCO_TRY_GOTO(classify(&logits, linear->scope, h, rows));
        MOCO_TRY_GOTO(moco__tensor_cross_entropy(&loss, linear->scope, logits, wanted));
        MOCO_TRY_GOTO(add_sums(sums, linear->scope, loss, logits, wanted));
        moco_scope_clear(linear->scope);
    }
    MOCO_TRY_GOTO(to_score(out, h, sums, (double)total));
done:
    moco_tensor_free(sums);
    return status;
}

moco_status moco__linear_score(moco_score *out, moco_linear *linear, const moco_features *features)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(linear);
    MOCO_CHECK_ARG(features);
    moco_tensor *labels = NULL;
    moco_status status;
    MOCO_TRY(moco__linear_labels(&labels, linear, features));
    for (size_t i = 0; i < linear->count; ++i) {
        out[i] = (moco_score){ NAN, NAN, NAN };
        if (!linear->heads[i].diverged) {
            MOCO_TRY_GOTO(score_head(&out[i], linear, &linear->heads[i], features, labels));
        }
    }
    status = MOCO_OK;
done:
    moco_tensor_free(labels);
    return status;
}

moco_status moco__linear_labels(moco_tensor **out, const moco_linear *linear, const moco_features *features)
{
    if (moco_tensor_size(features->matrix, 1) != linear->dim) {
        return moco_error_set(MOCO_EINVALID, "linear: features of %lld dimensions for classifiers over %lld",
                              (long long)moco_tensor_size(features->matrix, 1), (long long)linear->dim);
    }
    const moco__classes classes = moco__linear_classes(linear);
    return moco__labels_of_features(out, NULL, &classes, features);
}

moco__classes moco__linear_classes(const moco_linear *linear)
{
    return (moco__classes){ "linear", linear->classes, linear->device };
}

size_t moco__linear_count(const moco_linear *linear)
{
    return linear->count;
}

double moco__linear_rate(const moco_linear *linear, size_t index)
{
    return linear->heads[index].rate;
}

moco_device moco__linear_device(const moco_linear *linear)
{
    return linear->device;
}

bool moco__linear_diverged(const moco_linear *linear, size_t index)
{
    return linear != NULL && index < linear->count && linear->heads[index].diverged;
}

const moco_tensor_list *moco_linear_parameters(const moco_linear *linear, size_t index)
{
    return linear != NULL && index < linear->count ? linear->heads[index].parameters : NULL;
}
