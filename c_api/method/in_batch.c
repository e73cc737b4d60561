/* Computes InfoNCE where the dictionary is the batch: W N keys, of which one is the positive. */
#include "method/in_batch_internal.h"

#include "base/tensor_internal.h"

#include "moco/ops.h"

/* Gives the keys' numbers of a part's queries. */
static moco_status label(moco_tensor **out, moco_model *model, int64_t keys, int64_t n, int64_t part)
{
    moco_tensor *all;
    const int64_t first = (moco_comm_rank(model->comm) * model->accumulate + part) * n;
    MOCO_TRY(moco_tensor_arange(&all, model->part, keys, model->device));
    return moco_tensor_narrow(out, model->part, all, 0, first, n);
}

static moco_status contrast(moco_tensor **loss, moco__contrast *c, moco_model *model, int64_t part)
{
    moco_tensor *transposed, *products;
    MOCO_TRY(label(&c->labels, model, moco_tensor_size(c->keys, 0), moco_tensor_size(c->q, 0), part));
    MOCO_TRY(moco_tensor_transpose(&transposed, model->part, c->keys));     /* C x W N */
    MOCO_TRY(moco_tensor_matmul(&products, model->part, c->q, transposed)); /* n x W N */
    MOCO_TRY(moco_tensor_divide(&c->logits, model->part, products, model->temperature));
    return moco__tensor_cross_entropy(loss, model->part, c->logits, c->labels);
}

moco_status moco__contrast_in_batch(moco__step *s, moco_model *model, int64_t part, double factor)
{
    for (moco__contrast *c = s->pairs; c < s->end; ++c) {
        moco_tensor *loss;
        MOCO_TRY(contrast(&loss, c, model, part));
        if (c > s->pairs) {
            MOCO_TRY(moco_tensor_add(&loss, model->part, s->loss, loss));
        }
        s->loss = loss;
    }
    const double share = factor / (double)model->accumulate;
    return share == 1 ? MOCO_OK : moco_tensor_scale(&s->loss, model->part, s->loss, share);
}
