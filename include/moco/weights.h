/**
 * @file weights.h
 * Weights out of any file of the ecosystem: checkpoints of libmoco and of the reference (facebookresearch/moco, v1 and
 * v2), state_dicts of torchvision, in .safetensors or torch.save's formats (zip and the older one).
 *
 * Nothing that a file says is run: pickles are read by a list of what tensors need, and all else is refused with
 * ::MOCO_EFORMAT. Tensors of any strides are given row-major.
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
    const char *name;
    moco_dtype dtype;
    size_t ndim;
    const int64_t *sizes;
    size_t bytes; /**< of the elements, row-major */
} moco_weights_entry;

/** What a file is. @since 0.1 */
typedef enum moco_weights_kind {
    MOCO_WEIGHTS_CHECKPOINT,  /**< a checkpoint of moco train */
    MOCO_WEIGHTS_SAFETENSORS, /**< another .safetensors file */
    MOCO_WEIGHTS_PTH,         /**< torch.save's zip archive */
    MOCO_WEIGHTS_PTH_LEGACY   /**< torch.save's older format */
} moco_weights_kind;

/**
 * Opens a file by what is in it, whatever its name. Of torch.save's files the tensors are those of the dictionary
 * `state_dict` or `model`, where there is one, else those of the outermost dictionary. Of an optimiser's state the
 * momentum buffers are named `optimizer.momentum_buffer.N`, N counting parameters from 0.
 * @return ::MOCO_ENOTFOUND, ::MOCO_EIO or ::MOCO_EFORMAT, naming file and fault
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_open(moco_weights **out, const char *path);

/** Closes a file; NULL is allowed. @since 0.1 */
MOCO_API void moco_weights_free(moco_weights *weights);

/** What the file is. @since 0.1 */
MOCO_API moco_weights_kind moco_weights_kind_of(const moco_weights *weights);

/** Number of tensors. @since 0.1 */
MOCO_API size_t moco_weights_count(const moco_weights *weights);

/** The @p index-th tensor in the file's order; NULL beyond the end; borrowed. @since 0.1 */
MOCO_API const moco_weights_entry *moco_weights_get(const moco_weights *weights, size_t index);

/** The tensor of a name; NULL where there is none; borrowed. @since 0.1 */
MOCO_API const moco_weights_entry *moco_weights_find(const moco_weights *weights, const char *name);

/** A text or number beside the tensors, as `epoch` or `arch`, as text; NULL where there is none; borrowed. @since 0.1
 */
MOCO_API const char *moco_weights_metadata(const moco_weights *weights, const char *key);

/** The @p index-th of these; false beyond the end; texts are borrowed. @since 0.1 */
MOCO_API bool moco_weights_metadata_at(moco_metadata *out, const moco_weights *weights, size_t index);

/** Copies a tensor's elements, row-major. @param[out] values @p bytes of them, entry->bytes @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_read(void *values, size_t bytes, const moco_weights *weights,
                                                     const char *name);

/** Copies a tensor over @p tensor, whose shape must be the same; its type may be another. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_read_tensor(moco_tensor *tensor, const moco_weights *weights,
                                                            const char *name);

/** Which of a checkpoint's encoders. @since 0.1 */
typedef enum moco_branch { MOCO_QUERY, MOCO_KEY } moco_branch;

/** The network that a file's tensors are of. @since 0.1 */
typedef struct moco_network {
    char prefix[64]; /**< of the tensors' names, as "module.encoder_q." */
    char arch[32];   /**< a name of moco_encoder_arch() */
    int64_t dim;     /**< of the embedding; 0: the file has no head */
    bool mlp;
    bool cifar_stem;
    bool classifier; /**< there is an `fc` that is no head of MoCo; it is left out */
} moco_network;

/**
 * Finds out from names and shapes which network is in a file. A linear `fc` under no prefix of an encoder is taken for
 * a classifier unless libmoco wrote the file.
 * @return ::MOCO_EFORMAT where there is no encoder of that kind, or it is no ResNet that libmoco knows
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_network(moco_network *out, const moco_weights *weights,
                                                        moco_branch branch);

/**
 * Fills an encoder with a network of a file. Each tensor of the encoder must be there and no other; the head is left as
 * it is where the file has none.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_read_encoder(moco_encoder *encoder, const moco_weights *weights,
                                                             const moco_network *network);

/**
 * Reads the settings of a file: a checkpoint's own, else defaults with architecture, head and image size (224 pixels,
 * or 32 where the first convolution is 3x3) as found; dim is 0 without a head.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_weights_read_config(moco_config *config, const char *path);

/**
 * Makes the encoder of a file, in evaluation mode. Without a head in the file it has none: dim is 0, and only
 * moco_encoder_features() can be had.
 * @param[out] config as moco_weights_read_config()
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_import(moco_encoder **out, moco_config *config, const char *path,
                                                       moco_branch branch, moco_device device);

/**
 * Starts a run from a file: makes the run's folder with config.yaml and a first checkpoint, from which moco_resume()
 * goes on. Encoders, queue, pointer, momentum buffers and epoch are the file's where it has them; for what is missing
 * the log has a warning, and a key encoder is then a copy of the query encoder.
 * @param config the run's; network and queue size must be those of the file
 * @return as moco_train(), ::MOCO_EEXISTS where the folder is not empty
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_run_import(const moco_config *config, const char *path);

/**
 * Sets what a file fixes of a run's configuration: architecture, head, queue size, the optimiser's momentum and weight
 * decay; with an MLP head the recipe of MoCo v2.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_run_import_config(moco_config *config, const char *path);

MOCO_END_DECLS

#endif
