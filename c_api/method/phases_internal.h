/* A stop watch that shares a step's time out among its phases. */
#ifndef MOCO_METHOD_PHASES_INTERNAL_H
#define MOCO_METHOD_PHASES_INTERNAL_H

#include "method/model_internal.h"

/* Starts the watch for a step. Where the model is not profiled nothing is measured, here and below. */
moco_status moco__phases_start(moco_model *model);

/* What passed since the start, or since the phase before, belongs to a phase. */
moco_status moco__phase_end(moco_model *model, moco_phase phase);

#endif
