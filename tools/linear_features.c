/*
 * The features that linear classifiers learnt from, for other programs.
 */
#include "linear_features.h"

#include "judge.h"

#include <stdlib.h>

/* The images of every epoch in the order in which they were taken: epochs x images. */
static moco_status make_order(moco_tensor **out, moco_scope *scope, size_t count, int64_t epochs, uint64_t seed)
{
    const moco_device cpu = { MOCO_CPU, 0 };
    const int64_t sizes[2] = { epochs, (int64_t)count };
    moco_sampler_options how = MOCO_SAMPLER_OPTIONS_INIT;
    moco_sampler *sampler;
    how.count = how.batch = count; /* an epoch at a time */
    how.seed = seed;
    MOCO_TRY(moco_sampler_create(&sampler, &how));
    size_t *indices = calloc(count, sizeof *indices);
    int32_t *order = calloc((size_t)epochs * count, sizeof *order);
    if (indices == NULL || order == NULL) {
        free(order);
        free(indices);
        moco_sampler_free(sampler);
        return moco_error_set(MOCO_ENOMEM, "there is no memory for the order of %lld epochs of %zu images",
                              (long long)epochs, count);
    }
    moco_status status = MOCO_OK;
    for (size_t epoch = 0; epoch < (size_t)epochs && status == MOCO_OK; ++epoch) {
        size_t drawn = 0;
        status = moco_sampler_next(sampler, indices, &drawn, NULL, NULL);
        for (size_t i = 0; i < count && status == MOCO_OK; ++i) {
            order[epoch * count + i] = (int32_t)indices[i];
        }
    }
    status = status == MOCO_OK ? moco_tensor_from_host(out, scope, MOCO_INT32, cpu, sizes, 2, order) : status;
    free(order);
    free(indices);
    moco_sampler_free(sampler);
    return status;
}

moco_status linear_write_features(const char *path, const moco_linear *linear, const moco_features *train,
                                  const moco_features *val, int64_t epochs, uint64_t seed)
{
    moco_scope *scope;
    moco_tensor *order = NULL;
    moco_tensor *weight = NULL;
    const moco_device cpu = { MOCO_CPU, 0 };
    const moco_tensor *trained = moco_linear_weight(linear, 0);
    const int64_t sizes[2] = { moco_tensor_size(trained, 0), moco_tensor_size(trained, 1) };
    MOCO_TRY(moco_scope_create(&scope));
    moco_status status = make_order(&order, scope, moco_features_count(train), epochs, seed);
    status = status == MOCO_OK ? moco_tensor_randn(&weight, scope, cpu, sizes, 2, seed) : status;
    status = status == MOCO_OK ? moco_tensor_scale(&weight, scope, weight, 0.01) : status;
    if (status == MOCO_OK) {
        const moco_named_tensor more[2] = { { "order", order }, { "first.weight", weight } };
        status = judge_write_features(path, train, val, more, 2);
    }
    moco_scope_free(scope);
    return status;
}
