/*
 * Defines a dataset, and the functions that every kind of dataset on disk implements.
 *
 * A new kind is a file like dataset_cifar.c, which defines a moco__dataset_kind, and a row in dataset_open.c.
 */
#ifndef MOCO_DATASET_DATASET_INTERNAL_H
#define MOCO_DATASET_DATASET_INTERNAL_H

#include "base/bytes_internal.h"
#include "dataset/left_out_internal.h"

#include "moco/dataset.h"

/* What differs between datasets. The index is in range. */
typedef struct moco__dataset_ops {
    moco_status (*read)(const moco_dataset *dataset, moco_image *image, size_t index);
    void (*name)(const moco_dataset *dataset, size_t index, char *buffer, size_t size);
    /* Reads the image's file without decoding it; NULL if the images are not stored as files. */
    moco_status (*fetch)(const moco_dataset *dataset, moco__bytes *out, size_t index);
    int64_t (*label)(const moco_dataset *dataset, size_t index); /* NULL: moco_dataset.labels has it */
    void (*close)(moco_dataset *dataset);                        /* frees the state, even one that is half filled */
    /* Returns the bytes of the image's file, 0 if they are unknown; NULL if all images have as many. */
    uint64_t (*size)(const moco_dataset *dataset, size_t index);
    /* Returns the identity of the image's file as far as opening told it, 0 if it is unknown; NULL: it tells none. */
    uint64_t (*identity)(const moco_dataset *dataset, size_t index);
} moco__dataset_ops;

struct moco_dataset {
    const moco__dataset_ops *ops;
    void *state; /* private to the kind */
    size_t count;
    size_t class_count;
    int32_t *labels;    /* one per image; NULL: no labels, or ops->label has them */
    char **class_names; /* one per class; NULL: no names */
    moco_format format;
    size_t *shard_sizes; /* images in each of shard_count shards */
    size_t shard_count;
    bool is_sequential;
    moco__left_out left_out;       /* what the path holds beside the images */
    struct moco__skipped *skipped; /* NULL: every image could be read so far */
    char *place;                   /* the folder, file or range that the images are in; NULL: no path was opened */
    moco_split split;              /* of a place that has splits */
    bool has_split;
    char *others; /* names of the folders of other splits, as "val, test"; NULL: none */
};

/* Returns moco__file_identity() of an image without a call to the system, 0 if it is unknown; the index is in range. */
uint64_t moco__dataset_known_identity(const moco_dataset *dataset, size_t index);
/* Notes that an image was skipped, and why. Returns false if it was noted before. Thread-safe. */
bool moco__dataset_skip(const moco_dataset *dataset, size_t index, const char *message);
/* Returns what a dataset gives as the class of an image, unchecked; the index is in range. */
int64_t moco__dataset_given_label(const moco_dataset *dataset, size_t index);
/* Gives the class of an image, -1 if it has none. Fails if the dataset gives a label that is not a class. */
moco_status moco__dataset_label(int64_t *out, const moco_dataset *dataset, size_t index);

/* Returns whether an image was skipped. Thread-safe. */
bool moco__dataset_is_skipped(const moco_dataset *dataset, size_t index);

/* A kind of dataset on disk. */
typedef struct moco__dataset_kind {
    moco_format format;
    moco_format other_format; /* a second format that it reads; MOCO_FORMAT_AUTO: none */
    const char *file;         /* what a single file of it is called in messages; NULL: always a folder */
    bool has_split_files;     /* one folder has files of both splits; else train/ and val/ hold them */
    /* Returns whether the path is of this kind: a folder by the names in it, a file by its name or content. */
    bool (*recognise)(const char *path, bool is_file);
    /* Fills in a zeroed dataset. After a failure, moco_dataset_free() frees what is there. */
    moco_status (*open)(moco_dataset *dataset, const char *path, bool is_file, const moco_dataset_options *options);
} moco__dataset_kind;

/* Returns whether reading an image failed because of its file, and not because of the machine or the application. */
static inline bool moco__is_broken_image(moco_status status)
{
    return status == MOCO_EFORMAT || status == MOCO_ENOTFOUND;
}

/* Allocates class_count names, all NULL, which moco_dataset_free() frees. */
moco_status moco__dataset_alloc_names(moco_dataset *dataset, size_t class_count);
/* Takes the number of classes and their names from another dataset. */
moco_status moco__dataset_copy_classes(moco_dataset *dataset, const moco_dataset *from);

#endif
