/**
 * @file finetune.h
 * Fine-tunes a pretrained network: all its weights and a new linear head learn the classes of labelled images. To learn
 * from a small share of the images (semi-supervised), see moco_dataset_fraction().
 *
 * The network is an encoder whose embedding holds the scores of the classes, so that all its weights, the head's
 * included, have torchvision's names.
 */
#ifndef MOCO_FINETUNE_H
#define MOCO_FINETUNE_H

#include "linear.h"

MOCO_BEGIN_DECLS

/**
 * Makes a network for fine-tuning: the weights and running statistics of a pretrained encoder without its head, and a
 * new linear head with weights from N(0, 0.01) and biases 0.
 * @param[out] out a new handle, for moco_encoder_free()
 * @param pretrained has the options' architecture and stem
 * @param options dim: the number of classes; mlp: false; seed: of the head
 * @return ::MOCO_EINVALID if the pretrained encoder lacks a tensor, or has it in another shape
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_finetune_encoder(moco_encoder **out, const moco_encoder *pretrained,
                                                         const moco_encoder_options *options);

/** The result of fine-tuning. @since 0.1 */
typedef struct moco_finetune_result {
    double train_loss;   /**< of the last epoch */
    moco_score last;     /**< validation after the last epoch */
    moco_score best;     /**< validation after the best epoch by top-1 */
    uint64_t best_epoch; /**< from 1 */
    double seconds;      /**< that the training took */
} moco_finetune_result;

/** Called on rank 0 after an epoch that is the best so far, with that epoch's weights in the network. An error ends the
 * training. @since 0.1 */
typedef moco_status (*moco_finetune_best_fn)(const moco_finetune_result *result, const moco_encoder *encoder,
                                             void *payload);

/** Options of moco_finetune(). @since 0.1 */
typedef struct moco_finetune_options {
    size_t struct_size;  /**< set by the macro or function below */
    double encoder_rate; /**< learning rate of the weights before the head; 0: moco_finetune_choose() finds it; 0 */
    double head_rate;    /**< learning rate of the head; 0: moco_finetune_choose() finds it; 0 */
    double momentum;     /**< of SGD; 0.9 */
    double weight_decay; /**< 0 */
    /** Of the factor on both learning rates: its lr is 1. Borrowed; NULL: a cosine over the epochs, after a warm-up of
     * one epoch if there are several. */
    const moco_schedule *schedule;
    int64_t epochs; /**< 30 */
    /** Over all processes; the last, smaller batch of an epoch is left out. 0: the power of two from 16 to 256 that
     * gives at least 48 steps per epoch; 0. */
    size_t batch;
    uint64_t seed;                     /**< of the order of images and of the augmentations */
    const moco_augment_policy *policy; /**< from moco_augment_classifier(); borrowed */
    /** Of the training images; its seed and single_view are ignored. Borrowed; NULL: the defaults. */
    const moco_loader_options *loader;
    /** Of the validation images; its kind, raw and comm are ignored. Borrowed; NULL: the defaults. */
    const moco_features_options *tests;
    moco_comm *comm;            /**< ranks that share each batch; borrowed; NULL: one process */
    moco_progress_fn progress;  /**< may be NULL */
    moco_finetune_best_fn best; /**< may be NULL */
    void *payload;              /**< of both callbacks */
    int64_t print_freq;         /**< steps between metrics; 0: only at the end of each epoch */
} moco_finetune_options;

/** The defaults of ::moco_finetune_options. */
#define MOCO_FINETUNE_OPTIONS_INIT                                                                                     \
    {                                                                                                                  \
        sizeof(moco_finetune_options), 0, 0, 0.9, 0, NULL, 30, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0       \
    }

/**
 * Fills in what ::MOCO_FINETUNE_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_finetune_options) of the caller
 * @since 0.1
 */
MOCO_API void moco_finetune_options_init(moco_finetune_options *options, size_t struct_size);

/** Returns the batch that moco_finetune() takes for that many training images if none is given. @since 0.2 */
MOCO_API size_t moco_finetune_auto_batch(size_t images);

/** A pair of rates that moco_finetune_choose() tried. @since 0.2 */
typedef struct moco_finetune_trial {
    double encoder_rate; /**< learning rate of the weights before the head */
    double head_rate;    /**< learning rate of the head */
    bool diverged;       /**< then the fields below are NaN */
    double train_loss;   /**< of the last epoch */
    moco_score held_out; /**< on the images that were held out, after the last epoch */
} moco_finetune_trial;

/** Trials of moco_finetune_choose(), at most. */
#define MOCO_FINETUNE_MAX_TRIALS 16

/** The result of moco_finetune_choose(). @since 0.2 */
typedef struct moco_finetune_choice {
    size_t count;                                         /**< number of trials */
    moco_finetune_trial trials[MOCO_FINETUNE_MAX_TRIALS]; /**< from the lowest encoder rate to the highest */
    size_t best;                                          /**< the trial of the highest accuracy */
    size_t learnt;                                        /**< images that a trial learnt from */
    size_t held_out;                                      /**< images that it was tested on */
    double seconds;                                       /**< that all trials took */
} moco_finetune_choice;

/**
 * Chooses learning rates by short trials on a part of the training images, a tenth of every class or a fifth of a small
 * set, that is held out of them. Where options->head_rate is 0, the head gets the highest rate at which SGD is stable
 * on features of this scale (see moco_feature_scale_measure()). Where options->encoder_rate is 0, rates from 0.003 to
 * 0.1 for a batch of 256 are tried, in proportion to the batch. Afterwards the network has its weights from before.
 * @param[out] out what was tried; give the rates of its best trial to moco_finetune()
 * @param encoder from moco_finetune_encoder()
 * @param train labelled images; borrowed during the call
 * @param options those of moco_finetune(), with the epochs of a trial, such as 3; its callback best is not called
 * @return ::MOCO_EDIVERGED if every trial diverged; ::MOCO_EINVALID if no class has two images; else as moco_finetune()
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_finetune_choose(moco_finetune_choice *out, moco_encoder *encoder,
                                                        const moco_dataset *train,
                                                        const moco_finetune_options *options);

/**
 * Trains the network on all images of @p train and tests it after each epoch. Leaves the weights of the last epoch in
 * the network, in evaluation mode; moco_finetune_options::best receives those of the best epoch. Before each test all
 * processes take the running statistics of rank 0. The log warns once if the training accuracy falls, or the training
 * loss is above that of guessing.
 * @param[out] out losses and scores
 * @param encoder from moco_finetune_encoder()
 * @param train labelled images; borrowed during the call
 * @param val labelled images to test on; borrowed during the call
 * @param options the same on all ranks; policy must be set, so not NULL
 * @return ::MOCO_EINVALID if a learning rate is 0; ::MOCO_EDIVERGED if the loss is not finite; ::MOCO_ESTOPPED if the
 * callback ended the training; ::MOCO_EPEER if another rank failed; what moco_dataset_read() returns for an image that
 * cannot be read, or what options->best returned. After a failure the weights are those of the last step
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_finetune(moco_finetune_result *out, moco_encoder *encoder,
                                                 const moco_dataset *train, const moco_dataset *val,
                                                 const moco_finetune_options *options);

MOCO_END_DECLS

#endif
