/**
 * @file dataset.h
 * Reads images by index, from files in the usual layouts or from an application's callbacks.
 */
#ifndef MOCO_DATASET_H
#define MOCO_DATASET_H

#include "image.h"

MOCO_BEGIN_DECLS

/** An indexed set of images, with or without labels. Reading is thread-safe. @since 0.1 */
typedef struct moco_dataset moco_dataset;

/** Layouts on disk: identifier, value of --format. */
#define MOCO_FORMAT_MAP(X)                                                                                             \
    X(MOCO_FORMAT_AUTO, "auto")     /* recognised by the content */                                                    \
    X(MOCO_FORMAT_FOLDER, "folder") /* one folder per class, as torchvision's ImageFolder */                           \
    X(MOCO_FORMAT_FLAT, "flat")     /* any tree of image files, without labels */                                      \
    X(MOCO_FORMAT_IDX, "idx")       /* MNIST's idx3-ubyte and idx1-ubyte, or their .gz */                              \
    X(MOCO_FORMAT_CIFAR, "cifar")   /* CIFAR-10/100 binary version */                                                  \
    X(MOCO_FORMAT_TAR, "tar")       /* tar shards with WebDataset's names, KEY.jpg and KEY.cls; also compressed */     \
    X(MOCO_FORMAT_LIST, "list")     /* a text file, an image file per line, with or without its class */

/** Layout of a dataset on disk. @since 0.1 */
typedef enum moco_format {
#define MOCO_FORMAT_ENUM(name, text) name,
    MOCO_FORMAT_MAP(MOCO_FORMAT_ENUM)
#undef MOCO_FORMAT_ENUM
} moco_format;

/** Part of a dataset: train-* or t10k-* files, data_batch_* or test_batch, or folders: train/ and, in any case of the
 * letters, the first of val/, valid/, validation/, dev/, eval/ and test/. A folder of images without both parts, and a
 * single file, give the same images under either. @since 0.1 */
typedef enum moco_split {
    MOCO_SPLIT_TRAIN, /**< images to learn from */
    MOCO_SPLIT_TEST   /**< images to test on */
} moco_split;

/** Options of moco_dataset_open(). @since 0.1 */
typedef struct moco_dataset_options {
    size_t struct_size; /**< set by the macro or function below */
    moco_format format; /**< ::MOCO_FORMAT_AUTO */
    moco_split split;   /**< ::MOCO_SPLIT_TRAIN */
    /** Compressed shards: samples kept that were unpacked ahead of their turn. For speed, at least twice the sampler's
     * window; 0: 3072, which fits ::MOCO_SHARD_WINDOW. */
    size_t keep;
    /** Runs a path "pipe:COMMAND" as a command of the shell that writes a tar shard. Set it only if a person gave the
     * path for this use: who writes such a path runs programs here. false: such paths are ::MOCO_EINVALID @since 0.2 */
    bool pipes;
    /** Opens a list although files of it are missing, for who skips broken images: reading them is ::MOCO_ENOTFOUND.
     * false: opening is, and the message names the line @since 0.2 */
    bool skip_broken;
} moco_dataset_options;

/** The defaults of ::moco_dataset_options. */
#define MOCO_DATASET_OPTIONS_INIT                                                                                      \
    {                                                                                                                  \
        sizeof(moco_dataset_options), MOCO_FORMAT_AUTO, MOCO_SPLIT_TRAIN, 0, false, false                              \
    }

/**
 * Fills in what ::MOCO_DATASET_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_dataset_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_dataset_options_init(moco_dataset_options *options, size_t struct_size);

/**
 * Opens a folder, a list of image files (NAME.txt), an IDX or CIFAR file, or tar shards: one file, a folder of them, or
 * a pattern, as "train-{000..146}.tar", "{a,b}-*.tar". A line of a list is a path, relative to the list, that ends as
 * images do, and behind a tab or a blank its class, as a number or a name. With ::MOCO_FORMAT_LIST a folder is that of
 * train.txt and val.txt (valid.txt, validation.txt, dev.txt, eval.txt, test.txt). What is left out of a folder or of
 * shards is logged once. File names are listed once and sorted bytewise, so that indices are stable. Shards without an
 * index beside them (see moco_shards_index()) are read once.
 * @param[out] out a new handle, for moco_dataset_free()
 * @param path of the files
 * @param options NULL for the defaults
 * @return ::MOCO_ENOTFOUND if the path is missing, ::MOCO_EFORMAT if it has nothing usable
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_open(moco_dataset **out, const char *path,
                                                     const moco_dataset_options *options);

/**
 * Returns whether a path has separate images for options->split; false also if it cannot be opened. @since 0.1
 */
MOCO_API bool moco_dataset_has_split(const char *path, const moco_dataset_options *options);

/**
 * An application's dataset. Callbacks are called from several threads at once. Like all callbacks they return to the
 * library: a C++ exception or a longjmp() must not leave them.
 * @since 0.1
 */
typedef struct moco_dataset_callbacks {
    size_t struct_size; /**< set by the macro or function below */
    /** Fills @p image, which is empty at first, with image @p index, by moco_image_set(),
     * moco_image_set_bands(), moco_image_decode() or moco_image_read(). To leave it empty is an error. Must be set. */
    moco_status (*read)(moco_image *image, size_t index, void *payload);
    /** Returns the class of image @p index, below class_count, or -1. NULL: a dataset without labels. */
    int64_t (*label)(size_t index, void *payload);
    /** Called once when the dataset is freed; may be NULL. */
    void (*close)(void *payload);
    /** Writes the name of image @p index for messages, NUL-terminated. NULL: "image[index]". @since 0.2 */
    void (*name)(size_t index, char *buffer, size_t size, void *payload);
} moco_dataset_callbacks;

/** The defaults of ::moco_dataset_callbacks. */
#define MOCO_DATASET_CALLBACKS_INIT                                                                                    \
    {                                                                                                                  \
        sizeof(moco_dataset_callbacks), NULL, NULL, NULL, NULL                                                         \
    }

/**
 * Fills in what ::MOCO_DATASET_CALLBACKS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_dataset_callbacks) of the caller
 * @since 0.2
 */
MOCO_API void moco_dataset_callbacks_init(moco_dataset_callbacks *options, size_t struct_size);

/**
 * Makes a dataset of @p count images and @p class_count classes (0: no labels) from callbacks.
 * @param[out] out a new handle, for moco_dataset_free()
 * @param count number of images, at least 1
 * @param class_count number of classes; 0: no labels, and then the label callback is not asked
 * @param callbacks copied
 * @param payload borrowed until the dataset is freed; passed to each callback
 * @return ::MOCO_EINVALID without images, or without a callback that is needed; the close callback is then not called
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_from_callbacks(moco_dataset **out, size_t count, size_t class_count,
                                                               const moco_dataset_callbacks *callbacks, void *payload);

/**
 * Makes a dataset of some images of another one. Classes keep their numbers and names.
 * @param[out] out a new handle, for moco_dataset_free()
 * @param dataset borrowed, must outlive the result
 * @param indices @p count images in the order of the result, copied; an image may come several times
 * @param count number of indices
 * @return ::MOCO_EINVALID if there is no index, or one is beyond the dataset
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_subset(moco_dataset **out, const moco_dataset *dataset,
                                                       const size_t *indices, size_t count);

/**
 * Makes a dataset of all images of several others, one dataset after the other. Class c of each is class c of the
 * result, which has as many classes as the largest; images of a dataset without labels have none.
 * @param[out] out a new handle, for moco_dataset_free()
 * @param datasets @p count datasets, borrowed, must outlive the result; the list itself is copied
 * @param count number of datasets
 * @return ::MOCO_EINVALID if a class has another name in one dataset than in another
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_concat(moco_dataset **out, const moco_dataset *const *datasets,
                                                       size_t count);

/**
 * Makes a dataset of a share of every class (at least one image), the same for the same seed. Classes keep their
 * numbers and names.
 * @param[out] out a new handle, for moco_dataset_free()
 * @param dataset with labels; borrowed, must outlive the result
 * @param fraction above 0, at most 1
 * @param seed of the choice
 * @return ::MOCO_EINVALID if an image has no label or the fraction is out of range
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_fraction(moco_dataset **out, const moco_dataset *dataset,
                                                         double fraction, uint64_t seed);

/** Frees a dataset; NULL is allowed. @since 0.1 */
MOCO_API void moco_dataset_free(moco_dataset *dataset);

/** Returns the number of images. @since 0.1 */
MOCO_API size_t moco_dataset_count(const moco_dataset *dataset);

/** Returns the number of classes; 0 without labels. @since 0.1 */
MOCO_API size_t moco_dataset_class_count(const moco_dataset *dataset);

/** Returns the name of a class, borrowed; NULL if classes have no names. @since 0.1 */
MOCO_API const char *moco_dataset_class_name(const moco_dataset *dataset, size_t label);

/**
 * Returns the class of an image, from 0; -1 without a label. A label that is not a class gives -1 here, with an error
 * message, and ::MOCO_EINVALID wherever labels are used.
 * @since 0.1
 */
MOCO_API int64_t moco_dataset_label(const moco_dataset *dataset, size_t index);

/** Returns the layout that was found; ::MOCO_FORMAT_AUTO for callbacks. @since 0.1 */
MOCO_API moco_format moco_dataset_format(const moco_dataset *dataset);

/**
 * Writes a name of an image for messages: its path, or "file[index]".
 * @param dataset the set of images; NULL gives ""
 * @param index of the image
 * @param[out] buffer cut to @p size
 * @param size bytes of @p buffer
 * @since 0.1
 */
MOCO_API void moco_dataset_name(const moco_dataset *dataset, size_t index, char *buffer, size_t size);

/**
 * Describes a dataset in a line for people: number of images, path, classes, format, split, and splits beside it.
 * @param dataset the set of images; NULL gives ""
 * @param[out] buffer cut to @p size; a path and 512 bytes are enough
 * @param size bytes of @p buffer
 * @since 0.2
 */
MOCO_API void moco_dataset_describe(const moco_dataset *dataset, char *buffer, size_t size);

/**
 * Checks that images of one dataset can be classified by those of another: both have the same classes, and every image
 * has a label. Classes without names may be fewer in @p test. Warns if there is a single class.
 * @param train images to learn from
 * @param test images to classify
 * @return ::MOCO_EINVALID if they do not fit; the message says why, and names the class or the image
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_check_pair(const moco_dataset *train, const moco_dataset *test);

/**
 * Counts the images of @p test that are in @p train too: the same files, or the same members of files, whatever paths
 * and links lead to them. Copies are other images. 0 for the images of an application.
 * @param[out] out their number
 * @param train images to learn from
 * @param test images to classify
 * @return ::MOCO_ENOMEM without memory for a number per image
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_overlap(size_t *out, const moco_dataset *train,
                                                        const moco_dataset *test);

/**
 * Returns the number of shards of a dataset of tar files; 0 for other datasets.
 * @param dataset the set of images; NULL has none
 * @param[out] sizes samples in each, in the order of the indices; borrowed, NULL without shards
 * @since 0.1
 */
MOCO_API size_t moco_dataset_shards(const moco_dataset *dataset, const size_t **sizes);

/** Default of the sampler's window for compressed shards, in samples. @since 0.1 */
#define MOCO_SHARD_WINDOW 1024

/**
 * Reads and decodes an image. Any number of threads may read at once, each with an @p image of its own.
 * @return ::MOCO_EFORMAT for a damaged or unsupported file, or a callback that left the image empty; ::MOCO_ENOTFOUND
 * or ::MOCO_EIO for a file that is gone or cannot be read; or what the read callback returned
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_read(const moco_dataset *dataset, moco_image *image, size_t index);

/** Images on which a run measures its statistics. @since 0.2 */
#define MOCO_STATISTICS_IMAGES 1024

/**
 * Measures mean and standard deviation of each channel on images spread evenly over a dataset, complete and unchanged.
 * Each image counts the same, whatever its size. Values are those of moco_image_bands(), or from 0 to 1 for 8-bit RGB.
 * The result does not depend on the number of threads.
 * @param[out] out of the first @p channels; a channel with the same value everywhere gets a standard deviation of 1,
 * and a warning
 * @param dataset the images; borrowed during the call
 * @param channels as for moco_image_set_channels()
 * @param limit images to read at most, as ::MOCO_STATISTICS_IMAGES; 0: all
 * @param workers threads; 0: one per core
 * @param skip_broken leave out images that are damaged or missing, unless all are; false: fail
 * @return ::MOCO_EINVALID for other channels; what moco_dataset_read() returns for an image that cannot be read
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_dataset_statistics(moco_statistics *out, const moco_dataset *dataset,
                                                           int32_t channels, size_t limit, int32_t workers,
                                                           bool skip_broken);

/**
 * Returns how many files and folders of the path of a dataset, or members of its shards, are no part of it: hidden
 * ones, files that are not images, folders without images or that cannot be read, images with a dot in their keys.
 * moco_dataset_open() logs the same sentence.
 * @param dataset the set of images; NULL gives 0
 * @param[out] text a sentence for the user with the number and an example of each kind, "" if there is none; may be
 * NULL
 * @param size bytes of @p text
 * @since 0.2
 */
MOCO_API size_t moco_dataset_left_out(const moco_dataset *dataset, char *text, size_t size);

/**
 * Returns how many images of the dataset loaders and moco_shards_pack() have skipped as unreadable in this process.
 * Thread-safe.
 * @param dataset the set of images; NULL gives 0
 * @param[out] text a sentence for the user with this number and the first of these images, "" if there is none; may be
 * NULL
 * @param size bytes of @p text
 * @since 0.1
 */
MOCO_API size_t moco_dataset_skipped(const moco_dataset *dataset, char *text, size_t size);

MOCO_END_DECLS

#endif
