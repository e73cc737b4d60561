/* Reads and describes the images of a dataset of any kind. */
#include "dataset/dataset_internal.h"

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

moco_status moco__dataset_copy_classes(moco_dataset *dataset, const moco_dataset *from)
{
    dataset->class_count = from->class_count;
    if (from->class_names == NULL) {
        return MOCO_OK;
    }
    MOCO_TRY(moco__dataset_alloc_names(dataset, from->class_count));
    for (size_t i = 0; i < from->class_count; ++i) {
        dataset->class_names[i] = strdup(from->class_names[i]);
        if (dataset->class_names[i] == NULL) {
            return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the names of classes");
        }
    }
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
    moco__left_out_free(&dataset->left_out);
    free(dataset->place);
    free(dataset->others);
    moco__handle_free(dataset);
}

size_t moco_dataset_count(const moco_dataset *dataset)
{
    return dataset != NULL ? dataset->count : 0;
}

size_t moco_dataset_left_out(const moco_dataset *dataset, char *text, size_t size)
{
    static const moco__left_out nothing;
    char unwanted[1];
    const bool wanted = text != NULL && size > 0;
    return moco__left_out_text(dataset != NULL ? &dataset->left_out : &nothing, wanted ? text : unwanted,
                               wanted ? size : sizeof unwanted);
}

size_t moco_dataset_class_count(const moco_dataset *dataset)
{
    return dataset != NULL ? dataset->class_count : 0;
}

const char *moco_dataset_class_name(const moco_dataset *dataset, size_t label)
{
    return dataset != NULL && dataset->class_names != NULL && label < dataset->class_count ? dataset->class_names[label]
                                                                                           : NULL;
}

int64_t moco__dataset_given_label(const moco_dataset *dataset, size_t index)
{
    if (dataset->class_count == 0) {
        return -1;
    }
    return dataset->ops->label != NULL ? dataset->ops->label(dataset, index) : dataset->labels[index];
}

moco_status moco__dataset_label(int64_t *out, const moco_dataset *dataset, size_t index)
{
    *out = -1;
    if (index >= dataset->count || dataset->class_count == 0) {
        return MOCO_OK;
    }
    const int64_t label = moco__dataset_given_label(dataset, index);
    if (label < -1 || label >= (int64_t)dataset->class_count) {
        char name[256];
        moco_dataset_name(dataset, index, name, sizeof name);
        return moco_error_set(
            MOCO_EINVALID,
            "dataset: %s has label %lld, but there are %zu classes; give 0 to %zu, or -1 for an image "
            "without a class",
            name, (long long)label, dataset->class_count, dataset->class_count - 1);
    }
    *out = label;
    return MOCO_OK;
}

int64_t moco_dataset_label(const moco_dataset *dataset, size_t index)
{
    int64_t label = -1;
    return dataset != NULL && moco__dataset_label(&label, dataset, index) == MOCO_OK ? label : -1;
}

size_t moco_dataset_shards(const moco_dataset *dataset, const size_t **sizes)
{
    if (sizes != NULL) {
        *sizes = dataset != NULL ? dataset->shard_sizes : NULL;
    }
    return dataset != NULL ? dataset->shard_count : 0;
}

moco_format moco_dataset_format(const moco_dataset *dataset)
{
    return dataset != NULL ? dataset->format : MOCO_FORMAT_AUTO;
}

void moco_dataset_name(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    if (buffer == NULL || size == 0) {
        return;
    }
    buffer[0] = '\0';
    if (dataset == NULL) {
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
