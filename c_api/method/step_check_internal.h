/* The check of a step's inputs. */
#ifndef MOCO_METHOD_STEP_CHECK_INTERNAL_H
#define MOCO_METHOD_STEP_CHECK_INTERNAL_H

#include "method/model_internal.h"

/* Checks the arguments of moco_model_step() before anything changes. */
moco_status moco__step_check(const moco_model *model, const moco__given *given);

#endif
