/* The running means of a model's metrics. */
#ifndef MOCO_METHOD_MEANS_INTERNAL_H
#define MOCO_METHOD_MEANS_INTERNAL_H

#include "moco/model.h"

typedef struct moco__means {
    moco_tensor *sums; /* on the device: of loss, acc1 and acc5 over the steps */
    int64_t steps;     /* since the means were last read */
} moco__means;

moco_status moco__means_create(moco__means *means, moco_device device);
void moco__means_free(moco__means *means);

/* Adds the loss and the accuracy of one of the `parts` equal parts of a batch. The loss is the part's share of the
 * batch's loss. The labels name the way of the positive; NULL: the first. Nothing waits for the device; temporaries go
 * to the scope. The caller counts the steps. */
moco_status moco__means_add(moco__means *means, moco_scope *scope, const moco_tensor *loss, const moco_tensor *logits,
                            const moco_tensor *labels, int64_t parts);

/* Reads the means over steps and ranks, and starts again from zero. */
moco_status moco__means_read(moco_model_means *out, moco__means *means, moco_comm *comm);

#endif
