/* Checks the inputs of a training step, so that a step that is refused has changed nothing. */
#include "method/step_check_internal.h"

#include "base/autograd_internal.h"
#include "base/handle_internal.h"
#include "method/mechanism_internal.h"

#include <float.h>

static moco_status check_view(const moco_model *model, const moco_tensor *images)
{
    const int64_t channels = moco_encoder_channels(model->encoder_q);
    if (moco_tensor_ndim(images) != 4 || moco_tensor_size(images, 1) != channels || moco_tensor_size(images, 2) < 1 ||
        moco_tensor_size(images, 3) < 1) {
        return moco_error_set(MOCO_EINVALID, "step: each view must be N x %lld x H x W", (long long)channels);
    }
    const moco_dtype dtype = moco_tensor_dtype(images);
    if (dtype != MOCO_FLOAT32 && !(dtype == MOCO_BFLOAT16 && model->precision == MOCO_BF16)) {
        return moco_error_set(MOCO_EINVALID,
                              "step: views must be float32, or bfloat16 if that is the model's precision");
    }
    return MOCO_OK;
}

/* A batch gives equal parts, and a part equal groups of 2 or more samples. */
static moco_status check_count(const moco_model *model, int64_t n)
{
    if (n % model->accumulate != 0) {
        return moco_error_set(MOCO_EINVALID, "step: %lld images do not give %lld equal parts (accumulate)",
                              (long long)n, (long long)model->accumulate);
    }
    const int64_t part = n / model->accumulate;
    if (part % model->bn_splits != 0 || part / model->bn_splits < 2) {
        return moco_error_set(MOCO_EINVALID, "step: %lld images do not give %lld equal groups of 2 or more (bn_splits)",
                              (long long)part, (long long)model->bn_splits);
    }
    return MOCO_OK;
}

static moco_status check_second_view(const moco__given *given)
{
    const int64_t n = moco_tensor_size(given->im_q, 0);
    if (n != moco_tensor_size(given->im_k, 0)) {
        return moco_error_set(MOCO_EINVALID,
                              "step: %lld images of the first view, %lld of the second; give equal numbers",
                              (long long)n, (long long)moco_tensor_size(given->im_k, 0));
    }
    return MOCO_OK;
}

static moco_status check_samples(const moco_model *model, const moco__given *given)
{
    const size_t images = (size_t)moco_tensor_size(model->bank.features, 0);
    if (given->samples == NULL) {
        return moco_error_set(MOCO_EINVALID, "step: a memory bank needs the numbers of the images; call "
                                             "moco_model_step_samples()");
    }
    for (int64_t i = 0; i < moco_tensor_size(given->im_q, 0); ++i) {
        if (given->samples[i] >= images) {
            return moco_error_set(MOCO_EINVALID, "step: image %zu is not in the bank of %zu images (bank_images)",
                                  given->samples[i], images);
        }
    }
    return MOCO_OK;
}

moco_status moco__step_check(const moco_model *model, const moco__given *given)
{
    const bool one_view = model->mechanism->by_sample;
    MOCO_TRY(check_view(model, given->im_q));
    if (!one_view) {
        MOCO_TRY(check_view(model, given->im_k));
        MOCO_TRY(check_second_view(given));
    }
    MOCO_TRY(check_count(model, moco_tensor_size(given->im_q, 0)));
    if (one_view) {
        MOCO_TRY(check_samples(model, given));
    }
    if (!(given->lr >= 0 && given->lr <= DBL_MAX)) {
        return moco_error_set(MOCO_EINVALID, "step: learning rate %g must be at least 0 and finite", given->lr);
    }
    if (!(given->m >= 0 && given->m <= 1)) {
        return moco_error_set(MOCO_EINVALID, "step: momentum %g must be in 0..1", given->m);
    }
    if (!moco__autograd_records()) {
        return moco_error_set(MOCO_EINVALID, "step: this is a region without gradients; call moco_no_grad_end() first");
    }
    if (!moco_encoder_training(model->encoder_q)) {
        return moco_error_set(MOCO_EINVALID, "step: the query encoder is in evaluation mode; call "
                                             "moco_encoder_set_training(moco_model_query_encoder(model), true)");
    }
    return MOCO_OK;
}
