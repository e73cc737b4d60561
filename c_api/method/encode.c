/* Encodes queries, and keys in shuffled order (paper, section 3.3). */
#include "method/encode_internal.h"

#include "moco/ops.h"

/* Embeds and normalises a part of the images. */
static moco_status encode(moco_tensor **out, moco_model *model, moco_encoder *encoder, const moco_tensor *images,
                          int64_t part)
{
    moco_tensor *some;
    const int64_t n = moco_tensor_size(images, 0) / model->accumulate;
    MOCO_TRY(moco_tensor_narrow(&some, model->part, images, 0, part * n, n));
    MOCO_TRY(moco_encoder_forward(out, model->part, encoder, some));
    return moco_tensor_normalize(out, model->part, *out);
}

moco_status moco__encode_queries(moco_tensor **out, moco_model *model, const moco_tensor *images, int64_t part)
{
    return encode(out, model, model->encoder_q, images, part);
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
        MOCO_TRY(encode(&keys, model, model->encoder_k, images, part));
        MOCO_TRY(moco_tensor_copy(rows, keys));
    }
    return MOCO_OK;
}

moco_status moco__encode_keys(moco_tensor **out, moco_model *model, const moco_tensor *images)
{
    moco_tensor *shuffled, *keys;
    MOCO__PHASE(model, SHUFFLE, moco__shuffle_images(&shuffled, model->part, &model->shuffle, images));
    MOCO__PHASE(model, KEY, encode_parts(&keys, model, shuffled));
    MOCO__PHASE(model, SHUFFLE, moco__shuffle_undo(out, model->scope, &model->shuffle, keys));
    moco_scope_clear(model->part);
    return MOCO_OK;
}
