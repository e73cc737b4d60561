/**
 * @file embed.h
 * Embeds images that an application has in memory, writes features to files for other tools, and finds their principal
 * components.
 */
#ifndef MOCO_EMBED_H
#define MOCO_EMBED_H

#include "evaluate.h"
#include "safetensors.h"

MOCO_BEGIN_DECLS

/**
 * Computes the features of images in memory: what moco_features_extract() gives for a dataset of them, batch by batch.
 *
 * Any number of threads may call it at once with one encoder, and each gets what it would get alone, if none changes
 * the encoder or an image meanwhile, and no two share an image that was read lazily. On a GPU they take turns.
 * @param[out] out count x D, row-major; D is moco_encoder_feature_dim(), or moco_encoder_dim() for
 * ::MOCO_FEATURE_OUTPUT
 * @param room values that fit into @p out: count x D
 * @param encoder in evaluation mode, as moco_encoder_import() gives it
 * @param images @p count images of any size
 * @param count number of images, at least 1
 * @param options NULL for the defaults; take those of moco_features_options_for() with the encoder's configuration, so
 * that images are prepared as in its training. kind, augment, image_size, batch, raw, policy, mean and std count.
 * @return ::MOCO_EINVALID if the encoder is in training mode, an image is empty, or @p room does not fit; what was
 * written to @p out before a failure is undefined
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_encoder_embed(float *out, size_t room, moco_encoder *encoder,
                                                      const moco_image *const *images, size_t count,
                                                      const moco_features_options *options);

/**
 * Writes a tensor as a .npy file, version 1.0, row-major, atomically. Bytes: "\x93NUMPY", 1, 0; u16 little-endian
 * length of the header; the header, a Python dictionary of `descr`, `fortran_order` and `shape`, padded with spaces and
 * a newline so that the data start at a multiple of 64; the elements, little-endian.
 * @return ::MOCO_EINVALID for bfloat16, which numpy does not have; ::MOCO_EIO if the file cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_npy_write(const char *path, const moco_tensor *tensor);

/**
 * Writes features as a .safetensors file: `features` (N x D), and `labels` (int64, N; -1: none) if the dataset has
 * classes.
 * @return ::MOCO_EIO if the file cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_features_write(const char *path, const moco_features *features,
                                                       const moco_metadata *metadata, size_t metadata_count);

/** Makes an int64 tensor of the labels, on the CPU. @since 0.1 */
static inline moco_status moco_features_label_tensor(moco_tensor **out, moco_scope *scope,
                                                     const moco_features *features)
{
    const moco_device cpu = { MOCO_CPU, 0 };
    const int64_t count = (int64_t)moco_features_count(features);
    return moco_tensor_from_host(out, scope, MOCO_INT64, cpu, &count, 1, moco_features_labels(features));
}

/**
 * Writes the name of each row's image (see moco_dataset_name()), one per line. Bytes below 0x20 become "\xNN".
 * @return ::MOCO_EIO if the file cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_features_write_names(const char *path, const moco_features *features,
                                                             const moco_dataset *dataset);

/** Options of moco_tsne(). @since 0.2 */
typedef struct moco_tsne_options {
    size_t struct_size; /**< set by the macro or function below */
    double perplexity;  /**< neighbours of a row, about; at most a third of the rows count; 30 */
    int64_t iterations; /**< steps of the descent; the first third, 250 at most, with exaggerated attraction; 500 */
    moco_features_fn progress; /**< called after each step with the number of steps; may be NULL. A non-zero return ends
                                  it with ::MOCO_ESTOPPED */
    void *payload;             /**< handed to progress */
} moco_tsne_options;

/** The defaults of ::moco_tsne_options. */
#define MOCO_TSNE_OPTIONS_INIT                                                                                         \
    {                                                                                                                  \
        sizeof(moco_tsne_options), 30, 500, NULL, NULL                                                                 \
    }

/**
 * Fills in what ::MOCO_TSNE_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_tsne_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_tsne_options_init(moco_tsne_options *options, size_t struct_size);

/**
 * Places rows in a plane so that near rows stay near: t-SNE (van der Maaten and Hinton 2008), exact, over all pairs,
 * from the principal components on. No random numbers are drawn. Time and memory grow with the square of the rows;
 * docs/guide.md has figures. The work is done on the device of the matrix.
 * @param[out] out N x 2, float32, on the CPU; centred at 0
 * @param scope owns the result; NULL: the caller does
 * @param matrix N x D, best with rows of norm 1; N from 4 to 20,000
 * @param options NULL for the defaults
 * @return ::MOCO_EINVALID if sizes or options do not fit, or a value is not finite; ::MOCO_ESTOPPED if the callback
 * ended it
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_tsne(moco_tensor **out, moco_scope *scope, const moco_tensor *matrix,
                                             const moco_tsne_options *options);

MOCO_END_DECLS

#endif
