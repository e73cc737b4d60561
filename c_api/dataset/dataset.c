/* Datasets: what all kinds share, and finding out what lies at a path. */
#include "dataset/dataset_internal.h"

#include "base/handle_internal.h"
#include "dataset/shard_list_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

moco_status moco__dataset_alloc_names(moco_dataset *dataset, size_t class_count)
{
    dataset->class_names = moco__calloc(class_count, sizeof *dataset->class_names);
    if (dataset->class_names == NULL) {
        return MOCO_ENOMEM;
    }
    dataset->class_count = class_count;
    return MOCO_OK;
}

static moco_status check_options(const moco_dataset_options *o)
{
    if ((int)o->format < (int)MOCO_FORMAT_AUTO || (int)o->format > (int)MOCO_FORMAT_TAR) {
        return moco_error_set(MOCO_EINVALID, "dataset: format %d is none of moco_format", (int)o->format);
    }
    if (o->split != MOCO_SPLIT_TRAIN && o->split != MOCO_SPLIT_TEST) {
        return moco_error_set(MOCO_EINVALID, "dataset: split %d is neither train nor test", (int)o->split);
    }
    return MOCO_OK;
}

/* What a path holds; of a folder that is none of these the tree's opener says more. */
static moco_format recognise(const char *path, bool is_file)
{
    if (moco__dataset_is_cifar(path, is_file)) {
        return MOCO_FORMAT_CIFAR;
    }
    if (moco__dataset_is_idx(path, is_file)) {
        return MOCO_FORMAT_IDX;
    }
    return moco__dataset_is_tar(path, is_file) ? MOCO_FORMAT_TAR : MOCO_FORMAT_AUTO;
}

static moco_status open_path(moco_dataset *dataset, const char *path, bool is_file, const moco_dataset_options *o)
{
    const moco_format format = o->format == MOCO_FORMAT_AUTO ? recognise(path, is_file) : o->format;
    switch (format) {
    case MOCO_FORMAT_IDX:
        return moco__dataset_open_idx(dataset, path, is_file, o->split);
    case MOCO_FORMAT_CIFAR:
        return moco__dataset_open_cifar(dataset, path, is_file, o->split);
    case MOCO_FORMAT_TAR:
        return moco__dataset_open_tar(dataset, path, o);
    case MOCO_FORMAT_AUTO:
    case MOCO_FORMAT_FOLDER:
    case MOCO_FORMAT_FLAT:
        break;
    }
    if (is_file) {
        return moco_error_set(MOCO_EFORMAT,
                              "dataset: %s is neither an IDX file nor a CIFAR binary file nor a tar; give a folder of "
                              "images, or one of those files",
                              path);
    }
    return moco__dataset_open_tree(dataset, path, format, o->split);
}

static moco_status check_path(bool *is_file, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        if (moco__shard_list_is_range(path)) {
            *is_file = true;
            return MOCO_OK;
        }
        const bool missing = errno == ENOENT || errno == ENOTDIR;
        return moco_error_set(missing ? MOCO_ENOTFOUND : MOCO_EIO, "dataset: cannot open \"%s\": %s", path,
                              strerror(errno));
    }
    if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode)) {
        return moco_error_set(MOCO_EFORMAT, "dataset: %s is neither a folder nor a regular file", path);
    }
    *is_file = S_ISREG(info.st_mode);
    return MOCO_OK;
}

moco_status moco_dataset_open(moco_dataset **out, const char *path, const moco_dataset_options *options)
{
    const moco_dataset_options defaults = MOCO_DATASET_OPTIONS_INIT;
    const moco_dataset_options *o = options != NULL ? options : &defaults;
    bool is_file = false;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(path);
    MOCO_TRY(check_options(o));
    MOCO_TRY(check_path(&is_file, path));
    moco_dataset *dataset = moco__handle_alloc(sizeof *dataset);
    if (dataset == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status = open_path(dataset, path, is_file, o);
    if (status != MOCO_OK) {
        moco_dataset_free(dataset);
        return status;
    }
    *out = dataset;
    return MOCO_OK;
}

void moco_dataset_free(moco_dataset *dataset)
{
    if (dataset == NULL) {
        return;
    }
    if (dataset->ops != NULL) {
        dataset->ops->close(dataset);
    }
    if (dataset->class_names != NULL) {
        for (size_t i = 0; i < dataset->class_count; ++i) {
            free(dataset->class_names[i]);
        }
    }
    free(dataset->class_names);
    free(dataset->labels);
    free(dataset->shard_sizes);
    free(dataset->skipped);
    moco__handle_free(dataset);
}

size_t moco_dataset_count(const moco_dataset *dataset)
{
    return dataset->count;
}

size_t moco_dataset_class_count(const moco_dataset *dataset)
{
    return dataset->class_count;
}

const char *moco_dataset_class_name(const moco_dataset *dataset, size_t label)
{
    return dataset->class_names != NULL && label < dataset->class_count ? dataset->class_names[label] : NULL;
}

int64_t moco_dataset_label(const moco_dataset *dataset, size_t index)
{
    if (index >= dataset->count || dataset->class_count == 0) {
        return -1;
    }
    const int64_t label = dataset->ops->label != NULL ? dataset->ops->label(dataset, index) : dataset->labels[index];
    return label >= 0 && (uint64_t)label < dataset->class_count ? label : -1;
}

size_t moco_dataset_shards(const moco_dataset *dataset, const size_t **sizes)
{
    *sizes = dataset->shard_sizes;
    return dataset->shard_count;
}

bool moco_dataset_is_sequential(const moco_dataset *dataset)
{
    return dataset->is_sequential;
}

moco_format moco_dataset_format(const moco_dataset *dataset)
{
    return dataset->format;
}

void moco_dataset_name(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    if (size == 0) {
        return;
    }
    if (index < dataset->count) {
        dataset->ops->name(dataset, index, buffer, size);
    } else {
        (void)snprintf(buffer, size, "image[%zu] of %zu", index, dataset->count);
    }
}

moco_status moco_dataset_read(const moco_dataset *dataset, moco_image *image, size_t index)
{
    MOCO_CHECK_ARG(dataset);
    MOCO_CHECK_ARG(image);
    if (index >= dataset->count) {
        return moco_error_set(MOCO_EINVALID, "dataset: index %zu is beyond the %zu images", index, dataset->count);
    }
    return dataset->ops->read(dataset, image, index);
}
