/* Embeds images in memory: prepares a batch, runs the encoder, and copies the rows out. */
#include "evaluate/feature_finite_internal.h"
#include "evaluate/feature_policy_internal.h"

#include "base/handle_internal.h"
#include "base/tensor_internal.h"

#include "moco/embed.h"

#include <pthread.h>

/* A forward pass on a GPU keeps cast weights in the encoder, so there only one may run. */
static pthread_mutex_t gpu = PTHREAD_MUTEX_INITIALIZER;

/* What a call works with. */
typedef struct job {
    moco_encoder *encoder;
    moco_encoder_options network;
    moco_features_options options;
    moco_augment_policy policy;
    moco_image *view, *scratch;
    moco_scope *scope;
    size_t dim;
} job;

static moco_status check_images(const job *j, const moco_image *const *images, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        if (images[i] == NULL || moco_image_width(images[i]) < 1 || moco_image_height(images[i]) < 1) {
            return moco_error_set(MOCO_EINVALID, "embed: images[%zu] is %s; read or set it first", i,
                                  images[i] == NULL ? "NULL" : "empty");
        }
        if (moco_image_channels(images[i]) != j->policy.channels) {
            return moco_error_set(MOCO_EINVALID,
                                  "embed: images[%zu] has %d channels, and the options are for %d; call "
                                  "moco_image_set_channels() before it is read",
                                  i, moco_image_channels(images[i]), j->policy.channels);
        }
    }
    return MOCO_OK;
}

static moco_status check(const job *j, size_t room, size_t count)
{
    const moco_features_options *o = &j->options;
    if (o->kind != MOCO_FEATURE_POOLED && o->kind != MOCO_FEATURE_OUTPUT) {
        return moco_error_set(MOCO_EINVALID, "embed: kind %d is neither MOCO_FEATURE_POOLED nor MOCO_FEATURE_OUTPUT",
                              (int)o->kind);
    }
    if (j->policy.channels != moco_encoder_channels(j->encoder)) {
        return moco_error_set(MOCO_EINVALID,
                              "embed: the options are for %d channels, and the encoder takes %lld; make them by "
                              "moco_features_options_for()",
                              j->policy.channels, (long long)moco_encoder_channels(j->encoder));
    }
    if (moco_encoder_training(j->encoder)) {
        return moco_error_set(MOCO_EINVALID, "embed: the encoder is in training mode, in which images change each "
                                             "other's features; call moco_encoder_set_training(encoder, false)");
    }
    if (count == 0 || o->batch == 0) {
        return moco_error_set(MOCO_EINVALID, "embed: %zu images in batches of %zu; give at least 1 of each", count,
                              o->batch);
    }
    if (j->dim == 0) {
        return moco_error_set(MOCO_EINVALID, "embed: the encoder has no head; use MOCO_FEATURE_POOLED");
    }
    if (room / j->dim != count || room % j->dim != 0) {
        return moco_error_set(MOCO_EINVALID, "embed: room for %zu values is given, but %zu images have %zu each", room,
                              count, j->dim);
    }
    return MOCO_OK;
}

/* Prepares images: N x channels x size x size. */
static moco_status prepare(moco_tensor **out, job *j, const moco_image *const *images, size_t count)
{
    const int32_t size = j->policy.size;
    const size_t bytes = (size_t)j->policy.channels * (size_t)size * (size_t)size * sizeof(float);
    void *values = NULL;
    MOCO_TRY(moco_image_batch_create(out, &values, j->scope, MOCO_FLOAT32, (int64_t)count, j->policy.channels, size,
                                     size, j->network.layout, j->network.device));
    for (size_t i = 0; i < count; ++i) {
        const moco_augment_key key = { 0, 0, 0, 0 };
        MOCO_TRY(moco_augment_apply(j->view, j->scratch, images[i], &j->policy, key));
        MOCO_TRY(moco_image_store((char *)values + i * bytes, MOCO_FLOAT32, j->view, moco_augment_mean(&j->policy),
                                  moco_augment_std(&j->policy), j->network.layout));
    }
    return MOCO_OK;
}

static moco_status forward(moco_tensor **out, const job *j, const moco_tensor *batch)
{
    moco_tensor *images;
    MOCO_TRY(moco_tensor_to(&images, j->scope, batch, j->network.device));
    MOCO_TRY(j->options.kind == MOCO_FEATURE_OUTPUT ? moco_encoder_forward(out, j->scope, j->encoder, images)
                                                    : moco_encoder_features(out, j->scope, j->encoder, images));
    return j->options.raw ? MOCO_OK : moco__tensor_normalize_into(*out, *out);
}

static moco_status embed_batch(float *out, job *j, const moco_image *const *images, size_t count)
{
    const bool takes_turns = j->network.device.type == MOCO_CUDA;
    moco_tensor *batch, *rows;
    MOCO_TRY(prepare(&batch, j, images, count));
    if (takes_turns) {
        (void)pthread_mutex_lock(&gpu);
    }
    moco_status status = forward(&rows, j, batch);
    if (status == MOCO_OK) {
        status = moco_tensor_to_host(out, count * j->dim * sizeof *out, rows);
    }
    if (takes_turns) {
        (void)pthread_mutex_unlock(&gpu);
    }
    return status;
}

static moco_status embed(float *out, job *j, const moco_image *const *images, size_t count)
{
    moco_status status;
    MOCO_TRY_GOTO(moco_scope_create(&j->scope));
    MOCO_TRY_GOTO(moco_image_create(&j->view));
    MOCO_TRY_GOTO(moco_image_create(&j->scratch));
    for (size_t done = 0; done < count; done += j->options.batch) {
        const size_t left = count - done;
        MOCO_TRY_GOTO(
            embed_batch(out + done * j->dim, j, images + done, left < j->options.batch ? left : j->options.batch));
        moco_scope_clear(j->scope);
    }
    MOCO_TRY_GOTO(moco__rows_check_finite(out, count, j->dim));
done:
    moco_image_free(j->scratch);
    moco_image_free(j->view);
    moco_scope_free(j->scope);
    return status;
}

moco_status moco_encoder_embed(float *out, size_t room, moco_encoder *encoder, const moco_image *const *images,
                               size_t count, const moco_features_options *options)
{
    job j = { .encoder = encoder, .network = MOCO_ENCODER_OPTIONS_INIT };
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(encoder);
    MOCO_CHECK_ARG(images);
    MOCO_TRY(moco__features_options_read(&j.options, options));
    MOCO_TRY(moco__features_policy(&j.policy, &j.options));
    MOCO_TRY(moco_encoder_describe(&j.network, encoder));
    j.dim =
        (size_t)(j.options.kind == MOCO_FEATURE_OUTPUT ? moco_encoder_dim(encoder) : moco_encoder_feature_dim(encoder));
    MOCO_TRY(check(&j, room, count));
    MOCO_TRY(check_images(&j, images, count));
    return embed(out, &j, images, count);
}
