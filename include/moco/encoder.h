/**
 * @file encoder.h
 * ResNet encoders: the query encoder and its momentum copy.
 *
 * Names of parameters, initialisation and forward arithmetic are torchvision's, so weights move both ways.
 */
#ifndef MOCO_ENCODER_H
#define MOCO_ENCODER_H

#include "comm.h"

MOCO_BEGIN_DECLS

/** A network f(x): N x 3 x H x W images to N x dim embeddings (before L2 normalisation). @since 0.1 */
typedef struct moco_encoder moco_encoder;

/** Options of moco_encoder_create(). @since 0.1 */
typedef struct moco_encoder_options {
    size_t struct_size;
    const char *arch;         /**< a name of moco_encoder_arch(); "resnet50" */
    int64_t dim;              /**< size of the embedding; 128; 0: no head, only moco_encoder_features() */
    bool mlp;                 /**< MLP head (v2) in place of a linear one (v1) */
    bool cifar_stem;          /**< 3x3 stride-1 first convolution, no max pooling */
    int64_t bn_splits;        /**< groups of SplitBN in training; sample n belongs to group n mod bn_splits; 1 */
    uint64_t seed;            /**< of the initial weights */
    moco_device device;       /**< zeroed: the CPU */
    moco_layout layout;       /**< ::MOCO_NCHW */
    moco_precision precision; /**< ::MOCO_FP32 */
} moco_encoder_options;

#define MOCO_ENCODER_OPTIONS_INIT                                                                                      \
    {                                                                                                                  \
        sizeof(moco_encoder_options), "resnet50", 128, false, false, 1, 0, { MOCO_CPU, 0 }, MOCO_NCHW, MOCO_FP32       \
    }

/** The @p index-th architecture's name, NULL beyond the last; borrowed, static. @since 0.1 */
MOCO_API const char *moco_encoder_arch(size_t index);

/** What an architecture is built of. @since 0.1 */
typedef struct moco_architecture {
    const char *name;
    bool bottleneck;         /**< blocks of three convolutions, not two */
    int64_t blocks[4];       /**< of each stage; 0: the stage is not there */
    int64_t groups;          /**< of the 3x3 convolutions */
    int64_t width_per_group; /**< 64 but for ResNeXt and Wide ResNet */
    int64_t widen;           /**< factor of every width */
    bool small;              /**< CIFAR networks: 16-32-64 channels, 3x3 stem */
} moco_architecture;

/** Describes the @p index-th architecture; false beyond the last. @since 0.1 */
MOCO_API bool moco_encoder_architecture(moco_architecture *out, size_t index);

/**
 * Makes an encoder in training mode with torchvision's initial weights (arXiv 1502.01852, fan-out).
 * @param options NULL for the defaults
 * @return ::MOCO_EINVALID for an unknown architecture or a size out of range
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_create(moco_encoder **out, const moco_encoder_options *options);

/** Makes a copy whose parameters take no gradient: the key encoder, which starts as the query encoder. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_clone_frozen(moco_encoder **out, const moco_encoder *encoder);

/**
 * From now on batch statistics are those of all ranks' images (SyncBN), and the encoder's groups are one. For
 * comparison: unlike shuffling it does not keep the network from cheating through the statistics.
 * @param comm borrowed, outlives the encoder; NULL: one process
 * @return ::MOCO_EINVALID where the encoder has several groups
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_sync_bn(moco_encoder *encoder, moco_comm *comm);

/** Frees an encoder; NULL is allowed. @since 0.1 */
MOCO_API void moco_encoder_free(moco_encoder *encoder);

/**
 * Embeds images.
 * @param[out] out N x dim, float32, not normalised; differentiable unless the encoder is frozen or evaluating
 * @param images N x 3 x H x W, float32, or bfloat16 where that is the precision, on the encoder's device
 * @return ::MOCO_EINVALID where sizes do not fit, or N is not a multiple of bn_splits in training
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_forward(moco_tensor **out, moco_scope *scope, moco_encoder *encoder,
                                                        const moco_tensor *images);

/** The pooled features before the head: N x feature_dim, float32, without gradient. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_features(moco_tensor **out, moco_scope *scope, moco_encoder *encoder,
                                                         const moco_tensor *images);

/** Training mode (batch statistics, gradients) or evaluation mode (running statistics, none). @since 0.1 */
MOCO_API void moco_encoder_set_training(moco_encoder *encoder, bool training);

/** Whether the encoder is in training mode. @since 0.1 */
MOCO_API bool moco_encoder_training(const moco_encoder *encoder);

/** Size of the embedding. @since 0.1 */
MOCO_API int64_t moco_encoder_dim(const moco_encoder *encoder);

/** Size of the pooled features before the head (512, 2048, ...). @since 0.1 */
MOCO_API int64_t moco_encoder_feature_dim(const moco_encoder *encoder);

/** Number of trainable scalars, head included. @since 0.1 */
MOCO_API int64_t moco_encoder_parameter_count(const moco_encoder *encoder);

/** The parameters in torchvision's order; borrowed, lives as long as the encoder. @since 0.1 */
MOCO_API const moco_tensor_list *moco_encoder_parameters(const moco_encoder *encoder);

/** Parameters and buffers in torchvision's state_dict order; borrowed, as above. @since 0.1 */
MOCO_API const moco_tensor_list *moco_encoder_state(const moco_encoder *encoder);

/** The name of the @p index-th tensor of moco_encoder_state(); borrowed; NULL beyond the end. @since 0.1 */
MOCO_API const char *moco_encoder_state_name(const moco_encoder *encoder, size_t index);

/** Whether the @p index-th tensor of moco_encoder_state() is a parameter (and not a buffer). @since 0.1 */
MOCO_API bool moco_encoder_state_is_parameter(const moco_encoder *encoder, size_t index);

MOCO_END_DECLS

#endif
