/**
 * @file dataset.h
 * Images by index, from files of the usual layouts or from an application's callbacks.
 */
#ifndef MOCO_DATASET_H
#define MOCO_DATASET_H

#include "image.h"

MOCO_BEGIN_DECLS

/** An indexed set of images, with labels where there are any. Reading is thread-safe. @since 0.1 */
typedef struct moco_dataset moco_dataset;

/** Layouts on disk: identifier, name of --format. */
#define MOCO_FORMAT_MAP(X)                                                                                             \
    X(MOCO_FORMAT_AUTO, "auto")     /* found out from the content */                                                   \
    X(MOCO_FORMAT_FOLDER, "folder") /* one folder a class, as torchvision's ImageFolder */                             \
    X(MOCO_FORMAT_FLAT, "flat")     /* any tree of image files, without labels */                                      \
    X(MOCO_FORMAT_IDX, "idx")       /* MNIST's idx3-ubyte and idx1-ubyte, or their .gz */                              \
    X(MOCO_FORMAT_CIFAR, "cifar")   /* CIFAR-10/100 binary version */                                                  \
    X(MOCO_FORMAT_TAR, "tar")       /* tar shards of key.jpg and key.cls, as WebDataset's; also .gz and .zst */

/** Layout of a dataset on disk. @since 0.1 */
typedef enum moco_format {
#define MOCO_FORMAT_ENUM(name, text) name,
    MOCO_FORMAT_MAP(MOCO_FORMAT_ENUM)
#undef MOCO_FORMAT_ENUM
} moco_format;

/** Which part of a dataset that has both: train-* or t10k-* files, data_batch_* or test_batch, train/ or val/ (else
 * test/). A folder of images without both, and a single file, is the same under either. @since 0.1 */
typedef enum moco_split { MOCO_SPLIT_TRAIN, MOCO_SPLIT_TEST } moco_split;

/** Options of moco_dataset_open(). @since 0.1 */
typedef struct moco_dataset_options {
    size_t struct_size;
    moco_format format; /**< ::MOCO_FORMAT_AUTO */
    moco_split split;   /**< ::MOCO_SPLIT_TRAIN */
    /** Compressed shards: samples unpacked ahead of their turn that are kept, at least twice the sampler's window for
     * speed; 0: 3072, which fits ::MOCO_SHARD_WINDOW. */
    size_t keep;
} moco_dataset_options;

#define MOCO_DATASET_OPTIONS_INIT                                                                                      \
    {                                                                                                                  \
        sizeof(moco_dataset_options), MOCO_FORMAT_AUTO, MOCO_SPLIT_TRAIN, 0                                            \
    }

/**
 * Opens a folder, an IDX/CIFAR file, or tar shards: one file, a folder of them, or a range "train-{000..146}.tar".
 * File names are listed once and sorted bytewise, so indices are stable. Shards without an index beside them (see
 * moco_shards_index()) are gone through once.
 * @return ::MOCO_ENOTFOUND for a missing path, ::MOCO_EFORMAT where nothing usable is in it
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_open(moco_dataset **out, const char *path,
                                                     const moco_dataset_options *options);

/**
 * Whether a path has images for options->split apart from those of the other split; false also where it cannot be
 * opened. @since 0.1
 */
MOCO_API bool moco_dataset_has_split(const char *path, const moco_dataset_options *options);

/** An application's dataset. Callbacks are called from several threads at once. @since 0.1 */
typedef struct moco_dataset_callbacks {
    size_t struct_size;
    /** Fills @p image with image @p index, by moco_image_set(), moco_image_decode() or moco_image_read(). */
    moco_status (*read)(moco_image *image, size_t index, void *payload);
    /** The class of image @p index, or -1; NULL: a dataset without labels. */
    int64_t (*label)(size_t index, void *payload);
    /** Called once when the dataset is freed; may be NULL. */
    void (*close)(void *payload);
} moco_dataset_callbacks;

/** Makes a dataset of @p count images and @p class_count classes (0: no labels) from callbacks. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_from_callbacks(moco_dataset **out, size_t count, size_t class_count,
                                                               const moco_dataset_callbacks *callbacks, void *payload);

/**
 * Makes a data set of a share of every class (one image at least), the same for a seed; classes keep their numbers, and
 * have no names.
 * @param dataset labelled; borrowed, outlives the result
 * @param fraction above 0, at most 1
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_fraction(moco_dataset **out, const moco_dataset *dataset,
                                                         double fraction, uint64_t seed);

/** Frees a dataset; NULL is allowed. @since 0.1 */
MOCO_API void moco_dataset_free(moco_dataset *dataset);

/** Number of images. @since 0.1 */
MOCO_API size_t moco_dataset_count(const moco_dataset *dataset);

/** Number of classes; 0 without labels. @since 0.1 */
MOCO_API size_t moco_dataset_class_count(const moco_dataset *dataset);

/** Name of a class; borrowed; NULL where classes have no names. @since 0.1 */
MOCO_API const char *moco_dataset_class_name(const moco_dataset *dataset, size_t label);

/** The class of an image, from 0; -1 without labels. @since 0.1 */
MOCO_API int64_t moco_dataset_label(const moco_dataset *dataset, size_t index);

/** Layout that was found; ::MOCO_FORMAT_AUTO for callbacks. @since 0.1 */
MOCO_API moco_format moco_dataset_format(const moco_dataset *dataset);

/** What to call an image in messages: its path, or "file[index]". @param[out] buffer NUL-terminated, cut @since 0.1 */
MOCO_API void moco_dataset_name(const moco_dataset *dataset, size_t index, char *buffer, size_t size);

/**
 * The shards of a data set of tar files.
 * @param[out] sizes samples in each, in the order of the indices; borrowed, NULL without shards
 * @return how many there are; 0 for other data sets
 * @since 0.1
 */
MOCO_API size_t moco_dataset_shards(const moco_dataset *dataset, const size_t **sizes);

/** Whether images can only be read fast in the order of the shards, since these are compressed. @since 0.1 */
MOCO_API bool moco_dataset_is_sequential(const moco_dataset *dataset);

/** The sampler's window for compressed shards, where none is asked for. @since 0.1 */
#define MOCO_SHARD_WINDOW 1024

/** Reads and decodes an image. Thread-safe for different @p image. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_read(const moco_dataset *dataset, moco_image *image, size_t index);

/**
 * Returns how many images of the dataset loaders and moco_shards_pack() have skipped as unreadable in this process.
 * @param[out] text a sentence for the user with this number and the first of these images, "" if there is none; may be
 * NULL
 * @since 0.1
 */
MOCO_API size_t moco_dataset_skipped(const moco_dataset *dataset, char *text, size_t size);

MOCO_END_DECLS

#endif
