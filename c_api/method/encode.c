/* Encodes queries, and keys in shuffled order (paper, section 3.3). */
#include "method/encode_internal.h"

#include "base/comm_internal.h"
#include "base/tensor_internal.h"

#include "moco/ops.h"

/* Embeds a part of the images. */
static moco_status embed(moco_tensor **out, moco_model *model, moco_encoder *encoder, const moco_tensor *images,
                         int64_t part)
{
    moco_tensor *some;
    const int64_t n = moco_tensor_size(images, 0) / model->accumulate;
    MOCO_TRY(moco_tensor_narrow(&some, model->part, images, 0, part * n, n));
    return moco_encoder_forward(out, model->part, encoder, some);
}

static moco_status encode_queries(moco_tensor **out, moco_model *model, const moco_tensor *images, int64_t part)
{
    MOCO_TRY(embed(out, model, model->encoder_q, images, part));
    MOCO_TRY(moco__predictor_forward(out, model->part, &model->predictor, *out));
    return moco__tensor_normalize(out, model->part, *out);
}

moco_status moco__encode_queries(moco__step *step, moco_model *model, int64_t part)
{
    for (moco__contrast *c = step->pairs; c < step->end; ++c) {
        MOCO_TRY(encode_queries(&c->q, model, c->im_q, part));
    }
    return MOCO_OK;
}

/* Encodes the images part by part, since batch statistics are those of a part. */
static moco_status encode_parts(moco_tensor **out, moco_model *model, const moco_tensor *images)
{
    const int64_t sizes[2] = { moco_tensor_size(images, 0), moco_encoder_dim(model->encoder_k) };
    const int64_t n = sizes[0] / model->accumulate;
    MOCO_TRY(moco_tensor_empty(out, model->part, MOCO_FLOAT32, model->device, sizes, 2));
    for (int64_t part = 0; part < model->accumulate; ++part) {
        moco_tensor *rows, *keys;
        MOCO_TRY(moco_tensor_narrow(&rows, model->part, *out, 0, part * n, n));
        MOCO_TRY(embed(&keys, model, model->encoder_k, images, part));
        MOCO_TRY(moco__tensor_normalize(&keys, model->part, keys));
        MOCO_TRY(moco_tensor_copy(rows, keys));
    }
    return MOCO_OK;
}

/* Gathers the keys of all ranks, and puts them into the order of their queries. */
static moco_status gather(moco_tensor **out, moco_model *model, const moco_tensor *keys)
{
    moco_tensor *all;
    MOCO_TRY(moco_comm_all_gather(&all, model->scope, model->comm, keys));
    return moco__shuffle_undo(out, model->scope, &model->shuffle, all);
}

static moco_status encode_keys(moco_tensor **out, moco_model *model, const moco_tensor *images)
{
    moco_tensor *shuffled, *keys;
    MOCO__PHASE(model, SHUFFLE, moco__shuffle_images(&shuffled, model->part, &model->shuffle, images));
    MOCO__PHASE(model, KEY, encode_parts(&keys, model, shuffled));
    MOCO__PHASE(model, SHUFFLE, gather(out, model, keys));
    moco_scope_clear(model->part);
    return MOCO_OK;
}

moco_status moco__encode_keys(moco__step *step, moco_model *model)
{
    for (moco__contrast *c = step->pairs; c < step->end; ++c) {
        MOCO_TRY(encode_keys(&c->keys, model, c->im_k));
    }
    return MOCO_OK;
}

static moco_status gather_grad(moco_tensor **out, moco_model *model, const moco_tensor *keys)
{
    moco_tensor *all;
    MOCO_TRY(moco__comm_all_gather_grad(&all, model->scope, model->comm, keys));
    return moco__shuffle_undo(out, model->scope, &model->shuffle, all);
}

static moco_status encode_keys_grad(moco_tensor **out, moco_model *model, moco_encoder *encoder,
                                    const moco_tensor *images)
{
    moco_tensor *shuffled, *keys;
    MOCO__PHASE(model, SHUFFLE, moco__shuffle_images(&shuffled, model->part, &model->shuffle, images));
    MOCO_TRY(embed(&keys, model, encoder, shuffled, 0));
    MOCO__PHASE(model, KEY, moco__tensor_normalize(&keys, model->part, keys));
    MOCO__PHASE(model, SHUFFLE, gather_grad(out, model, keys));
    return MOCO_OK;
}

moco_status moco__encode_keys_grad(moco__step *step, moco_model *model, moco_encoder *encoder)
{
    for (moco__contrast *c = step->pairs; c < step->end; ++c) {
        MOCO_TRY(encode_keys_grad(&c->keys, model, encoder, c->im_k));
    }
    return MOCO_OK;
}
