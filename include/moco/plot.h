/**
 * @file plot.h
 * Draws a run: curves, augmented pairs, nearest neighbours, a map of features, and a confusion matrix.
 *
 * A path that ends with .png, .svg or .pdf chooses the format. PNG files have two pixels per unit of length, so that
 * they are sharp on screens of high resolution and in print.
 */
#ifndef MOCO_PLOT_H
#define MOCO_PLOT_H

#include "config.h"
#include "evaluate.h"

MOCO_BEGIN_DECLS

/** The formats of pictures and their names. SVG has real text, in the font of the reader's machine. @since 0.2 */
#define MOCO_PICTURE_MAP(X)                                                                                            \
    X(MOCO_PICTURE_AUTO, "auto")                                                                                       \
    X(MOCO_PICTURE_PNG, "png")                                                                                         \
    X(MOCO_PICTURE_SVG, "svg")                                                                                         \
    X(MOCO_PICTURE_PDF, "pdf")

/** Formats of pictures; ::MOCO_PICTURE_AUTO: by the file's ending. @since 0.2 */
typedef enum moco_picture { MOCO_PICTURE_MAP(MOCO_CHOICE_ENUM) } moco_picture;

/**
 * Draws the curves of RUN/metrics.jsonl to RUN/plots: loss, accuracy, knn and lr, each with the lines that a reader
 * compares with (chance, the expected floor of the loss, baselines of the kNN accuracy that the run's folder holds). A
 * curve without values is left out.
 * @param run its folder
 * @param format ::MOCO_PICTURE_AUTO: PNG
 * @return ::MOCO_ENOTFOUND if the folder has no metrics.jsonl; ::MOCO_EIO if a file cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_curves(const char *run, moco_picture format);

/** Most runs of a chart. @since 0.1 */
#define MOCO_PLOT_MAX_RUNS 4

/** Options of moco_plot_compare(). @since 0.2 */
typedef struct moco_compare_options {
    size_t struct_size;  /**< set by the macro or function below */
    const char *metric;  /**< a key of metrics.jsonl: loss, acc1, knn_acc1, ...; "loss" */
    int64_t last_step;   /**< leave out later steps; 0: draw all */
    moco_picture format; /**< of the picture; ::MOCO_PICTURE_AUTO: by the file's ending */
} moco_compare_options;

/** The defaults of ::moco_compare_options. */
#define MOCO_COMPARE_OPTIONS_INIT                                                                                      \
    {                                                                                                                  \
        sizeof(moco_compare_options), "loss", 0, MOCO_PICTURE_AUTO                                                     \
    }

/**
 * Fills in what ::MOCO_COMPARE_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_compare_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_compare_options_init(moco_compare_options *options, size_t struct_size);

/**
 * Draws one metric of several runs over the epochs, one line per run. A run without the metric is left out with a
 * warning.
 * @param path of the picture
 * @param runs folders, 1 to ::MOCO_PLOT_MAX_RUNS; a line is named by the last part of its run's path
 * @param count number of runs
 * @param options NULL for the defaults
 * @return ::MOCO_ENOTFOUND if no run has the metric; ::MOCO_EIO if the file cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_compare(const char *path, const char *const *runs, size_t count,
                                                     const moco_compare_options *options);

/** A point of moco_plot_points(): what runs with the same settings gave. @since 0.2 */
typedef struct moco_plot_point {
    const char *line; /**< name of the line that it belongs to; "" if there is only one */
    const char *x;    /**< a number, or a word */
    double mean;      /**< over the runs */
    double deviation; /**< standard deviation over the runs; NaN: there is one run alone, and no error bar */
} moco_plot_point;

/** Most lines of moco_plot_points(). @since 0.2 */
#define MOCO_PLOT_MAX_LINES 8

/** Options of moco_plot_points(). @since 0.2 */
typedef struct moco_points_options {
    size_t struct_size;  /**< set by the macro or function below */
    const char *title;   /**< above the chart; NULL: none */
    const char *x_label; /**< of the setting; NULL: none */
    const char *label;   /**< of the values, with their unit; NULL: none */
    moco_picture format; /**< of the picture; ::MOCO_PICTURE_AUTO: by the file's ending */
} moco_points_options;

/** The defaults of ::moco_points_options. */
#define MOCO_POINTS_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(moco_points_options), NULL, NULL, NULL, MOCO_PICTURE_AUTO                                               \
    }

/**
 * Fills in what ::MOCO_POINTS_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_points_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_points_options_init(moco_points_options *options, size_t struct_size);

/**
 * Draws a measure against a setting, with error bars of one standard deviation. Numbers stand on a linear axis, or on a
 * logarithmic one where they would crowd there; words, and numbers that crowd on both, in equal distances in the order
 * in which they come.
 * @param path of the picture
 * @param points @p count points, in any order; their texts are borrowed during the call
 * @param count number of points, at least 1
 * @param options NULL for the defaults
 * @return ::MOCO_EINVALID if there is no point, a mean is not finite, or there are more than ::MOCO_PLOT_MAX_LINES
 * lines or 64 values of the setting; ::MOCO_EIO if the file cannot be written
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_points(const char *path, const moco_plot_point *points, size_t count,
                                                    const moco_points_options *options);

/**
 * Draws a sheet of query images, each with its nearest neighbours in the bank. Below a neighbour are its class and its
 * cosine; its frame is blue if the classes are the same, and orange if they differ.
 * @return what moco_dataset_read() returns for an image that cannot be read; ::MOCO_EIO if the file cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_neighbours(const char *path, const moco_dataset *bank_images,
                                                        const moco_features *bank, const moco_dataset *query_images,
                                                        const moco_features *queries);

/** How a map places images, and their names. @since 0.2 */
#define MOCO_MAP_METHOD_MAP(X)                                                                                         \
    X(MOCO_MAP_PCA, "pca")   /* the two directions of most variance */                                                 \
    X(MOCO_MAP_TSNE, "tsne") /* moco_tsne(): neighbours stay neighbours */

/** How a map places images. @since 0.2 */
typedef enum moco_map_method { MOCO_MAP_METHOD_MAP(MOCO_CHOICE_ENUM) } moco_map_method;

/** Options of moco_plot_map(). @since 0.2 */
typedef struct moco_map_options {
    size_t struct_size;        /**< set by the macro or function below */
    moco_map_method method;    /**< ::MOCO_MAP_PCA */
    size_t limit;              /**< t-SNE places at most this many images, evenly spread over all; 0: all; 5000 */
    double perplexity;         /**< of t-SNE; 30 */
    moco_features_fn progress; /**< of t-SNE, after each step; may be NULL. A non-zero return ends it with
                                  ::MOCO_ESTOPPED */
    void *payload;             /**< handed to progress */
} moco_map_options;

/** The defaults of ::moco_map_options. */
#define MOCO_MAP_OPTIONS_INIT                                                                                          \
    {                                                                                                                  \
        sizeof(moco_map_options), MOCO_MAP_PCA, 5000, 30, NULL, NULL                                                   \
    }

/**
 * Fills in what ::MOCO_MAP_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_map_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_map_options_init(moco_map_options *options, size_t struct_size);

/**
 * Draws features as points of a plane, coloured by class; by t-SNE also with the name of each class at its median.
 * @param path of the picture
 * @param dataset the images of the features; it has the names of the classes
 * @param features of two dimensions or more, for t-SNE of norm 1
 * @param options NULL for the defaults
 * @return ::MOCO_EINVALID if the features have fewer dimensions, or for t-SNE of fewer than 4 images; ::MOCO_EIO if the
 * file cannot be written; ::MOCO_ESTOPPED if the callback ended it
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_map(const char *path, const moco_dataset *dataset,
                                                 const moco_features *features, const moco_map_options *options);

/** Options of moco_plot_sheets(). @since 0.1 */
typedef struct moco_sheets_options {
    size_t struct_size;  /**< set by the macro or function below */
    size_t bank;         /**< images to look for neighbours in; 10000 */
    size_t map;          /**< images on the map, where more would hide each other; 5000 */
    int32_t workers;     /**< loader threads; 0: one per core */
    moco_device device;  /**< of the encoder */
    moco_picture format; /**< of the maps; ::MOCO_PICTURE_AUTO: PNG. Sheets of images are always PNG. */
    size_t tsne;         /**< images on the map by t-SNE; 0: none; 2000 @since 0.2 */
} moco_sheets_options;

/** The defaults of ::moco_sheets_options. */
#define MOCO_SHEETS_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(moco_sheets_options), 10000, 5000, 0, { MOCO_CPU, 0 }, MOCO_PICTURE_AUTO, 2000                          \
    }

/**
 * Fills in what ::MOCO_SHEETS_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_sheets_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_sheets_options_init(moco_sheets_options *options, size_t struct_size);

/**
 * Draws all sheets of a run to RUN/plots: pairs.png, neighbours.png, map.png and tsne.png.
 * @param run its folder
 * @param config the settings of the run
 * @param encoder of the run, as moco_encoder_import() gives it
 * @param images the images that the run was trained on
 * @param query_images images to look up and to map; NULL: @p images
 * @param options NULL for the defaults
 * @return what moco_dataset_read() returns for an image that cannot be read; ::MOCO_EIO if a file cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_sheets(const char *run, const moco_config *config, moco_encoder *encoder,
                                                    const moco_dataset *images, const moco_dataset *query_images,
                                                    const moco_sheets_options *options);

/**
 * Draws a confusion matrix: one row per true class, one column per predicted class, coloured by the share of its row.
 * @param path of the picture
 * @param matrix classes x classes counts
 * @param classes number of classes
 * @param names of the classes, or NULL; a name may be NULL
 * @return ::MOCO_EIO if the file cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_plot_confusion(const char *path, const int64_t *matrix, size_t classes,
                                                       const char *const *names);

MOCO_END_DECLS

#endif
