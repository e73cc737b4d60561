/* The state of the model that its parts share. */
#ifndef MOCO_METHOD_MODEL_INTERNAL_H
#define MOCO_METHOD_MODEL_INTERNAL_H

#include "method/shuffle_internal.h"

#include "moco/profile.h"

enum { MOCO__MEANS = 3 }; /* loss, acc1, acc5 */

struct moco_model {
    moco_encoder *encoder_q;
    moco_encoder *encoder_k;
    moco_queue *queue;
    moco_sgd *sgd;
    double temperature;
    bool symmetric;
    int64_t accumulate; /* parts of a batch */
    uint64_t seed;
    moco_permutation_fn permutation;
    void *payload;
    uint64_t shuffles; /* drawn so far */
    moco_shuffle_kind shuffle_kind;
    moco__shuffle shuffle; /* the latest */
    moco_comm *comm;       /* NULL: one process */
    moco_ddp *ddp;
    moco_device device;
    moco_scope *scope; /* temporaries of the current step */
    moco_scope *part;  /* of the current part of its batch */
    moco_tensor *sums; /* MOCO__MEANS values on the device, since the means were last read */
    int64_t summed_steps;
    moco_step_times *times;       /* NULL: not profiled */
    double phase_wall, phase_cpu; /* when the phase before ended */
};

#endif
