/* Reads and describes the images of a dataset of any kind. */
#include "dataset/dataset_internal.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

moco_status moco__dataset_alloc_names(moco_dataset *dataset, size_t class_count)
{
    dataset->class_names = moco__calloc(class_count, sizeof *dataset->class_names);
    if (dataset->class_names == NULL) {
        return MOCO_ENOMEM;
    }
    dataset->class_count = class_count;
    return MOCO_OK;
}

bool moco__dataset_has_split_folders(const char *path)
{
    return moco__files_exist_in(path, "train/.") &&
           (moco__files_exist_in(path, "val/.") || moco__files_exist_in(path, "test/."));
}

moco_status moco__dataset_split_folder(char **out, const char *path, moco_split split)
{
    if (moco__dataset_has_split_folders(path)) {
        const char *test = moco__files_exist_in(path, "val/.") ? "val" : "test";
        *out = moco__files_join_new(path, split == MOCO_SPLIT_TRAIN ? "train" : test);
        return *out != NULL ? MOCO_OK : MOCO_ENOMEM;
    }
    *out = strdup(path);
    return *out != NULL ? MOCO_OK : moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the name %s", path);
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
