/**
 * @file export.h
 * Writes weights for the ecosystem: torchvision, timm, Detectron2, the reference's scripts, safetensors.
 */
#ifndef MOCO_EXPORT_H
#define MOCO_EXPORT_H

#include "weights.h"

MOCO_BEGIN_DECLS

/** Formats: identifier, name, description. */
#define MOCO_EXPORT_MAP(X)                                                                                             \
    X(MOCO_EXPORT_TORCHVISION, "torchvision", "a state_dict for torchvision's resnet, without fc")                     \
    X(MOCO_EXPORT_REFERENCE, "reference", "a checkpoint as main_moco.py of facebookresearch/moco writes it")           \
    X(MOCO_EXPORT_DETECTRON2, "detectron2", "a pickle as the reference's converter writes it for Detectron2")          \
    X(MOCO_EXPORT_TIMM, "timm", "a state_dict for timm's resnet, without fc")                                          \
    X(MOCO_EXPORT_SAFETENSORS, "safetensors", "torchvision's names, with the head and metadata")

/** What moco_export() writes. @since 0.1 */
typedef enum moco_export_format {
#define MOCO_EXPORT_ENUM(id, name, help) id,
    MOCO_EXPORT_MAP(MOCO_EXPORT_ENUM)
#undef MOCO_EXPORT_ENUM
} moco_export_format;

/** Options of moco_export(). @since 0.1 */
typedef struct moco_export_options {
    size_t struct_size;        /**< set by the macro or function below */
    moco_export_format format; /**< ::MOCO_EXPORT_TORCHVISION */
    moco_branch branch;        /**< which encoder; ::MOCO_QUERY, the result of training */
    bool features_only;        /**< leave the head out, if the format has one */
    const char *license;       /**< text for the metadata of a .safetensors file, at most 511 bytes; NULL: none */
} moco_export_options;

/** The defaults of ::moco_export_options. */
#define MOCO_EXPORT_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(moco_export_options), MOCO_EXPORT_TORCHVISION, MOCO_QUERY, false, NULL                                  \
    }

/**
 * Fills in what ::MOCO_EXPORT_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_export_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_export_options_init(moco_export_options *options, size_t struct_size);

/**
 * Writes the network of a file in another format, completely or not at all. Tensors keep their types and values. The
 * state_dict of torchvision and timm is a .safetensors file if @p out ends so, else a file of torch.save that
 * `torch.load(weights_only=True)` loads.
 * @param out the file to write; an earlier one is replaced
 * @param source any file of moco_weights_open(); for ::MOCO_EXPORT_REFERENCE a checkpoint of moco train
 * @param options NULL for the defaults
 * @return ::MOCO_ENOTFOUND, ::MOCO_EIO or ::MOCO_EFORMAT if the source cannot be read or holds no network;
 * ::MOCO_EINVALID if the format cannot hold it; ::MOCO_EIO if the file cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_export(const char *out, const char *source, const moco_export_options *options);

MOCO_END_DECLS

#endif
