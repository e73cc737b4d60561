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
    double encoder_rate; /**< learning rate of the weights before the head, above 0; 0.01 */
    double head_rate;    /**< learning rate of the head, above 0; 1 */
    double momentum;     /**< of SGD; 0.9 */
    double weight_decay; /**< 0 */
    /** Of the factor on both learning rates: its lr is 1. Borrowed; NULL: a cosine over the epochs. */
    const moco_schedule *schedule;
    int64_t epochs;                    /**< 30 */
    size_t batch;                      /**< over all processes; 256; the last, smaller batch of an epoch is left out */
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
        sizeof(moco_finetune_options), 0.01, 1, 0.9, 0, NULL, 30, 256, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0  \
    }

/**
 * Fills in what ::MOCO_FINETUNE_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_finetune_options) of the caller
 * @since 0.1
 */
MOCO_API void moco_finetune_options_init(moco_finetune_options *options, size_t struct_size);

/**
 * Trains the network on all images of @p train and tests it after each epoch. Leaves the weights of the last epoch in
 * the network, in evaluation mode; moco_finetune_options::best receives those of the best epoch. Before each test all
 * processes take the running statistics of rank 0.
 * @param[out] out losses and scores
 * @param encoder from moco_finetune_encoder()
 * @param train labelled images; borrowed during the call
 * @param val labelled images to test on; borrowed during the call
 * @param options the same on all ranks; policy must be set, so not NULL
 * @return ::MOCO_EDIVERGED if the loss is no longer finite; ::MOCO_ESTOPPED if the callback ended the training;
 * ::MOCO_EPEER if another rank failed; what moco_dataset_read() returns for an image that cannot be read, or what
 * options->best returned. After a failure the weights are those of the last step
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_finetune(moco_finetune_result *out, moco_encoder *encoder,
                                                 const moco_dataset *train, const moco_dataset *val,
                                                 const moco_finetune_options *options);

MOCO_END_DECLS

#endif
