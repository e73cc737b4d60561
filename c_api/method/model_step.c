/* Takes a step of the model's mechanism, and lends what it computed. */
#include "base/handle_internal.h"
#include "method/mechanism_internal.h"
#include "method/step_check_internal.h"

static moco_status run(moco_model *model, const moco__given *given)
{
    MOCO_TRY(moco__phases_start(&model->phases));
    MOCO_TRY(model->mechanism->step(model, given));
    model->means.steps += 1;
    return moco_device_wait_uploads(model->device);
}

static moco_status take_step(moco_step *out, moco_model *model, const moco__given *given)
{
    const moco__step *s = &model->step;
    MOCO_TRY(moco__step_check(model, given));
    moco__model_clear(model);
    const moco_status status = run(model, given);
    if (status == MOCO_OK && out != NULL) {
        *out = (moco_step){ .loss = s->loss, .q = s->pairs->q, .k = s->pairs->keys, .logits = s->pairs->logits };
    } else {
        moco__model_clear(model); /* nobody borrows the tensors */
    }
    return status;
}

moco_status moco_model_step(moco_step *out, moco_model *model, const moco_tensor *im_q, const moco_tensor *im_k,
                            double lr, double m)
{
    MOCO_CHECK_ARG(model);
    MOCO_CHECK_ARG(im_q);
    MOCO_CHECK_ARG(im_k);
    return take_step(out, model, &(moco__given){ .im_q = im_q, .im_k = im_k, .lr = lr, .m = m });
}

moco_status moco_model_step_samples(moco_step *out, moco_model *model, const moco_tensor *im_q, const moco_tensor *im_k,
                                    const size_t *samples, double lr, double m)
{
    MOCO_CHECK_ARG(model);
    MOCO_CHECK_ARG(im_q);
    if (!model->mechanism->by_sample) {
        MOCO_CHECK_ARG(im_k);
    }
    return take_step(out, model, &(moco__given){ .im_q = im_q, .im_k = im_k, .samples = samples, .lr = lr, .m = m });
}
