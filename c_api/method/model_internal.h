/* The state of a model. */
#ifndef MOCO_METHOD_MODEL_INTERNAL_H
#define MOCO_METHOD_MODEL_INTERNAL_H

#include "base/graph_internal.h"
#include "method/bank_internal.h"
#include "method/means_internal.h"
#include "method/notes_internal.h"
#include "method/phases_internal.h"
#include "method/predictor_internal.h"
#include "method/shuffle_internal.h"

/* What a step is given; borrowed. */
typedef struct moco__given {
    const moco_tensor *im_q, *im_k; /* N x channels x H x W; a memory bank has no im_k */
    const size_t *samples;          /* N: the numbers of the images; NULL: not known */
    double lr, m;
} moco__given;

/* One direction of the contrast: queries of one view against keys of the other. Shapes: see step.c. */
typedef struct moco__contrast {
    moco_tensor *im_q, *im_k; /* N x channels x H x W */
    moco_tensor *keys;        /* W N x C, in the order of the queries; of a memory bank N x C */
    moco_tensor *q, *logits;  /* n x C and n x ways, of the current part of the batch */
    moco_tensor *labels;      /* n: the way of the positive; NULL: the first */
} moco__contrast;

typedef struct moco__step {
    moco__contrast pairs[MOCO__DIRECTIONS], *end; /* view 1 against view 2; if symmetric, view 2 against view 1, too */
    moco_tensor *loss;                            /* of the current part, a scalar */
} moco__step;

struct moco_model {
    const struct moco__mechanism *mechanism; /* see mechanism_internal.h */
    moco_encoder *encoder_q;                 /* f_q */
    moco_encoder *encoder_k;                 /* f_k; NULL: the mechanism has none */
    moco_queue *queue;                       /* NULL: the mechanism has none */
    moco__bank bank;                         /* its features NULL: the mechanism has none */
    moco__predictor predictor;               /* its parameters NULL: there is none */
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
    moco__step step;
    moco_graph *graph;  /* of the step; NULL: the host starts every operation */
    moco_scope *inputs; /* owns what a graph does not hold, as long as a step */
    moco_scope *scope;  /* owns what lives as long as a step, or as the graph that holds it */
    moco_scope *part;   /* owns what lives as long as a part of its batch */
    moco__notes notes;  /* what checkpoints keep beside the state: the application's texts, and what its data are */
    /* What the model was made with, for moco_config_describe(); pointers in it are not valid any more. */
    moco_model_options made;
    moco_sgd_options made_sgd;
    moco_ddp_options made_ddp;
};

/* Frees the tensors of the latest step, except those that a graph holds. */
void moco__model_clear(moco_model *model);

/* Returns the ranks that train together; NULL: one process. Borrowed. */
moco_comm *moco__model_comm(const moco_model *model);

/* Returns how many shuffles were drawn. A checkpoint keeps it. */
uint64_t moco__model_shuffles(const moco_model *model);

/* Returns where the model computes. */
moco_device moco__model_device(const moco_model *model);

/* Returns how shuffled images reach the ranks, which a CUDA graph may have changed. */
moco_shuffle_kind moco__model_shuffle_kind(const moco_model *model);

/* Whether steps are recorded as a CUDA graph. */
bool moco__model_has_graph(const moco_model *model);

/* Restores the number of shuffles drawn, for a resumed run. */
void moco__model_set_shuffles(moco_model *model, uint64_t shuffles);

#endif
