/* The state of the model that its parts share. */
#ifndef MOCO_C_API_MODEL_H
#define MOCO_C_API_MODEL_H

#include "moco/model.h"

struct moco_model {
    moco_encoder *encoder_q;
    moco_encoder *encoder_k;
    moco_queue *queue;
    moco_sgd *sgd;
    double temperature;
    bool symmetric;
    bool shuffle;
    uint64_t seed;
    moco_permutation_fn permutation;
    void *payload;
    uint64_t shuffles;     /* drawn so far */
    int64_t *order;        /* 2 x order_capacity: a permutation and its inverse */
    size_t order_capacity; /* samples */
    moco_device device;
    moco_scope *scope;     /* temporaries of the current step */
    moco_tensor *sum_loss; /* scalars on the device since the means were last read */
    moco_tensor *sum_acc1;
    moco_tensor *sum_acc5;
    int64_t summed_steps;
};

#endif
