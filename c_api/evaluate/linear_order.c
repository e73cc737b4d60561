/* Puts the images of a training of linear classifiers in order. */
#include "evaluate/linear_order_internal.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"

#include <stdlib.h>

moco_status moco__linear_sampler(moco_sampler **out, size_t *batch, const moco_dataset *dataset, size_t count,
                                 moco_comm *comm, const moco_linear_train_options *options)
{
    moco_sampler_options o = MOCO_SAMPLER_OPTIONS_INIT;
    if (dataset != NULL) {
        moco_sampler_options_for(&o, dataset, 0);
    }
    o.count = count;
    o.batch = options->batch < count ? options->batch : count;
    o.seed = options->seed;
    o.rank = moco_comm_rank(comm);
    o.world = moco_comm_world(comm);
    o.batch -= o.batch % (size_t)o.world;
    o.drop_last = o.world > 1; /* parts must be equal */
    *batch = o.batch;
    return moco_sampler_create(out, &o);
}

static moco_status draw(int32_t *order, size_t *indices, moco_sampler *sampler, size_t total)
{
    for (size_t done = 0; done < total;) {
        size_t drawn = 0;
        MOCO_TRY(moco_sampler_next(sampler, indices, &drawn, NULL, NULL));
        for (size_t i = 0; i < drawn; ++i) {
            order[done++] = (int32_t)indices[i];
        }
    }
    return MOCO_OK;
}

moco_status moco_linear_order(moco_tensor **out, moco_scope *scope, size_t count,
                              const moco_linear_train_options *options)
{
    moco_linear_train_options o;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(options);
    MOCO__READ_OPTIONS(&o, options, MOCO_LINEAR_TRAIN_OPTIONS_INIT);
    const int64_t sizes[2] = { o.epochs, (int64_t)count };
    if (o.epochs < 1 || o.batch < 1 || count < 1 || count > INT32_MAX) {
        return moco_error_set(MOCO_EINVALID,
                              "linear: %zu images in %lld epochs and batches of %zu; give at least 1 of each, and at "
                              "most %d images",
                              count, (long long)o.epochs, o.batch, INT32_MAX);
    }
    const size_t total = (size_t)o.epochs * count;
    moco_sampler *sampler = NULL;
    size_t batch = 0;
    MOCO_TRY(moco__linear_sampler(&sampler, &batch, NULL, count, NULL, &o));
    size_t *indices = moco__calloc(batch, sizeof *indices);
    int32_t *order = moco__calloc(total, sizeof *order);
    moco_status status;
    MOCO_TRY_GOTO(indices != NULL && order != NULL ? MOCO_OK : MOCO_ENOMEM);
    MOCO_TRY_GOTO(draw(order, indices, sampler, total));
    MOCO_TRY_GOTO(moco_tensor_from_host(out, scope, MOCO_INT32, (moco_device){ MOCO_CPU, 0 }, sizes, 2, order));
done:
    free(order);
    free(indices);
    moco_sampler_free(sampler);
    return status;
}
