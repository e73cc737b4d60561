/* Computes the features of a dataset in one forward pass over its images, without random augmentation. */
#include "evaluate/feature_set_internal.h"

#include "base/clock_internal.h"
#include "base/comm_internal.h"
#include "base/handle_internal.h"
#include "base/tensor_internal.h"
#include "dataset/dataset_identity_internal.h"
#include "dataset/dataset_internal.h"
#include "evaluate/feature_finite_internal.h"
#include "evaluate/feature_policy_internal.h"
#include "ranks/comm_numbers_internal.h"

#include "moco/loader.h"
#include "moco/ops.h"

#include <stdlib.h>

enum { SUBSET_SEED = 0 };

static moco_status check_options(const moco_dataset *dataset, const moco_encoder *encoder,
                                 const moco_features_options *o)
{
    if (encoder == NULL && o->kind != MOCO_FEATURE_PIXELS) {
        return moco_error_set(MOCO_EINVALID, "features: there is no encoder; give one, or the kind pixels");
    }
    if (moco_dataset_count(dataset) == 0 || o->batch == 0) {
        return moco_error_set(MOCO_EINVALID, "features: %zu images in batches of %zu; give at least 1 of each",
                              moco_dataset_count(dataset), o->batch);
    }
    return MOCO_OK;
}

static moco_status create_sampler(moco_sampler **out, const moco_dataset *dataset, const moco_features_options *o)
{
    moco_sampler_options options = MOCO_SAMPLER_OPTIONS_INIT;
    moco_sampler_options_for(&options, dataset, 0);
    options.batch = o->batch < options.count ? o->batch : options.count;
    options.seed = SUBSET_SEED;
    options.shuffle = o->limit > 0;
    options.drop_last = false;
    options.rank = moco_comm_rank(o->comm);
    options.world = moco_comm_world(o->comm);
    options.whole_batches = true; /* the same batches on any number of ranks give the same bits */
    return moco_sampler_create(out, &options);
}

/* Returns how many of the batches of `count` images this rank takes: each world-th. */
static size_t own_batches(size_t count, size_t batch, const moco_features_options *o)
{
    const size_t first = batch * (size_t)moco_comm_rank(o->comm);
    const size_t step = batch * (size_t)moco_comm_world(o->comm);
    return count > first ? (count - first + step - 1) / step : 1; /* a loader reads at least one */
}

static moco_status create_loader(moco_loader **out, const moco_dataset *dataset, moco_sampler *sampler, size_t batches,
                                 const moco_features_options *o)
{
    moco_augment_policy policy;
    MOCO_TRY(moco__features_policy(&policy, o));
    moco_loader_options options = MOCO_LOADER_OPTIONS_INIT;
    options.workers = o->workers;
    options.layout = o->kind == MOCO_FEATURE_PIXELS ? MOCO_NCHW : o->layout;
    options.device = o->device;
    options.skip_broken = o->skip_broken;
    options.single_view = true;
    options.batches = batches;
    return moco_loader_create(out, dataset, sampler, &policy, NULL, &options);
}

/* Computes the features of a batch, N x dim, not normalised. */
static moco_status embed(moco_tensor **out, moco_scope *scope, moco_encoder *encoder, const moco_batch *batch,
                         const moco_features_options *o)
{
    moco_tensor *images;
    MOCO_TRY(moco_tensor_to(&images, scope, batch->query, o->device));
    if (o->kind == MOCO_FEATURE_PIXELS) {
        return moco_tensor_flatten(out, scope, images);
    }
    return o->kind == MOCO_FEATURE_OUTPUT ? moco_encoder_forward(out, scope, encoder, images)
                                          : moco_encoder_features(out, scope, encoder, images);
}

static int64_t feature_dim(const moco_encoder *encoder, const moco_loader *loader, const moco_features_options *o)
{
    if (o->kind == MOCO_FEATURE_PIXELS) {
        const int64_t size = moco_loader_image_size(loader);
        return moco_loader_channels(loader) * size * size;
    }
    return o->kind == MOCO_FEATURE_OUTPUT ? moco_encoder_dim(encoder) : moco_encoder_feature_dim(encoder);
}

/* Writes a batch to its rows of the matrix, and normalises it in the same pass. */
static moco_status put_rows(moco_features *features, moco_scope *scope, const moco_tensor *rows, size_t from,
                            size_t count)
{
    moco_tensor *place, *part;
    MOCO_TRY(moco_tensor_narrow(&place, scope, features->matrix, 0, (int64_t)from, (int64_t)count));
    MOCO_TRY(moco_tensor_narrow(&part, scope, rows, 0, 0, (int64_t)count));
    return features->raw ? moco_tensor_copy(place, part) : moco__tensor_normalize_into(place, part);
}

/* All ranks end together, since they meet where the features are completed. */
static moco_status agree_to_go_on(bool stopped, const moco_features_options *o)
{
    int64_t stops = stopped ? 1 : 0;
    MOCO_TRY(moco__comm_largest(&stops, o->comm, stops));
    return stops == 0 ? MOCO_OK : moco_error_set(MOCO_ESTOPPED, "features: stopped by the progress callback");
}

/* Fills in this rank's batches: each world-th batch, up to the number of images in `features`. */
static moco_status fill(moco_features *features, moco_encoder *encoder, moco_loader *loader, moco_scope *scope,
                        size_t batch_size, const moco_features_options *o)
{
    const size_t step = batch_size * (size_t)moco_comm_world(o->comm);
    bool stopped = false;
    for (size_t done = batch_size * (size_t)moco_comm_rank(o->comm); done < features->count && !stopped; done += step) {
        moco_batch batch;
        moco_tensor *rows;
        MOCO_TRY(moco_loader_next(loader, &batch));
        const double start = moco__now();
        MOCO_TRY(embed(&rows, scope, encoder, &batch, o));
        features->seconds.forward += moco__now() - start;
        const size_t left = features->count - done;
        const size_t count = batch.count < left ? batch.count : left;
        MOCO_TRY(put_rows(features, scope, rows, done, count));
        for (size_t i = 0; i < count; ++i) {
            features->indices[done + i] = (int64_t)batch.indices[i];
        }
        MOCO_TRY(moco_device_wait_uploads(o->device));
        moco_scope_clear(scope);
        stopped = o->progress != NULL && o->progress(done + count, features->count, o->payload) != 0;
    }
    return agree_to_go_on(stopped, o);
}

/* Adds what the other ranks computed, where this rank has zeros. */
static moco_status complete(moco_features *features, const moco_dataset *dataset, const moco_features_options *o)
{
    moco__identifier last = { .length = 0 };
    MOCO_TRY(moco_comm_all_reduce(o->comm, features->matrix));
    MOCO_TRY(moco__comm_sum_numbers(o->comm, o->device, features->indices, features->count));
    for (size_t i = 0; i < features->count; ++i) {
        MOCO_TRY(moco__dataset_label(&features->labels[i], dataset, (size_t)features->indices[i]));
        features->identities[i] = moco__dataset_identify(&last, dataset, (size_t)features->indices[i]);
    }
    return moco__features_check_finite(features, dataset);
}

static moco_status extract(moco_features *features, const moco_dataset *dataset, moco_encoder *encoder,
                           const moco_features_options *o)
{
    const size_t all = moco_dataset_count(dataset);
    const size_t batch = o->batch < all ? o->batch : all;
    moco_sampler *sampler = NULL;
    moco_loader *loader = NULL;
    moco_scope *scope = NULL;
    moco_status status;
    MOCO_TRY_GOTO(create_sampler(&sampler, dataset, o));
    MOCO_TRY_GOTO(create_loader(&loader, dataset, sampler, own_batches(features->count, batch, o), o));
    MOCO_TRY_GOTO(moco_scope_create(&scope));
    const int64_t sizes[2] = { (int64_t)features->count, feature_dim(encoder, loader, o) };
    MOCO_TRY_GOTO(moco_tensor_zeros(&features->matrix, NULL, MOCO_FLOAT32, o->device, sizes, 2));
    features->raw = o->raw;
    features->channels = moco_loader_channels(loader);
    const double start = moco__now();
    MOCO_TRY_GOTO(fill(features, encoder, loader, scope, batch, o));
    MOCO_TRY_GOTO(moco_device_synchronize(o->device));
    features->seconds.total = moco__now() - start;
    features->seconds.waiting = moco_loader_seconds(loader, MOCO_STAGE_WAIT);
    if (o->device.type == MOCO_CUDA) { /* the calls above only queue the work */
        features->seconds.forward = features->seconds.total - features->seconds.waiting;
    }
    MOCO_TRY_GOTO(complete(features, dataset, o));
done:
    moco_scope_free(scope);
    moco_loader_free(loader);
    moco_sampler_free(sampler);
    return status;
}

moco_features *moco__features_allocate(size_t count)
{
    moco_features *features = moco__handle_alloc(sizeof *features);
    if (features == NULL) {
        return NULL;
    }
    features->count = count;
    features->labels = moco__calloc(count, sizeof *features->labels);
    features->indices = moco__calloc(count, sizeof *features->indices);
    features->identities = moco__calloc(count, sizeof *features->identities);
    if (features->labels == NULL || features->indices == NULL || features->identities == NULL) {
        moco_features_free(features);
        return NULL;
    }
    return features;
}

moco_status moco_features_extract(moco_features **out, const moco_dataset *dataset, moco_encoder *encoder,
                                  const moco_features_options *options)
{
    moco_features_options o;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(dataset);
    MOCO_TRY(moco__features_options_read(&o, options));
    MOCO_TRY(check_options(dataset, encoder, &o));
    const size_t all = moco_dataset_count(dataset);
    moco_features *features = moco__features_allocate(o.limit > 0 && o.limit < all ? o.limit : all);
    if (features == NULL) {
        return MOCO_ENOMEM;
    }
    const bool training = encoder != NULL && moco_encoder_training(encoder);
    if (encoder != NULL) {
        moco_encoder_set_training(encoder, false);
    }
    const moco_status status = extract(features, dataset, encoder, &o);
    if (encoder != NULL) {
        moco_encoder_set_training(encoder, training);
    }
    if (status != MOCO_OK) {
        moco_features_free(features);
        return status;
    }
    *out = features;
    return MOCO_OK;
}

void moco_features_free(moco_features *features)
{
    if (features != NULL) {
        moco_tensor_free(features->matrix);
        free(features->labels);
        free(features->indices);
        free(features->identities);
        moco__handle_free(features);
    }
}

const moco_tensor *moco_features_matrix(const moco_features *features)
{
    return features != NULL ? features->matrix : NULL;
}

const int64_t *moco_features_labels(const moco_features *features)
{
    return features != NULL ? features->labels : NULL;
}

size_t moco_features_index(const moco_features *features, size_t row)
{
    return features != NULL && row < features->count ? (size_t)features->indices[row] : SIZE_MAX;
}

moco_status moco_features_normalize(moco_features *features)
{
    MOCO_CHECK_ARG(features);
    if (features->raw) {
        MOCO_TRY(moco__tensor_normalize_into(features->matrix, features->matrix));
        features->raw = false;
    }
    return MOCO_OK;
}

moco_features_seconds moco_features_time(const moco_features *features)
{
    return features != NULL ? features->seconds : (moco_features_seconds){ 0, 0, 0 };
}
