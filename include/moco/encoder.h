/**
 * @file encoder.h
 * ResNet encoders: the query encoder and its momentum copy.
 *
 * Parameter names, initialisation and forward arithmetic equal torchvision's, so weights can be exchanged.
 */
#ifndef MOCO_ENCODER_H
#define MOCO_ENCODER_H

#include "comm.h"

MOCO_BEGIN_DECLS

/** A network f(x): N x C x H x W images, of C = 3 channels unless its options say otherwise, to N x dim embeddings
 * (before L2 normalisation). @since 0.1 */
typedef struct moco_encoder moco_encoder;

/** Options of moco_encoder_create(). @since 0.1 */
typedef struct moco_encoder_options {
    size_t struct_size;       /**< set by the macro or function below */
    const char *arch;         /**< a name of moco_encoder_arch(); "resnet50" */
    int64_t dim;              /**< size of the embedding; 128; 0: no head, so only moco_encoder_features() works */
    bool mlp;                 /**< MLP head (v2) instead of a linear head (v1) */
    bool cifar_stem;          /**< 3x3 stride-1 first convolution, no max pooling */
    int64_t bn_splits;        /**< groups of SplitBN in training; sample n belongs to group n mod bn_splits; 1 */
    uint64_t seed;            /**< of the initial weights */
    moco_device device;       /**< zeroed: the CPU */
    moco_layout layout;       /**< ::MOCO_NCHW */
    moco_precision precision; /**< ::MOCO_FP32 */
    int64_t channels;         /**< of the images, 1 to ::MOCO_MAX_CHANNELS; 3 @since 0.2 */
} moco_encoder_options;

/** The defaults of ::moco_encoder_options. */
#define MOCO_ENCODER_OPTIONS_INIT                                                                                      \
    {                                                                                                                  \
        sizeof(moco_encoder_options), "resnet50", 128, false, false, 1, 0, { MOCO_CPU, 0 }, MOCO_NCHW, MOCO_FP32, 3    \
    }

/**
 * Fills in what ::MOCO_ENCODER_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_encoder_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_encoder_options_init(moco_encoder_options *options, size_t struct_size);

/** The building blocks of an architecture. @since 0.1 */
typedef struct moco_architecture {
    const char *name;        /**< for moco_encoder_options.arch; static */
    bool bottleneck;         /**< blocks of three convolutions, not two */
    int64_t blocks[4];       /**< per stage; 0: the network has no such stage */
    int64_t groups;          /**< of the 3x3 convolutions */
    int64_t width_per_group; /**< 64, except in ResNeXt and Wide ResNet */
    int64_t widen;           /**< factor of every width */
    bool small;              /**< CIFAR networks: 16-32-64 channels, 3x3 stem */
} moco_architecture;

/** Describes the @p index-th architecture. Returns false after the last. @since 0.1 */
MOCO_API bool moco_encoder_architecture(moco_architecture *out, size_t index);

/** Returns the name of the @p index-th architecture; NULL after the last; static. @since 0.1 */
static inline const char *moco_encoder_arch(size_t index)
{
    moco_architecture architecture;
    return moco_encoder_architecture(&architecture, index) ? architecture.name : NULL;
}

/**
 * Creates an encoder in training mode, with weights initialised as in torchvision (arXiv 1502.01852, fan-out).
 * @param[out] out a new handle, for moco_encoder_free()
 * @param options NULL for the defaults
 * @return ::MOCO_EINVALID for an unknown architecture or a size out of range; ::MOCO_EUNAVAILABLE if there is no such
 * device
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_create(moco_encoder **out, const moco_encoder_options *options);

/**
 * Describes an encoder by the options that make one of the same shape; their seed is 0.
 * @param[in,out] out start from ::MOCO_ENCODER_OPTIONS_INIT; its arch is static
 * @param encoder the encoder to describe
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_describe(moco_encoder_options *out, const moco_encoder *encoder);

/** Copies an encoder; the copy's parameters have no gradient. The key encoder starts as such a copy. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_clone_frozen(moco_encoder **out, const moco_encoder *encoder);

/**
 * From now on, computes batch statistics over the images of all ranks (SyncBN), as one group. For comparison only:
 * unlike shuffling, it does not prevent the network from finding the positive key through the statistics.
 * @param encoder with one group
 * @param comm borrowed, outlives the encoder; NULL: one process
 * @return ::MOCO_EINVALID if the encoder has several groups
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_sync_bn(moco_encoder *encoder, moco_comm *comm);

/** Frees an encoder; NULL is allowed. @since 0.1 */
MOCO_API void moco_encoder_free(moco_encoder *encoder);

/**
 * Embeds images. In evaluation mode several threads may embed at once, while none changes the encoder.
 * @param[out] out N x dim, float32, not normalised; differentiable unless the encoder is frozen or in evaluation mode
 * @param scope owns the result; NULL: the caller does
 * @param encoder the network
 * @param images N x C x H x W on the encoder's device; float32, or bfloat16 if that is the encoder's precision
 * @return ::MOCO_EINVALID if sizes do not fit, or if N is not a multiple of bn_splits in training
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_forward(moco_tensor **out, moco_scope *scope, moco_encoder *encoder,
                                                        const moco_tensor *images);

/**
 * Computes the pooled features before the head: N x feature_dim, float32, without gradient. Threads: as
 * moco_encoder_forward().
 * @return ::MOCO_EINVALID, as moco_encoder_forward()
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_features(moco_tensor **out, moco_scope *scope, moco_encoder *encoder,
                                                         const moco_tensor *images);

/** Sets training mode (batch statistics, gradients) or evaluation mode (running statistics, no gradients). @since 0.1
 */
MOCO_API void moco_encoder_set_training(moco_encoder *encoder, bool training);

/** Returns whether the encoder is in training mode. @since 0.1 */
MOCO_API bool moco_encoder_training(const moco_encoder *encoder);

/** Returns the number of channels of its images. @since 0.2 */
static inline int64_t moco_encoder_channels(const moco_encoder *encoder)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    return encoder != NULL && moco_encoder_describe(&options, encoder) == MOCO_OK ? options.channels : 0;
}

/** Returns the size of the embedding. @since 0.1 */
static inline int64_t moco_encoder_dim(const moco_encoder *encoder)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    return encoder != NULL && moco_encoder_describe(&options, encoder) == MOCO_OK ? options.dim : 0;
}

/** Returns the size of the pooled features before the head (512, 2048, ...). @since 0.1 */
MOCO_API int64_t moco_encoder_feature_dim(const moco_encoder *encoder);

/** Returns the parameters in torchvision's order; borrowed, lives as long as the encoder. @since 0.1 */
MOCO_API const moco_tensor_list *moco_encoder_parameters(const moco_encoder *encoder);

/** Returns the number of trainable scalars, including the head. @since 0.1 */
static inline int64_t moco_encoder_parameter_count(const moco_encoder *encoder)
{
    const moco_tensor_list *parameters = moco_encoder_parameters(encoder);
    int64_t count = 0;
    for (size_t i = 0; i < moco_tensor_list_count(parameters); ++i) {
        count += moco_tensor_numel(moco_tensor_list_get(parameters, i));
    }
    return count;
}

/** Returns parameters and buffers in the order of torchvision's state_dict; borrowed, as above. @since 0.1 */
MOCO_API const moco_tensor_list *moco_encoder_state(const moco_encoder *encoder);

/** Returns the name of the @p index-th tensor of moco_encoder_state(); borrowed; NULL after the last. @since 0.1 */
MOCO_API const char *moco_encoder_state_name(const moco_encoder *encoder, size_t index);

/** Returns whether the @p index-th tensor of moco_encoder_state() is a parameter, not a buffer. @since 0.1 */
MOCO_API bool moco_encoder_state_is_parameter(const moco_encoder *encoder, size_t index);

MOCO_END_DECLS

#endif
