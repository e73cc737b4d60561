/* Makes a dataset of all images of several others. */
#include "base/handle_internal.h"
#include "dataset/dataset_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct concat_state {
    const moco_dataset **parts; /* borrowed, the list is owned */
    size_t *starts;             /* count + 1 indices; the last one is the number of images */
    size_t count;
} concat_state;

/* Finds the part of an image, and the image's index in it. */
static const moco_dataset *part_of(const moco_dataset *dataset, size_t *index)
{
    const concat_state *state = dataset->state;
    size_t low = 0;
    for (size_t high = state->count; high - low > 1;) {
        const size_t middle = low + (high - low) / 2;
        *(state->starts[middle] <= *index ? &low : &high) = middle;
    }
    *index -= state->starts[low];
    return state->parts[low];
}

static moco_status read_image(const moco_dataset *dataset, moco_image *image, size_t index)
{
    const moco_dataset *part = part_of(dataset, &index);
    return moco_dataset_read(part, image, index);
}

static void name_of(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    const moco_dataset *part = part_of(dataset, &index);
    moco_dataset_name(part, index, buffer, size);
}

static int64_t label_of(const moco_dataset *dataset, size_t index)
{
    const moco_dataset *part = part_of(dataset, &index);
    return moco__dataset_given_label(part, index);
}

static void close_state(moco_dataset *dataset)
{
    concat_state *state = dataset->state;
    if (state != NULL) {
        free(state->parts);
        free(state->starts);
        free(state);
    }
}

static uint64_t identity_of(const moco_dataset *dataset, size_t index)
{
    const moco_dataset *part = part_of(dataset, &index);
    return moco__dataset_known_identity(part, index);
}

static const moco__dataset_ops concat_ops = { read_image, name_of, NULL, label_of, close_state, NULL, identity_of };

static moco_status check(const moco_dataset *const *datasets, size_t count)
{
    if (count == 0) {
        return moco_error_set(MOCO_EINVALID, "dataset: there is nothing to join; give at least 1 dataset");
    }
    size_t images = 0;
    for (size_t i = 0; i < count; ++i) {
        if (datasets[i] == NULL) {
            return moco_error_set(MOCO_EINVALID, "dataset: datasets[%zu] is NULL", i);
        }
        if (__builtin_add_overflow(images, datasets[i]->count, &images)) {
            return moco_error_set(MOCO_EINVALID, "dataset: up to datasets[%zu] there are more images than numbers", i);
        }
    }
    return MOCO_OK;
}

/* Takes the classes of the dataset that has most, by preference one that names them; the names must agree. */
static moco_status take_classes(moco_dataset *dataset, const moco_dataset *const *parts, size_t count)
{
    const moco_dataset *best = parts[0];
    for (size_t i = 1; i < count; ++i) {
        const bool names = parts[i]->class_names != NULL && best->class_names == NULL;
        if (parts[i]->class_count > best->class_count || (parts[i]->class_count == best->class_count && names)) {
            best = parts[i];
        }
    }
    for (size_t i = 0; i < count && best->class_names != NULL; ++i) {
        for (size_t c = 0; parts[i]->class_names != NULL && c < parts[i]->class_count; ++c) {
            if (strcmp(parts[i]->class_names[c], best->class_names[c]) != 0) {
                return moco_error_set(MOCO_EINVALID,
                                      "dataset: class %zu is '%s' in datasets[%zu] and '%s' in another; classes of one "
                                      "number must be the same",
                                      c, parts[i]->class_names[c], i, best->class_names[c]);
            }
        }
    }
    return moco__dataset_copy_classes(dataset, best);
}

/* Lists the shards of all parts, so that compressed ones are read in sequence. A part without shards counts as one. */
static moco_status take_shards(moco_dataset *dataset, const moco_dataset *const *parts, size_t count)
{
    size_t shards = 0;
    for (size_t i = 0; i < count; ++i) {
        dataset->is_sequential = dataset->is_sequential || parts[i]->is_sequential;
        shards += parts[i]->shard_count > 0 ? parts[i]->shard_count : 1;
    }
    if (!dataset->is_sequential) {
        return MOCO_OK;
    }
    dataset->shard_sizes = moco__calloc(shards, sizeof *dataset->shard_sizes);
    if (dataset->shard_sizes == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < count; ++i) {
        const size_t own = parts[i]->shard_count;
        memcpy(dataset->shard_sizes + dataset->shard_count, own > 0 ? parts[i]->shard_sizes : &parts[i]->count,
               (own > 0 ? own : 1) * sizeof *dataset->shard_sizes);
        dataset->shard_count += own > 0 ? own : 1;
    }
    return MOCO_OK;
}

static moco_status fill(moco_dataset *dataset, const moco_dataset *const *parts, size_t count)
{
    concat_state *state = moco__calloc(1, sizeof *state);
    dataset->ops = &concat_ops;
    dataset->state = state;
    if (state == NULL) {
        return MOCO_ENOMEM;
    }
    state->count = count;
    state->parts = moco__calloc(count, sizeof *state->parts); /* NOLINT(bugprone-sizeof-expression): pointers */
    state->starts = moco__calloc(count + 1, sizeof *state->starts);
    if (state->parts == NULL || state->starts == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < count; ++i) {
        state->parts[i] = parts[i];
        state->starts[i + 1] = state->starts[i] + parts[i]->count;
    }
    dataset->count = state->starts[count];
    dataset->format = parts[0]->format;
    MOCO_TRY(take_shards(dataset, parts, count));
    return take_classes(dataset, parts, count);
}

moco_status moco_dataset_concat(moco_dataset **out, const moco_dataset *const *datasets, size_t count)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(datasets);
    MOCO_TRY(check(datasets, count));
    moco_dataset *dataset = moco__handle_alloc(sizeof *dataset);
    if (dataset == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status = fill(dataset, datasets, count);
    if (status != MOCO_OK) {
        moco_dataset_free(dataset);
        return status;
    }
    *out = dataset;
    return MOCO_OK;
}
