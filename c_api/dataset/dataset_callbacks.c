/* Makes a dataset of an application's callbacks. */
#include "base/handle_internal.h"
#include "dataset/dataset_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct callbacks_state {
    moco_dataset_callbacks callbacks;
    void *payload;
} callbacks_state;

static void name_of(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    (void)dataset;
    (void)snprintf(buffer, size, "image[%zu]", index);
}

static moco_status read_image(const moco_dataset *dataset, moco_image *image, size_t index)
{
    const callbacks_state *state = dataset->state;
    (void)moco_error_set(MOCO_OK, "%s", "");
    const moco_status status = state->callbacks.read(image, index, state->payload);
    if (status == MOCO_OK) {
        if (moco_image_width(image) > 0 && moco_image_height(image) > 0) {
            return MOCO_OK;
        }
        return moco_error_set(MOCO_EFORMAT, "dataset: the read callback left image[%zu] empty; set its pixels", index);
    }
    if (moco_error_message()[0] == '\0') {
        (void)moco_error_set(status, "dataset: the read callback failed for image[%zu] with status %d (%s)", index,
                             (int)status, moco_status_text(status));
    }
    return strcmp(moco_status_name(status), "MOCO_UNKNOWN") == 0 ? MOCO_EIO : status;
}

static int64_t label_of(const moco_dataset *dataset, size_t index)
{
    const callbacks_state *state = dataset->state;
    return state->callbacks.label(index, state->payload);
}

static void close_state(moco_dataset *dataset)
{
    callbacks_state *state = dataset->state;
    if (state->callbacks.close != NULL) {
        state->callbacks.close(state->payload);
    }
    free(state);
}

static const moco__dataset_ops callbacks_ops = { read_image, name_of, NULL, label_of, close_state };

static moco_status check(size_t count, size_t class_count, const moco_dataset_callbacks *callbacks)
{
    if (callbacks->struct_size < sizeof *callbacks) {
        return moco_error_set(MOCO_EINVALID, "dataset: struct_size %zu of the callbacks must be sizeof the struct, %zu",
                              callbacks->struct_size, sizeof *callbacks);
    }
    MOCO_CHECK_ARG(callbacks->read);
    if (count == 0) {
        return moco_error_set(MOCO_EINVALID, "dataset: count 0 must be at least 1");
    }
    if (class_count > 0 && callbacks->label == NULL) {
        return moco_error_set(MOCO_EINVALID, "dataset: %zu classes need a label callback; give one, or 0 classes",
                              class_count);
    }
    return MOCO_OK;
}

moco_status moco_dataset_from_callbacks(moco_dataset **out, size_t count, size_t class_count,
                                        const moco_dataset_callbacks *callbacks, void *payload)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(callbacks);
    MOCO_TRY(check(count, class_count, callbacks));
    moco_dataset *dataset = moco__handle_alloc(sizeof *dataset);
    callbacks_state *state = moco__calloc(1, sizeof *state);
    if (dataset == NULL || state == NULL) {
        moco__handle_free(dataset);
        free(state);
        return MOCO_ENOMEM;
    }
    *state = (callbacks_state){ *callbacks, payload };
    dataset->ops = &callbacks_ops;
    dataset->state = state;
    dataset->count = count;
    dataset->class_count = class_count;
    dataset->format = MOCO_FORMAT_AUTO;
    *out = dataset;
    return MOCO_OK;
}
