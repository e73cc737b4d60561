/*
 * Inside of a dataset: what each kind of it implements, and how a path is recognised and opened.
 *
 * An opener fills in a zeroed ::moco_dataset; where it fails, moco_dataset_free() frees what it has filled in so far.
 */
#ifndef MOCO_DATASET_DATASET_INTERNAL_H
#define MOCO_DATASET_DATASET_INTERNAL_H

#include "base/bytes_internal.h"

#include "moco/dataset.h"

/* What differs between kinds of datasets. The index is in range. */
typedef struct moco__dataset_ops {
    moco_status (*read)(const moco_dataset *dataset, moco_image *image, size_t index);
    void (*name)(const moco_dataset *dataset, size_t index, char *buffer, size_t size);
    /* The image's file, as it lies on disk; NULL: images are no files. */
    moco_status (*fetch)(const moco_dataset *dataset, moco__bytes *out, size_t index);
    int64_t (*label)(const moco_dataset *dataset, size_t index); /* NULL: the array of labels holds it */
    void (*close)(moco_dataset *dataset);                        /* frees the state, which may be half filled in */
} moco__dataset_ops;

struct moco_dataset {
    const moco__dataset_ops *ops;
    void *state; /* of its kind */
    size_t count;
    size_t class_count;
    int32_t *labels;    /* count of them; NULL: none, or ops->label */
    char **class_names; /* class_count of them; NULL: none */
    moco_format format;
    size_t *shard_sizes; /* shard_count of them */
    size_t shard_count;
    bool is_sequential;
};

/* Trees of image files: class folders or not, as the format says or (auto) as the content shows. */
moco_status moco__dataset_open_tree(moco_dataset *dataset, const char *path, moco_format format, moco_split split);

/* IDX files. `is_file`: path is the file of images itself, and the split is of no account. */
moco_status moco__dataset_open_idx(moco_dataset *dataset, const char *path, bool is_file, moco_split split);
/* Whether a folder has IDX files by name, or a file is IDX by content. */
bool moco__dataset_is_idx(const char *path, bool is_file);

/* CIFAR binary files, as above. */
moco_status moco__dataset_open_cifar(moco_dataset *dataset, const char *path, bool is_file, moco_split split);
/* Whether a folder has CIFAR's files, or a file is called as one of them. */
bool moco__dataset_is_cifar(const char *path, bool is_file);

/* Tar shards: a file, a folder, or a range. `keep`: of moco_dataset_options. */
moco_status moco__dataset_open_tar(moco_dataset *dataset, const char *path, const moco_dataset_options *options);
/* Whether a folder has shards by name, or a file is a tar by content. */
bool moco__dataset_is_tar(const char *path, bool is_file);

/* The folder of a split in new memory: `path` itself where it does not hold both. */
moco_status moco__dataset_resolve_split(char **out, const char *path, moco_split split);
/* Whether a tree is entered by the split: it has train/, and val/ or test/. */
bool moco__dataset_tree_has_split(const char *path);

/* Whether reading an image failed for the sake of its file, and not of the machine or the application. */
static inline bool moco__is_broken_image(moco_status status)
{
    return status == MOCO_EFORMAT || status == MOCO_ENOTFOUND;
}

/* Room for names of classes, all NULL, freed with the dataset. */
moco_status moco__dataset_alloc_names(moco_dataset *dataset, size_t class_count);

#endif
