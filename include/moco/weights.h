/**
 * @file weights.h
 * Reads weights from the files of the ecosystem: checkpoints of libmoco and of the reference (facebookresearch/moco, v1
 * and v2) and other files with the names of torchvision's ResNets, in .safetensors or in torch.save's formats (zip and
 * the older one).
 *
 * No code in a file is executed. Of pickles tensors are read, plain data are passed over, and everything else is
 * refused with ::MOCO_EFORMAT. Tensors of types other than ::moco_dtype are passed over. Tensors with any strides are
 * given row-major.
 */
#ifndef MOCO_WEIGHTS_H
#define MOCO_WEIGHTS_H

#include "config.h"
#include "encoder.h"
#include "safetensors.h"

MOCO_BEGIN_DECLS

/** An open file of tensors. @since 0.1 */
typedef struct moco_weights moco_weights;

/** A tensor of the file; borrowed from it. @since 0.1 */
typedef struct moco_weights_entry {
    const char *name;     /**< of the tensor */
    moco_dtype dtype;     /**< type of the elements in the file */
    size_t ndim;          /**< number of dimensions */
    const int64_t *sizes; /**< ndim sizes */
    size_t bytes;         /**< size of the elements, row-major */
} moco_weights_entry;

/** Kinds of files. @since 0.1 */
typedef enum moco_weights_kind {
    MOCO_WEIGHTS_CHECKPOINT,  /**< a checkpoint of moco train */
    MOCO_WEIGHTS_SAFETENSORS, /**< another .safetensors file */
    MOCO_WEIGHTS_PTH,         /**< torch.save's zip archive */
    MOCO_WEIGHTS_PTH_LEGACY   /**< torch.save's older format */
} moco_weights_kind;

/**
 * Opens a file by its content; its name does not matter. The tensors of a file of torch.save are those of the
 * dictionary `state_dict` or `model` if it has one, else those of the dictionary that looks most like a network. The
 * momentum buffers of an optimiser are named `optimizer.momentum_buffer.N`; N counts parameters from 0.
 * @return ::MOCO_ENOTFOUND, ::MOCO_EIO or ::MOCO_EFORMAT, naming file and fault
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_open(moco_weights **out, const char *path);

/**
 * Opens a file that is in memory: any that moco_weights_open() takes.
 * @param[out] out a new handle, for moco_weights_free()
 * @param bytes @p count bytes, borrowed; must stay as they are until moco_weights_free()
 * @param count number of bytes
 * @param name for messages; NULL: "memory"
 * @return ::MOCO_EFORMAT, naming the fault
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_open_bytes(moco_weights **out, const void *bytes, size_t count,
                                                           const char *name);

/** Closes a file; NULL is allowed. @since 0.1 */
MOCO_API void moco_weights_free(moco_weights *weights);

/** Returns the kind of a file. @since 0.1 */
MOCO_API moco_weights_kind moco_weights_kind_of(const moco_weights *weights);

/** Returns the number of tensors. @since 0.1 */
MOCO_API size_t moco_weights_count(const moco_weights *weights);

/** Returns the @p index-th tensor in the order of the file, borrowed; NULL beyond the end. @since 0.1 */
MOCO_API const moco_weights_entry *moco_weights_get(const moco_weights *weights, size_t index);

/** Returns the tensor of a name, borrowed, or NULL. @since 0.1 */
MOCO_API const moco_weights_entry *moco_weights_find(const moco_weights *weights, const char *name);

/** Returns a text or number beside the tensors, like `epoch` or `arch`, as text, borrowed; or NULL. @since 0.1 */
MOCO_API const char *moco_weights_metadata(const moco_weights *weights, const char *key);

/** Gives the @p index-th of these texts, borrowed; false beyond the end. @since 0.1 */
MOCO_API bool moco_weights_metadata_at(moco_metadata *out, const moco_weights *weights, size_t index);

/**
 * Returns how many tensors of the file are not listed, since their types (int8, complex, quantised) are no
 * ::moco_dtype.
 * @param weights the open file
 * @param[out] text a sentence for the user with this number and the first of them, and with the dictionary in which the
 * tensors were found if it is an unusual one; "" if there is neither; may be NULL
 * @param size bytes at @p text
 * @return their number; 0 for NULL
 * @since 0.2
 */
MOCO_API size_t moco_weights_left_out(const moco_weights *weights, char *text, size_t size);

/**
 * Copies the elements of a tensor, row-major.
 * @param[out] values room for the elements
 * @param bytes room at @p values: entry->bytes
 * @param weights the open file
 * @param name of the tensor
 * @return ::MOCO_EFORMAT if the file has no such tensor or it is damaged; ::MOCO_EINVALID if @p bytes is another size
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_read(void *values, size_t bytes, const moco_weights *weights,
                                                     const char *name);

/**
 * Copies a tensor to @p tensor, which must have the same shape; types are converted.
 * @return ::MOCO_EFORMAT if the file has no such tensor, or it has another shape
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_read_tensor(moco_tensor *tensor, const moco_weights *weights,
                                                            const char *name);

/** The encoders of a checkpoint. @since 0.1 */
typedef enum moco_branch {
    MOCO_QUERY, /**< the encoder that was trained */
    MOCO_KEY    /**< its momentum copy */
} moco_branch;

/** The network in a file. @since 0.1 */
typedef struct moco_network {
    char prefix[64]; /**< of the names of its tensors, as "module.encoder_q." */
    char arch[32];   /**< a name of moco_encoder_arch() */
    int64_t dim;     /**< of the embedding; 0: the file has no head */
    bool mlp;        /**< the head is an MLP (v2) */
    bool cifar_stem; /**< 3x3 stride-1 first convolution, no max pooling */
    bool classifier; /**< the file has an `fc` that is no head of MoCo; all of it is left out */
} moco_network;

/**
 * Finds out from names and shapes which network a file holds, under any prefix. A linear `fc` without the prefix of an
 * encoder is taken for a classifier, unless libmoco wrote the file.
 * @return ::MOCO_EFORMAT if the file has no such encoder, or it is not a ResNet that libmoco knows; the message names
 * the nearest one and the tensor that differs
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_network(moco_network *out, const moco_weights *weights,
                                                        moco_branch branch);

/**
 * Fills an encoder with the network of a file, which must have all tensors of the encoder; others beside the backbone
 * are left out. Without a head in the file, the head of the encoder is unchanged. A file that does not fit changes
 * nothing. If the file's first convolution is of 3 channels and the encoder's is not, it is adapted as timm does:
 * summed over the three for one channel, and else repeated and scaled by 3 / channels. @since 0.2 for other channels
 * @return ::MOCO_EFORMAT if a tensor is missing or has another shape
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_read_encoder(moco_encoder *encoder, const moco_weights *weights,
                                                             const moco_network *network);

/**
 * Reads the settings of a checkpoint. Other files give the defaults with the architecture and head that were found, and
 * the image size (224 pixels, or 32 if the first convolution is 3x3); dim is 0 without a head.
 * @param[in,out] config from moco_config_init()
 * @param weights the open file
 * @return ::MOCO_EFORMAT if the file holds no network that libmoco knows
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_config(moco_config *config, const moco_weights *weights);

/**
 * Makes the encoder of a file, in evaluation mode. Without a head in the file, dim is 0, and the encoder only gives
 * moco_encoder_features().
 * @param[out] out a new handle, for moco_encoder_free()
 * @param[out] config as moco_weights_config(); start from moco_config_init()
 * @param path of any file that moco_weights_open() takes
 * @param branch which encoder of a checkpoint
 * @param device of the encoder
 * @return as moco_weights_open() and moco_weights_config(); ::MOCO_EUNAVAILABLE if there is no such device
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_import(moco_encoder **out, moco_config *config, const char *path,
                                                       moco_branch branch, moco_device device);

/**
 * Does the same as moco_encoder_import() for an open file, also one in memory.
 * @return as moco_encoder_import()
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_from_weights(moco_encoder **out, moco_config *config,
                                                             const moco_weights *weights, moco_branch branch,
                                                             moco_device device);

/**
 * Starts a run from a file: makes its folder with config.yaml and a first checkpoint, from which moco_resume()
 * continues. Encoders, queue, pointer, momentum buffers and epoch are taken from the file if it has them. The log warns
 * of those that are missing; a missing key encoder becomes a copy of the query encoder.
 * @param config of the run; network and queue size must be those of the file
 * @param path of any file that moco_weights_open() takes
 * @return as moco_train(); ::MOCO_EEXISTS if the folder is not empty; ::MOCO_EFORMAT if the file does not fit the
 * network
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_run_import(const moco_config *config, const char *path);

/**
 * Sets the parts of a configuration that a file determines: architecture, channels, head, queue size, momentum and
 * weight decay of the optimiser; with an MLP head also the recipe of MoCo v2.
 * @return as moco_weights_open(); ::MOCO_EFORMAT too if the file holds no network that libmoco knows
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_run_import_config(moco_config *config, const char *path);

MOCO_END_DECLS

#endif
