/**
 * @file model.h
 * Momentum Contrast: two encoders, a queue, an optimiser, and the training step (Algorithm 1 of arXiv 1911.05722).
 */
#ifndef MOCO_MODEL_H
#define MOCO_MODEL_H

#include "ddp.h"
#include "optim.h"
#include "queue.h"
#include "shuffle.h"

MOCO_BEGIN_DECLS

/** The model in training. @since 0.1 */
typedef struct moco_model moco_model;

/** Fills in the permutation of the @p shuffle-th shuffle (from 0, over the whole run) of all ranks' @p n rows. @since
 * 0.1 */
typedef void (*moco_permutation_fn)(int64_t *permutation, size_t n, uint64_t shuffle, void *payload);

/** Options of moco_model_create(). @since 0.1 */
typedef struct moco_model_options {
    size_t struct_size;
    moco_encoder_options encoder;
    moco_sgd_options sgd;
    int64_t queue_size;        /**< K; 65536 */
    bool queue_filled_only;    /**< see ::moco_queue_options */
    double temperature;        /**< 0.07 */
    bool symmetric;            /**< loss(1, 2) + loss(2, 1); the queue takes the keys of both views */
    moco_shuffle_kind shuffle; /**< shuffled BN; ::MOCO_SHUFFLE_ALL_TO_ALL */
    uint64_t seed;             /**< of the queue and the permutations; the encoder has its own */
    /** NULL: moco_shuffle_grouped_permutation() with the seed, over batches that a sampler with world x accumulate
     * groups lays out; keys are enqueued in the order of the samples. Else rows are taken and enqueued as they are. */
    moco_permutation_fn permutation;
    void *payload;
    moco_comm *comm;      /**< the ranks that train together; borrowed, outlives the model; NULL: one process */
    moco_ddp_options ddp; /**< how they average gradients */
    int64_t accumulate;   /**< equal parts of a batch that are computed one after another; 1 */
    bool sync_bn;         /**< batch statistics over all ranks, for comparison: shuffling has no effect then; false */
} moco_model_options;

#define MOCO_MODEL_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        sizeof(moco_model_options), MOCO_ENCODER_OPTIONS_INIT, MOCO_SGD_OPTIONS_INIT, 65536, false, 0.07, false,       \
            MOCO_SHUFFLE_ALL_TO_ALL, 0, NULL, NULL, NULL, MOCO_DDP_OPTIONS_INIT, 1, false                              \
    }

/**
 * Makes both encoders (the key's is a copy of the query's), the queue and the optimiser. With a communicator this and
 * all calls below but the getters are collective: every rank makes them, with the same options.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_model_create(moco_model **out, const moco_model_options *options);

/** Frees a model; NULL is allowed. @since 0.1 */
MOCO_API void moco_model_free(moco_model *model);

/**
 * What a step computed on this rank; borrowed until the next step. With a symmetric loss q, k and logits are view 1's;
 * with a batch in parts all but the keys are the last part's.
 * @since 0.1
 */
typedef struct moco_step {
    const moco_tensor *loss;   /**< scalar */
    const moco_tensor *q;      /**< N x dim, normalised queries */
    const moco_tensor *k;      /**< (world N) x dim, normalised keys of all ranks, in the order of the queries */
    const moco_tensor *logits; /**< N x (1 + K), divided by the temperature */
} moco_step;

/**
 * One training step on N pairs of views, this rank's share of the batch. Nothing waits for the device.
 * @param[out] out what was computed; may be NULL
 * @param im_q,im_k N x 3 x H x W, of a type that moco_encoder_forward() takes, on the host or the model's device
 * @param lr learning rate of this step
 * @param m momentum of the key encoder in this step
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_model_step(moco_step *out, moco_model *model, const moco_tensor *im_q,
                                                   const moco_tensor *im_k, double lr, double m);

/** Means over the steps since they were last read. @since 0.1 */
typedef struct moco_model_means {
    int64_t steps;
    double loss;
    double acc1; /**< percent of queries whose positive is first of 1 + K ways */
    double acc5; /**< percent of queries whose positive is among the first five */
} moco_model_means;

/** Reads the means over steps and ranks and starts anew; waits for the device. NaN where there was no step. @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_model_read_means(moco_model_means *out, moco_model *model);

/** The query encoder: the one that training is for. Borrowed. @since 0.1 */
MOCO_API moco_encoder *moco_model_query_encoder(const moco_model *model);
/** The key encoder. Borrowed. @since 0.1 */
MOCO_API moco_encoder *moco_model_key_encoder(const moco_model *model);
/** The queue. Borrowed. @since 0.1 */
MOCO_API moco_queue *moco_model_queue(const moco_model *model);
/** The optimiser. Borrowed. @since 0.1 */
MOCO_API moco_sgd *moco_model_sgd(const moco_model *model);

/** How many shuffles were drawn: part of the state that a resumed run restores. @since 0.1 */
MOCO_API uint64_t moco_model_shuffles(const moco_model *model);
/** Restores the number of shuffles drawn. @since 0.1 */
MOCO_API void moco_model_set_shuffles(moco_model *model, uint64_t shuffles);

MOCO_END_DECLS

#endif
