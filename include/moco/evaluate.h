/**
 * @file evaluate.h
 * Features of a dataset, and the weighted kNN classifier of InstDisc (arXiv 1805.01978, section 3.4).
 */
#ifndef MOCO_EVALUATE_H
#define MOCO_EVALUATE_H

#include "comm.h"
#include "config.h"
#include "dataset.h"
#include "encoder.h"

MOCO_BEGIN_DECLS

/** Which vector represents an image. @since 0.1 */
typedef enum moco_feature_kind {
    MOCO_FEATURE_POOLED, /**< before the head: 512 or 2048 d */
    MOCO_FEATURE_OUTPUT, /**< after the head: dim */
    MOCO_FEATURE_PIXELS  /**< the raw pixels, as a baseline; needs no encoder */
} moco_feature_kind;

/** Features of a dataset with its labels, L2-normalised unless moco_features_options.raw is set. @since 0.1 */
typedef struct moco_features moco_features;

/** Called after each batch with the number of images done on this rank. A non-zero return on any rank ends the
 * extraction with ::MOCO_ESTOPPED on all ranks. @since 0.1 */
typedef int (*moco_features_fn)(size_t done, size_t count, void *payload);

/** Options of moco_features_extract(). @since 0.1 */
typedef struct moco_features_options {
    size_t struct_size;     /**< set by the macro or function below */
    moco_feature_kind kind; /**< ::MOCO_FEATURE_POOLED */
    const char *augment;    /**< policy without random operations; "eval" */
    int32_t image_size;     /**< height and width in pixels; 0: the policy's */
    size_t batch;           /**< images per forward pass; 256 */
    int32_t workers;        /**< loader threads; 0: one per core */
    size_t limit;           /**< only the first images of a fixed permutation; 0: all images, in order */
    bool skip_broken;       /**< see ::moco_loader_options */
    moco_layout layout;     /**< of the encoder */
    moco_device device;     /**< of the encoder */
    moco_comm *comm;        /**< ranks that share the work; each gets all features; NULL: one process */
    bool raw; /**< rows as the encoder gives them, for linear classifiers; false: rows of L2 norm 1, for kNN */
    moco_features_fn progress; /**< may be NULL */
    void *payload;             /**< for progress */
    /** Instead of augment and image_size: an application's own policy, best without random operations. Borrowed; NULL:
     * augment. @since 0.2 */
    const moco_augment_policy *policy;
    /** Normalisation instead of that of augment, if std is above 0; zeroed. moco_features_options_for() sets it for
     * networks that were trained with a policy of your own. @since 0.2 */
    double mean[3], std[3];
    int32_t channels;           /**< of the images; 0: 3 @since 0.2 */
    moco_statistics statistics; /**< normalisation of images that have not 3 channels @since 0.2 */
} moco_features_options;

/** The defaults of ::moco_features_options. */
#define MOCO_FEATURES_OPTIONS_INIT                                                                                     \
    {                                                                                                                  \
        sizeof(moco_features_options), MOCO_FEATURE_POOLED, "eval", 0, 256, 0, 0, false, MOCO_NCHW, { MOCO_CPU, 0 },   \
            NULL, false, NULL, NULL, NULL, { 0, 0, 0 }, { 0, 0, 0 }, 0,                                                \
        {                                                                                                              \
            { 0 },                                                                                                     \
            {                                                                                                          \
                0                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

/**
 * Fills in what ::MOCO_FEATURES_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_features_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_features_options_init(moco_features_options *options, size_t struct_size);

/**
 * Sets kind, augment, image size, normalisation, layout and device from a configuration. Nothing is borrowed from it.
 * If it is wrong, nothing changes, and moco_config_check() says what.
 * @param[in,out] options start from ::MOCO_FEATURES_OPTIONS_INIT
 * @param config the settings to read
 * @param device of the encoder
 * @since 0.1
 */
MOCO_API void moco_features_options_for(moco_features_options *options, const moco_config *config, moco_device device);

/**
 * Computes features with the encoder in evaluation mode, and restores its mode.
 * @param[out] out a new handle, for moco_features_free()
 * @param dataset the images; borrowed during the call
 * @param encoder NULL for pixels
 * @param options NULL for the defaults
 * @return ::MOCO_ESTOPPED if the progress callback ended it; what moco_dataset_read() returns for an image that cannot
 * be read, unless skip_broken; ::MOCO_EDIVERGED if features are NaN or infinite, with the first such image;
 * ::MOCO_EPEER if another rank failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_features_extract(moco_features **out, const moco_dataset *dataset,
                                                         moco_encoder *encoder, const moco_features_options *options);

/** Frees features; NULL is allowed. @since 0.1 */
MOCO_API void moco_features_free(moco_features *features);

/** Returns the float32 matrix, count x dim; borrowed. @since 0.1 */
MOCO_API const moco_tensor *moco_features_matrix(const moco_features *features);
/** Returns count labels, -1 for images without one; borrowed. @since 0.1 */
MOCO_API const int64_t *moco_features_labels(const moco_features *features);
/** Returns the number of images. @since 0.1 */
static inline size_t moco_features_count(const moco_features *features)
{
    const int64_t rows = moco_tensor_size(moco_features_matrix(features), 0);
    return rows > 0 ? (size_t)rows : 0;
}
/** Returns the index of a row's image in the dataset; SIZE_MAX beyond the last row. @since 0.1 */
MOCO_API size_t moco_features_index(const moco_features *features, size_t row);

/**
 * Divides raw features by their L2 norms, in place. Does nothing to normalised features.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_features_normalize(moco_features *features);

/** The seconds that moco_features_extract() took. @since 0.1 */
typedef struct moco_features_seconds {
    double total;   /**< from the request for the first batch to the last row written */
    double waiting; /**< for the loader */
    double forward; /**< in the network; on a GPU all that is not waiting */
} moco_features_seconds;

/** Returns how this process spent its time. @since 0.1 */
MOCO_API moco_features_seconds moco_features_time(const moco_features *features);

/** Options of moco_knn(). @since 0.1 */
typedef struct moco_knn_options {
    size_t struct_size;        /**< set by the macro or function below */
    int64_t k;                 /**< neighbours that vote; all, with a warning, if the bank has fewer; 0: as
                                  moco_knn_auto_k() says; 0 */
    double temperature;        /**< a neighbour's vote weighs exp(cosine / temperature); 0.1 */
    moco_comm *comm;           /**< ranks that share the queries; NULL: one process */
    moco_features_fn progress; /**< called after each 256 queries; may be NULL. A non-zero return on any rank ends the
                                  test with ::MOCO_ESTOPPED on all. @since 0.2 */
    void *payload;             /**< handed to progress */
    /** Instead of k, if k_count is not 0: k_count values from 1, each of which is tried with each temperature, at the
     * cost of one search. Borrowed. @since 0.2 */
    const int64_t *ks;
    size_t k_count;             /**< number of values at ks; 0 @since 0.2 */
    const double *temperatures; /**< instead of temperature, if temperature_count is not 0; borrowed @since 0.2 */
    size_t temperature_count;   /**< number of values at temperatures; 0 @since 0.2 */
} moco_knn_options;

/** The defaults of ::moco_knn_options. */
#define MOCO_KNN_OPTIONS_INIT                                                                                          \
    {                                                                                                                  \
        sizeof(moco_knn_options), 0, 0.1, NULL, NULL, NULL, NULL, 0, NULL, 0                                           \
    }

/**
 * Fills in what ::MOCO_KNN_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_knn_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_knn_options_init(moco_knn_options *options, size_t struct_size);

/**
 * Returns how many neighbours vote by default: a tenth of a small class of the bank, at least 5 or half of that class;
 * 200 if such a class has 1000 images, as in ImageNet. More would let large classes outvote small ones. A small class
 * is the smallest of each twenty. moco_knn(), the monitor of moco_train() and the tool all ask this function.
 * @param bank labelled features
 * @since 0.2
 */
MOCO_API int64_t moco_knn_auto_k(const moco_features *bank);

/**
 * Classifies each query by the weighted vote of its nearest neighbours in the bank. An image that is in both, as in a
 * set that is compared with itself, does not vote on its own class (see moco_dataset_overlap()).
 * @param[out] accuracy top-1, percent; for each k and each temperature, as k_count x temperature_count values, if the
 * options give several
 * @param[out] predicted one class per query, or NULL; for each of these pairs in turn
 * @param bank labelled features, of norm 1
 * @param queries labelled features, of norm 1
 * @param options NULL for the defaults
 * @return ::MOCO_EINVALID if labels are missing, features are raw, or the numbers of dimensions differ; ::MOCO_EPEER if
 * another rank failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_knn(double *accuracy, int64_t *predicted, const moco_features *bank,
                                            const moco_features *queries, const moco_knn_options *options);

/**
 * Finds the @p k rows of the bank that are nearest to one row of the queries, nearest first.
 * @param[out] rows room for k
 * @param[out] cosines room for k; may be NULL
 * @param k how many, at most the rows of the bank
 * @param bank features of norm 1, with or without labels
 * @param queries the same; may be @p bank
 * @param query a row of @p queries
 * @return ::MOCO_EINVALID if there are not so many rows, features are raw, or the numbers of dimensions differ
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_nearest(size_t *rows, double *cosines, size_t k, const moco_features *bank,
                                                const moco_features *queries, size_t query);

MOCO_END_DECLS

#endif
