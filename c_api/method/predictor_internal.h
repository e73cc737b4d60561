/* The predictor behind the query encoder (MoCo v3, arXiv 2104.02057). */
#ifndef MOCO_METHOD_PREDICTOR_INTERNAL_H
#define MOCO_METHOD_PREDICTOR_INTERNAL_H

#include "moco/comm.h"

enum { MOCO__PREDICTOR_PARAMETERS = 4 };

typedef struct moco__predictor {
    moco_tensor *weights[MOCO__PREDICTOR_PARAMETERS]; /* H x C; weight and bias of batch norm: H; C x H */
    moco_tensor_list *parameters;                     /* these; NULL: there is no predictor */
    int64_t groups;                                   /* of batch norm: sample n belongs to group n mod groups */
    moco_comm *sync;                                  /* statistics over these ranks; NULL: over own samples */
} moco__predictor;

/* The names of the parameters in MoCo v3's state_dict: predictor.0.weight and so on. */
extern const char *const moco__predictor_names[MOCO__PREDICTOR_PARAMETERS];

/* Makes a predictor of `hidden` units with weights as torch.nn.Linear draws them: every rank makes the same. */
moco_status moco__predictor_create(moco__predictor *predictor, int64_t dim, int64_t hidden, uint64_t seed,
                                   moco_device device);

void moco__predictor_free(moco__predictor *predictor);

/* Predicts keys from embeddings, N x C. Batch norm takes the statistics of the N rows. Without a predictor the result
 * is `embedding` itself. Differentiable. */
moco_status moco__predictor_forward(moco_tensor **out, moco_scope *scope, const moco__predictor *predictor,
                                    moco_tensor *embedding);

#endif
