/* What the mechanisms of figure 2 (arXiv 1911.05722) differ in. They share encoders, optimiser and metrics. */
#ifndef MOCO_METHOD_MECHANISM_INTERNAL_H
#define MOCO_METHOD_MECHANISM_INTERNAL_H

#include "method/model_internal.h"

typedef struct moco__mechanism {
    /* Makes what queries are compared with. The query encoder and its optimiser are there. */
    moco_status (*create)(moco_model *model, const moco_model_options *options);
    /* Takes a step: from the inputs, which are checked, to the new weights and keys. */
    moco_status (*step)(moco_model *model, const moco__given *given);
    bool by_sample; /* takes one view, and the numbers of its images */
} moco__mechanism;

extern const moco__mechanism moco__mechanism_moco;           /* figure 2 (c): step.c */
extern const moco__mechanism moco__mechanism_end_to_end;     /* figure 2 (a) */
extern const moco__mechanism moco__mechanism_memory_bank;    /* figure 2 (b) */
extern const moco__mechanism moco__mechanism_momentum_batch; /* MoCo v3 */

#endif
