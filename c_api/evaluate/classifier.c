/* Computes scores of batches, and makes first weights and checked labels. */
#include "evaluate/classifier_internal.h"

#include "base/handle_internal.h"
#include "dataset/dataset_internal.h"
#include "evaluate/feature_set_internal.h"

#include "moco/ops.h"

#include <stdlib.h>

static const double first_deviation = 0.01;

moco_status moco__score_batch(moco_tensor *values[MOCO__SCORES], moco_scope *scope, const moco_tensor *loss,
                              const moco_tensor *logits, const moco_tensor *labels)
{
    moco_tensor *rank;
    MOCO_TRY(moco_tensor_detach(&values[0], scope, loss));
    MOCO_TRY(moco_tensor_label_rank(&rank, scope, logits, labels));
    MOCO_TRY(moco_tensor_share_below(&values[1], scope, rank, 1));
    return moco_tensor_share_below(&values[2], scope, rank, 5);
}

moco_status moco__score_add(moco_tensor *sums, moco_scope *scope, moco_tensor *const values[MOCO__SCORES])
{
    for (int i = 0; i < MOCO__SCORES; ++i) {
        moco_tensor *place;
        MOCO_TRY(moco_tensor_narrow(&place, scope, sums, 0, i, 1));
        MOCO_TRY(moco_tensor_accumulate(place, values[i]));
    }
    return MOCO_OK;
}

moco_status moco__first_weight(moco_tensor **out, moco_scope *scope, const int64_t sizes[2], moco_device device,
                               uint64_t seed)
{
    moco_tensor *normal;
    MOCO_TRY(moco_tensor_randn(&normal, NULL, device, sizes, 2, seed));
    const moco_status status = moco_tensor_scale(out, scope, normal, first_deviation);
    moco_tensor_free(normal);
    return status;
}

static moco_status check_label(const moco__classes *classes, int64_t label, size_t index)
{
    if (label < 0 || label >= classes->count) {
        return moco_error_set(MOCO_EINVALID,
                              "%s: image %zu has label %lld, but the number of classes is %lld; give data with the "
                              "same classes, and a label for every image",
                              classes->where, index, (long long)label, (long long)classes->count);
    }
    return MOCO_OK;
}

moco_status moco__labels_of_batch(moco_tensor **out, moco_scope *scope, const moco__classes *classes,
                                  const moco_dataset *dataset, const moco_batch *batch)
{
    const int64_t count = (int64_t)batch->count;
    int64_t *labels = moco__calloc(batch->count, sizeof *labels);
    moco_status status = labels != NULL ? MOCO_OK : MOCO_ENOMEM;
    for (size_t i = 0; i < batch->count && status == MOCO_OK; ++i) {
        status = moco__dataset_label(&labels[i], dataset, batch->indices[i]);
        if (status == MOCO_OK) {
            status = check_label(classes, labels[i], batch->indices[i]);
        }
    }
    if (status == MOCO_OK) {
        status = moco_tensor_from_host(out, scope, MOCO_INT64, classes->device, &count, 1, labels);
    }
    free(labels);
    return status;
}

moco_status moco__labels_of_features(moco_tensor **out, moco_scope *scope, const moco__classes *classes,
                                     const moco_features *features)
{
    const int64_t count = (int64_t)features->count;
    for (size_t i = 0; i < features->count; ++i) {
        MOCO_TRY(check_label(classes, features->labels[i], (size_t)features->indices[i]));
    }
    return moco_tensor_from_host(out, scope, MOCO_INT64, classes->device, &count, 1, features->labels);
}
