/* Makes a dataset of some images of another one. */
#include "base/handle_internal.h"
#include "dataset/dataset_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct subset_state {
    const moco_dataset *whole; /* borrowed */
    size_t *indices;           /* into it */
} subset_state;

static size_t index_of(const moco_dataset *dataset, size_t index)
{
    const subset_state *state = dataset->state;
    return state->indices[index];
}

static moco_status read_image(const moco_dataset *dataset, moco_image *image, size_t index)
{
    const subset_state *state = dataset->state;
    return moco_dataset_read(state->whole, image, index_of(dataset, index));
}

static void name_of(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    const subset_state *state = dataset->state;
    moco_dataset_name(state->whole, index_of(dataset, index), buffer, size);
}

static int64_t label_of(const moco_dataset *dataset, size_t index)
{
    const subset_state *state = dataset->state;
    return moco__dataset_given_label(state->whole, index_of(dataset, index));
}

static void close_state(moco_dataset *dataset)
{
    subset_state *state = dataset->state;
    if (state != NULL) {
        free(state->indices);
        free(state);
    }
}

static uint64_t identity_of(const moco_dataset *dataset, size_t index)
{
    const subset_state *state = dataset->state;
    return moco__dataset_known_identity(state->whole, index_of(dataset, index));
}

static const moco__dataset_ops subset_ops = { read_image, name_of, NULL, label_of, close_state, NULL, identity_of };

static moco_status fill(moco_dataset *subset, const moco_dataset *whole, const size_t *indices, size_t count)
{
    subset_state *state = moco__calloc(1, sizeof *state);
    subset->ops = &subset_ops;
    subset->state = state;
    if (state == NULL) {
        return MOCO_ENOMEM;
    }
    state->whole = whole;
    state->indices = moco__calloc(count, sizeof *indices);
    if (state->indices == NULL) {
        return MOCO_ENOMEM;
    }
    memcpy(state->indices, indices, count * sizeof *indices);
    subset->count = count;
    subset->format = whole->format;
    subset->is_sequential = whole->is_sequential;
    return moco__dataset_copy_classes(subset, whole);
}

moco_status moco_dataset_subset(moco_dataset **out, const moco_dataset *dataset, const size_t *indices, size_t count)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(dataset);
    MOCO_CHECK_ARG(indices);
    if (count == 0) {
        return moco_error_set(MOCO_EINVALID, "dataset: a subset of 0 images; give at least 1 index");
    }
    for (size_t i = 0; i < count; ++i) {
        if (indices[i] >= dataset->count) {
            return moco_error_set(MOCO_EINVALID, "dataset: indices[%zu] is %zu, beyond the %zu images", i, indices[i],
                                  dataset->count);
        }
    }
    moco_dataset *subset = moco__handle_alloc(sizeof *subset);
    if (subset == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status = fill(subset, dataset, indices, count);
    if (status != MOCO_OK) {
        moco_dataset_free(subset);
        return status;
    }
    *out = subset;
    return MOCO_OK;
}
