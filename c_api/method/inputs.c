/* Gives a step its inputs on the device, and runs what does not change from step to step by a CUDA graph, if the model
 * has one. */
#include "method/inputs_internal.h"

/* Takes an input to the device; with a graph, into the memory that the graph reads. */
static moco_status take(moco_tensor **out, moco_model *model, size_t slot, const moco_tensor *tensor)
{
    MOCO_TRY(moco_tensor_to(out, model->inputs, tensor, model->device));
    return model->graph == NULL ? MOCO_OK : moco__graph_input(out, model->inputs, model->graph, slot, *out);
}

moco_status moco__take_inputs(moco_model *model, const moco__given *given)
{
    moco__shuffle *shuffle = &model->shuffle;
    moco__step *s = &model->step;
    moco_tensor *view1, *view2;
    const size_t directions = model->symmetric ? 2 : 1;
    MOCO_TRY(moco__shuffle_draw(shuffle, model->inputs, (size_t)moco_tensor_size(given->im_q, 0), directions));
    MOCO_TRY(take(&shuffle->indices, model, 0, shuffle->indices));
    MOCO_TRY(take(&view1, model, 1, given->im_q));
    MOCO_TRY(take(&view2, model, 2, given->im_k));
    if (moco__graph_recorded(model->graph)) {
        return MOCO_OK; /* it reads its own memory, and overwrites the gradients */
    }
    *s = (moco__step){ .pairs = { { .im_q = view1, .im_k = view2 }, { .im_q = view2, .im_k = view1 } } };
    s->end = s->pairs + directions;
    return moco_sgd_zero_grad(model->sgd);
}

moco_status moco__run_recorded(moco_model *model, moco_status (*work)(void *model))
{
    if (model->graph == NULL) {
        return work(model);
    }
    moco_step_times *const times = model->phases.times;
    model->phases.times = NULL; /* the phases of a graph have no ends of their own */
    const moco_status status = moco__graph_run(model->graph, work, model);
    model->phases.times = times;
    MOCO_TRY(status);
    return moco__phase_end(&model->phases, MOCO_PHASE_BACKWARD);
}
