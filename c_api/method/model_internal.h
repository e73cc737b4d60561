/* The state of a model. */
#ifndef MOCO_METHOD_MODEL_INTERNAL_H
#define MOCO_METHOD_MODEL_INTERNAL_H

#include "method/means_internal.h"
#include "method/phases_internal.h"
#include "method/shuffle_internal.h"

struct moco_model {
    moco_encoder *encoder_q; /* f_q */
    moco_encoder *encoder_k; /* f_k */
    moco_queue *queue;
    moco_sgd *sgd;
    moco_ddp *ddp;
    moco_comm *comm; /* NULL: one process */
    moco_device device;
    moco_precision precision;
    int64_t bn_splits;
    double temperature;
    bool symmetric;
    int64_t accumulate; /* equal parts that a batch is computed in */
    moco__shuffle shuffle;
    moco__means means;
    moco__phases phases;
    moco_scope *scope; /* owns what lives as long as a step */
    moco_scope *part;  /* owns what lives as long as a part of its batch */
};

/* Frees the tensors of the latest step. */
void moco__model_clear(moco_model *model);

#endif
