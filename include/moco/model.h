/**
 * @file model.h
 * Momentum Contrast: two encoders, a queue, an optimiser, and the training step (Algorithm 1 of arXiv 1911.05722). And
 * what the paper compares it with: other mechanisms (its figure 2), with the same encoders, loss and optimiser.
 *
 * One thread at a time may use a model. A model with cuda_graph belongs to the thread that made it, whose current
 * stream is the model's until the model is freed.
 *
 * @since 0.1 for all of this file.
 */
#ifndef MOCO_MODEL_H
#define MOCO_MODEL_H

#include "ddp.h"
#include "optim.h"
#include "queue.h"
#include "shuffle.h"

MOCO_BEGIN_DECLS

/** A model in training: everything that a step reads and changes. */
typedef struct moco_model moco_model;

/**
 * Writes a permutation of the @p n rows of all ranks. Every rank must write the same.
 * @param[out] permutation room for @p n
 * @param n number of rows of all ranks
 * @param shuffle number of the shuffle in the run, from 0. Anything but a permutation fails the step, which then
 * changes nothing.
 * @param payload of the options
 */
typedef void (*moco_permutation_fn)(int64_t *permutation, size_t n, uint64_t shuffle, void *payload);

/** What queries are compared with: identifier, name of --mechanism. */
#define MOCO_MECHANISM_MAP(X)                                                                                          \
    X(MOCO_MECHANISM_MOCO, "moco")                                                                                     \
    X(MOCO_MECHANISM_END_TO_END, "end-to-end")                                                                         \
    X(MOCO_MECHANISM_MEMORY_BANK, "memory-bank")                                                                       \
    X(MOCO_MECHANISM_MOMENTUM_BATCH, "momentum-batch")

/**
 * What queries are compared with (arXiv 1911.05722, section 3.2 and figure 2): a queue of keys of a momentum encoder;
 * the keys of the batch, through which gradients flow too; a bank with a feature of every image, from which a
 * dictionary is drawn for each batch; or the keys of the batch by a momentum encoder, as in MoCo v3 (arXiv 2104.02057).
 * @since 0.2
 */
typedef enum moco_mechanism {
#define MOCO_MECHANISM_ENUM(name, text) name,
    MOCO_MECHANISM_MAP(MOCO_MECHANISM_ENUM)
#undef MOCO_MECHANISM_ENUM
} moco_mechanism;

/** Options of moco_model_create(). */
typedef struct moco_model_options {
    size_t struct_size;                  /**< set by the macro or function below */
    const moco_encoder_options *encoder; /**< read by the call; NULL: the defaults */
    const moco_sgd_options *sgd;         /**< read by the call; NULL: the defaults */
    int64_t queue_size;                  /**< keys in the queue, K; 65536 */
    bool queue_filled_only;              /**< see ::moco_queue_options */
    double temperature;                  /**< of the loss, T; 0.07 */
    bool symmetric;            /**< add the loss with the two views swapped; the queue takes the keys of both views */
    moco_shuffle_kind shuffle; /**< how keys are shuffled; ::MOCO_SHUFFLE_ALL_TO_ALL */
    uint64_t seed;             /**< of the permutations; seed + 1 of the queue; the encoder has a separate seed */
    /** NULL: moco_shuffle_grouped_permutation() with the seed. Batches must then come from a sampler with
     * world x accumulate groups, and keys enter the queue in the order of the samples. With a callback, keys enter the
     * queue in the order of the rows. */
    moco_permutation_fn permutation;
    void *payload;   /**< for permutation */
    moco_comm *comm; /**< the ranks that train together; borrowed, must outlive the model; NULL: one process */
    const moco_ddp_options *ddp; /**< how the ranks average gradients; read by the call; NULL: the defaults */
    int64_t accumulate;          /**< number of equal parts in which a batch is computed, to save memory; 1 */
    bool sync_bn;         /**< batch statistics over all ranks, for comparison; shuffling then has no effect; false */
    bool cuda_graph;      /**< record a step on a GPU once and start it as a whole; false @since 0.2 */
    int64_t bank_images;  /**< ::MOCO_MECHANISM_MEMORY_BANK: number of images, at least 1; 0 @since 0.2 */
    double bank_momentum; /**< of a feature of the bank, when its image is seen again; 0.5 @since 0.2 */
    /** ::MOCO_MECHANISM_MOMENTUM_BATCH: hidden units of the predictor behind the query encoder; 0: none; 4096
     * @since 0.2 */
    int64_t predictor;
    moco_mechanism mechanism; /**< ::MOCO_MECHANISM_MOCO; the others have no queue @since 0.2 */
    bool bank_per_query;      /**< draw queue_size negatives for each query, not for each batch; false @since 0.2 */
    /** ::MOCO_MECHANISM_END_TO_END: keys have a second encoder, which starts as a copy; false: one encoder
     * for both @since 0.2 */
    bool separate_encoders;
} moco_model_options;

/** The defaults of ::moco_model_options. */
#define MOCO_MODEL_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        sizeof(moco_model_options), NULL, NULL, 65536, false, 0.07, false, MOCO_SHUFFLE_ALL_TO_ALL, 0, NULL, NULL,     \
            NULL, NULL, 1, false, false, 0, 0.5, 4096, MOCO_MECHANISM_MOCO, false, false                               \
    }

/**
 * Fills in what ::MOCO_MODEL_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_model_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_model_options_init(moco_model_options *options, size_t struct_size);

/**
 * Makes the query encoder, the key encoder as a copy of it, the queue and the optimiser, or what another mechanism has.
 * With a communicator this call and all below, except the getters, are collective: every rank makes them, with the same
 * options.
 * @param[out] out a new handle, for moco_model_free()
 * @param options NULL for the defaults
 * @return ::MOCO_EINVALID if an option is out of range or not for the mechanism; ::MOCO_EUNAVAILABLE if there is no
 * such device; ::MOCO_EPEER if another rank failed
 */
MOCO_API MOCO_MUST_USE moco_status moco_model_create(moco_model **out, const moco_model_options *options);

/** Frees a model. NULL is allowed. */
MOCO_API void moco_model_free(moco_model *model);

/**
 * What a step computed on this rank. Borrowed until the next step. With a symmetric loss, q, k and logits are those of
 * view 1. With several parts (accumulate), all but the keys are those of the last part.
 *
 * Where the keys of the batch are the dictionary, logits are N x (world N): way j is key j, and the positive of row i
 * is way rank N + i, or of the last part of P rows, rank N + N - P + i. Of a memory bank k is N x dim, the features of
 * the images as they were before the step.
 */
typedef struct moco_step {
    const moco_tensor *loss;   /**< scalar */
    const moco_tensor *q;      /**< N x dim, normalised queries */
    const moco_tensor *k;      /**< (world N) x dim, normalised keys of all ranks, in the order of the queries */
    const moco_tensor *logits; /**< N x (1 + K), divided by the temperature */
} moco_step;

/**
 * Takes one training step on N pairs of views, this rank's share of the batch. Does not wait for the device.
 * @param[out] out what the step computed; NULL: not wanted
 * @param model the model to train
 * @param im_q,im_k N x C x H x W for the C channels of the encoder, of a type that moco_encoder_forward() takes, on the
 * host or on the model's device
 * @param lr learning rate of this step
 * @param m momentum of the key encoder in this step; end-to-end and memory bank have none
 * @return ::MOCO_EINVALID if the views differ in number, N cannot be cut into the parts, @p lr or @p m is out of range,
 * or the mechanism is a memory bank, which needs moco_model_step_samples(); ::MOCO_EPEER if another rank failed. What
 * is checked before the step begins changes nothing; a failure of the device or of another rank leaves the model
 * between two steps, to be restored from a checkpoint.
 */
MOCO_API MOCO_MUST_USE moco_status moco_model_step(moco_step *out, moco_model *model, const moco_tensor *im_q,
                                                   const moco_tensor *im_k, double lr, double m);

/**
 * Takes a step on images with known numbers, which a memory bank keeps its features by. Other mechanisms compute what
 * moco_model_step() does.
 * @param[out] out what the step computed; NULL: not wanted
 * @param model the model to train
 * @param im_q,im_k views as in moco_model_step(); a memory bank takes the first alone, and @p im_k may be NULL
 * @param samples for a memory bank the N numbers of the images in the dataset, each below options->bank_images; others
 * do not read them
 * @param lr,m as in moco_model_step()
 * @return as moco_model_step(); ::MOCO_EINVALID if a number is out of range
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_model_step_samples(moco_step *out, moco_model *model, const moco_tensor *im_q,
                                                           const moco_tensor *im_k, const size_t *samples, double lr,
                                                           double m);

/** Means over the steps since the last call of moco_model_read_means(). */
typedef struct moco_model_means {
    int64_t steps; /**< how many steps the means are over */
    double loss;   /**< of the steps */
    double acc1;   /**< contrastive accuracy (top-1): percent of queries closer to their key than to any negative */
    double acc5;   /**< the same, top-5: at most four negatives are closer */
} moco_model_means;

/**
 * Reads the means over steps and ranks, and starts new ones, also if it fails. Waits for the device. NaN if there was
 * no step.
 * @return ::MOCO_EDIVERGED if the loss of a step was not finite. No other call looks, since that waits for the device.
 * ::MOCO_EPEER if another rank failed
 */
MOCO_API MOCO_MUST_USE moco_status moco_model_read_means(moco_model_means *out, moco_model *model);

/** Returns the query encoder, the one to keep after training. Borrowed. */
MOCO_API moco_encoder *moco_model_query_encoder(const moco_model *model);
/** Returns the key encoder. Borrowed. NULL if the mechanism has no other encoder than that of the queries. */
MOCO_API moco_encoder *moco_model_key_encoder(const moco_model *model);
/** Returns the queue. Borrowed. NULL unless the mechanism is ::MOCO_MECHANISM_MOCO. */
MOCO_API moco_queue *moco_model_queue(const moco_model *model);
/**
 * Returns the memory bank, bank_images x dim, float32: at the start uniform values, of which a row has about length 1;
 * then normalised features. Borrowed. NULL for other mechanisms.
 * @since 0.2
 */
MOCO_API moco_tensor *moco_model_bank(const moco_model *model);
/**
 * Returns the parameters of the predictor: the weight of its hidden layer (predictor x dim), weight and bias of its
 * batch norm, and the weight of its last layer (dim x predictor). Borrowed. NULL if there is none.
 * @since 0.2
 */
MOCO_API const moco_tensor_list *moco_model_predictor(const moco_model *model);
/** Returns the optimiser: of the query encoder, then of a key encoder that learns, then of a predictor. Borrowed. */
MOCO_API moco_sgd *moco_model_sgd(const moco_model *model);
/**
 * Sets a text that the application keeps with the model: checkpoints hold it as metadata "app.KEY", and
 * moco_checkpoint_load() gives it back.
 * @param model keeps the text
 * @param key UTF-8, 1 to 100 bytes
 * @param value UTF-8, up to 4000 bytes, copied; NULL removes the key
 * @return ::MOCO_EINVALID beyond these bounds, or for a 65th key
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_model_set_metadata(moco_model *model, const char *key, const char *value);

/** Returns a text of moco_model_set_metadata(), borrowed until it is set again; NULL if there is none. @since 0.2 */
MOCO_API const char *moco_model_metadata(const moco_model *model, const char *key);

MOCO_END_DECLS

#endif
