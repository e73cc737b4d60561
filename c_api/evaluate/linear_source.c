/* Gives the batches of a training of linear classifiers: rows of cached features, or features of cropped images. */
#include "evaluate/linear_source_internal.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "base/tensor_internal.h"
#include "evaluate/feature_set_internal.h"
#include "evaluate/linear_internal.h"
#include "evaluate/linear_order_internal.h"

#include "moco/ops.h"

#include <stdlib.h>

size_t moco__linear_source_count(const moco__linear_source *source)
{
    if (source->features == NULL) {
        return moco_dataset_count(source->images->dataset);
    }
    return source->subset != NULL ? source->subset_count : source->features->count;
}

static moco_status open_sampler(moco__linear_source *s, const moco_dataset *dataset, moco_comm *comm,
                                const moco_linear_train_options *o)
{
    MOCO_TRY(moco__linear_sampler(&s->sampler, &s->batch, dataset, moco__linear_source_count(s), comm, o));
    s->indices = moco__calloc(s->batch, sizeof *s->indices);
    s->rows = moco__calloc(s->batch, sizeof *s->rows);
    return s->indices != NULL && s->rows != NULL ? MOCO_OK : MOCO_ENOMEM;
}

static moco_status open_images(moco__linear_source *s, const moco_linear_images *images,
                               const moco_linear_train_options *o)
{
    moco_loader_options loader;
    MOCO__READ_OPTIONS(&loader, images->loader, MOCO_LOADER_OPTIONS_INIT);
    s->training = moco_encoder_training(images->encoder);
    moco_encoder_set_training(images->encoder, false);
    loader.seed = o->seed;
    loader.single_view = true;
    MOCO_TRY(open_sampler(s, images->dataset, images->comm, o));
    return moco_loader_create(&s->loader, images->dataset, s->sampler, images->policy, NULL, &loader);
}

moco_status moco__linear_source_open(moco__linear_source *source, const moco_linear *linear,
                                     const moco_linear_train_options *options)
{
    if (source->features == NULL) {
        return open_images(source, source->images, options);
    }
    MOCO_TRY(moco__linear_labels(&source->labels, linear, source->features));
    return open_sampler(source, NULL, NULL, options);
}

void moco__linear_source_close(moco__linear_source *source)
{
    if (source->images != NULL && source->images->encoder != NULL) {
        moco_encoder_set_training(source->images->encoder, source->training);
    }
    moco_loader_free(source->loader);
    moco_sampler_free(source->sampler);
    moco_tensor_free(source->labels);
    free(source->indices);
    free(source->rows);
}

static moco_status next_cached(moco_tensor **features, moco_tensor **labels, moco__linear_source *s,
                               const moco_linear *linear, moco_scope *scope)
{
    size_t count = 0;
    moco_tensor *where;
    MOCO_TRY(moco_sampler_next(s->sampler, s->indices, &count, NULL, NULL));
    for (size_t i = 0; i < count; ++i) {
        s->rows[i] = (int64_t)(s->subset != NULL ? s->subset[s->indices[i]] : s->indices[i]);
    }
    const int64_t size = (int64_t)count;
    MOCO_TRY(moco_tensor_from_host(&where, scope, MOCO_INT64, moco__linear_device(linear), &size, 1, s->rows));
    MOCO_TRY(moco__tensor_index_select(features, scope, s->features->matrix, where));
    return moco__tensor_index_select(labels, scope, s->labels, where);
}

static moco_status next_images(moco_tensor **features, moco_tensor **labels, const moco__linear_source *s,
                               const moco_linear *linear, moco_scope *scope)
{
    const moco__classes classes = moco__linear_classes(linear);
    moco_batch batch;
    moco_tensor *images;
    MOCO_TRY(moco_loader_next(s->loader, &batch));
    MOCO_TRY(moco__labels_of_batch(labels, scope, &classes, s->images->dataset, &batch));
    MOCO_TRY(moco_tensor_to(&images, scope, batch.query, classes.device));
    return moco_encoder_features(features, scope, s->images->encoder, images);
}

moco_status moco__linear_source_next(moco_tensor **features, moco_tensor **labels, moco__linear_source *source,
                                     const moco_linear *linear, moco_scope *scope)
{
    return source->features != NULL ? next_cached(features, labels, source, linear, scope)
                                    : next_images(features, labels, source, linear, scope);
}
