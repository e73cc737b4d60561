/**
 * @file plot.h
 * Pictures of a run: curves, augmented pairs, nearest neighbours, a map of features.
 */
#ifndef MOCO_PLOT_H
#define MOCO_PLOT_H

#include "config.h"
#include "evaluate.h"

MOCO_BEGIN_DECLS

/** Draws loss, accuracy, kNN and learning-rate curves from RUN/metrics.jsonl to the PNG files of RUN/plots. @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_curves(const char *run);

#define MOCO_PLOT_MAX_RUNS 4

/**
 * Draws one metric of several runs over the epochs, a line a run, to a PNG file.
 * @param runs folders, 1 to ::MOCO_PLOT_MAX_RUNS; lines are named by their last parts
 * @param metric a key of metrics.jsonl: loss, acc1, knn_acc1, ...
 * @param last_step later steps are left out; 0: none is
 * @return ::MOCO_ENOTFOUND where a run has no such metric
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_compare(const char *path, const char *const *runs, size_t count,
                                                     const char *metric, int64_t last_step);

/** Draws a sheet of original images, each beside its two augmented views. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_pairs(const char *path, const moco_dataset *dataset,
                                                   const moco_config *config);

/**
 * Draws a sheet of query images, each with its nearest neighbours in the bank, framed by right or wrong class; where
 * images have no label, with cosine and class written below.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_neighbours(const char *path, const moco_dataset *bank_images,
                                                        const moco_features *bank, const moco_dataset *query_images,
                                                        const moco_features *queries);

/**
 * Draws features as points of a plane, by their first two principal components (see moco_tensor_pca()), coloured by
 * class.
 * @param dataset of the features, for the names of its classes
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_map(const char *path, const moco_dataset *dataset,
                                                 const moco_features *features);

/** Options of moco_plot_sheets(). @since 0.1 */
typedef struct moco_sheets_options {
    size_t struct_size;
    size_t bank;        /**< images to look for neighbours in; 10000 */
    size_t map;         /**< images on the map; more would hide each other; 5000 */
    int32_t workers;    /**< loader threads; 0: one a core */
    moco_device device; /**< of the encoder */
} moco_sheets_options;

#define MOCO_SHEETS_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(moco_sheets_options), 10000, 5000, 0,                                                                   \
        {                                                                                                              \
            MOCO_CPU, 0                                                                                                \
        }                                                                                                              \
    }

/**
 * Draws all sheets of a run, pairs.png, neighbours.png and map.png, to RUN/plots.
 * @param images that the run was trained on
 * @param query_images to look up and to map; NULL: @p images
 * @param options NULL for the defaults
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_sheets(const char *run, const moco_config *config, moco_encoder *encoder,
                                                    const moco_dataset *images, const moco_dataset *query_images,
                                                    const moco_sheets_options *options);

/**
 * Draws a confusion matrix: a row a true class, a column a predicted one, coloured by the share of its row.
 * @param matrix classes x classes counts
 * @param names of the classes, or NULL; a name may be NULL
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_confusion(const char *path, const int64_t *matrix, size_t classes,
                                                       const char *const *names);

MOCO_END_DECLS

#endif
