/* The inputs of a step, and the part of it that a CUDA graph can hold. */
#ifndef MOCO_METHOD_INPUTS_INTERNAL_H
#define MOCO_METHOD_INPUTS_INTERNAL_H

#include "method/model_internal.h"

/* Draws the permutations of a step, takes them and the views to the model's device, and drops the gradients of the last
 * step. */
moco_status moco__take_inputs(moco_model *model, const moco__given *given);

/* Calls the work with the model. With a graph, the work is called until it is recorded, and its phases count as
 * "backward". */
moco_status moco__run_recorded(moco_model *model, moco_status (*work)(void *model));

#endif
