/**
 * @file finetune.h
 * Fine-tuning: the whole of a pretrained network and a new linear head learn the classes of labelled images, all of
 * them or a small share (semi-supervised; moco_dataset_fraction()).
 *
 * The network is an encoder whose embedding is the classes' scores, so that its weights, head included, have
 * torchvision's names.
 */
#ifndef MOCO_FINETUNE_H
#define MOCO_FINETUNE_H

#include "linear.h"

MOCO_BEGIN_DECLS

/**
 * Makes a network for fine-tuning: the weights and running statistics of a pretrained encoder but for its head, and a
 * new linear head, of weights from N(0, 0.01) and biases 0.
 * @param pretrained of the options' architecture and stem
 * @param options dim: the number of classes; mlp: false; seed: of the head
 * @return ::MOCO_EINVALID where a tensor of the pretrained encoder is missing or has another shape
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_finetune_encoder(moco_encoder **out, const moco_encoder *pretrained,
                                                         const moco_encoder_options *options);

/** What a fine-tuning gave. @since 0.1 */
typedef struct moco_finetune_result {
    double train_loss;   /**< of the last epoch */
    moco_score last;     /**< validation after the last epoch */
    moco_score best;     /**< validation after the best epoch by top-1 */
    uint64_t best_epoch; /**< from 1 */
    double seconds;
} moco_finetune_result;

/** Called on rank 0 after an epoch that is the best so far, with its weights in the network; an error ends the
 * training. @since 0.1 */
typedef moco_status (*moco_finetune_best_fn)(const moco_finetune_result *result, const moco_encoder *encoder,
                                             void *payload);

/** Options of moco_finetune(). @since 0.1 */
typedef struct moco_finetune_options {
    size_t struct_size;
    double encoder_rate;         /**< learning rate of all but the head, above 0; 0.01 */
    double head_rate;            /**< learning rate of the head, above 0; 1 */
    double momentum;             /**< of SGD; 0.9 */
    double weight_decay;         /**< 0 */
    moco_schedule schedule;      /**< of the factor on both rates: its lr is 1; cosine */
    int64_t epochs;              /**< 30 */
    size_t batch;                /**< over all processes; 256; an epoch's last, smaller batch is left out */
    uint64_t seed;               /**< of the order of images and of the augmentations */
    moco_augment_policy policy;  /**< as moco_augment_classifier() gives */
    moco_loader_options loader;  /**< of the training images; its seed and single_view are of no account */
    moco_features_options tests; /**< how validation images are seen; its kind, raw and comm are of no account */
    moco_comm *comm;             /**< ranks that share each batch; borrowed; NULL: one process */
    moco_progress_fn progress;   /**< called after each step; non-zero ends the training; may be NULL */
    moco_finetune_best_fn best;  /**< may be NULL */
    void *payload;               /**< of both */
    int64_t print_freq;          /**< steps between metrics; 0: at the end of an epoch alone */
} moco_finetune_options;

/** Fills in the defaults, but for the policy, which stays empty. @since 0.1 */
MOCO_API void moco_finetune_options_init(moco_finetune_options *options);

/**
 * Trains the network on all images of @p train and tests it after each epoch. It is left as the last epoch left it, in
 * evaluation mode; see moco_finetune_options::best for the best. Of several processes the running statistics of rank 0
 * are everyone's before each test.
 * @param encoder as moco_finetune_encoder() made it; the options of each rank must be the same
 * @return ::MOCO_EDIVERGED where the loss is no longer finite, ::MOCO_ESTOPPED where the callback ended it
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_finetune(moco_finetune_result *out, moco_encoder *encoder,
                                                 const moco_dataset *train, const moco_dataset *val,
                                                 const moco_finetune_options *options);

MOCO_END_DECLS

#endif
