/* Makes a dataset of an application's callbacks. */
#include "base/callback_internal.h"
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "dataset/dataset_internal.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct callbacks_state {
    moco_dataset_callbacks callbacks;
    void *payload;
} callbacks_state;

static void name_of(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    const callbacks_state *state = dataset->state;
    (void)snprintf(buffer, size, "image[%zu]", index);
    if (state->callbacks.name != NULL) {
        state->callbacks.name(index, buffer, size, state->payload);
        buffer[size - 1] = '\0';
    }
}

static moco_status read_image(const moco_dataset *dataset, moco_image *image, size_t index)
{
    const callbacks_state *state = dataset->state;
    char who[96];
    moco__callback_begin();
    moco_image_clear(image); /* or the last image would pass for this one */
    const moco_status status = state->callbacks.read(image, index, state->payload);
    if (status != MOCO_OK) {
        (void)snprintf(who, sizeof who, "dataset: the read callback failed for image[%zu]", index);
        return moco__callback_end(status, who);
    }
    if (moco_image_width(image) > 0 && moco_image_height(image) > 0) {
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EFORMAT, "dataset: the read callback left image[%zu] empty; set its pixels", index);
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

static const moco__dataset_ops callbacks_ops = { read_image, name_of, NULL, label_of, close_state, NULL, NULL };

static moco_status check(size_t count, size_t class_count, const moco_dataset_callbacks *callbacks)
{
    if (callbacks->read == NULL) {
        return moco_error_set(MOCO_EINVALID, "dataset: there is no callback to read images with; set callbacks->read");
    }
    if (count == 0) {
        return moco_error_set(MOCO_EINVALID, "dataset: count 0 must be at least 1");
    }
    if (class_count > INT32_MAX) {
        return moco_error_set(MOCO_EINVALID, "dataset: %zu classes are more than the limit of %d", class_count,
                              INT32_MAX);
    }
    if (class_count > 0 && callbacks->label == NULL) {
        return moco_error_set(MOCO_EINVALID, "dataset: %zu classes need a label callback; give one, or 0 classes",
                              class_count);
    }
    return MOCO_OK;
}

MOCO__DEFINE_INIT(moco_dataset_callbacks, MOCO_DATASET_CALLBACKS_INIT)

moco_status moco_dataset_from_callbacks(moco_dataset **out, size_t count, size_t class_count,
                                        const moco_dataset_callbacks *callbacks, void *payload)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(callbacks);
    moco_dataset_callbacks known;
    MOCO__READ_OPTIONS(&known, callbacks, MOCO_DATASET_CALLBACKS_INIT);
    MOCO_TRY(check(count, class_count, &known));
    moco_dataset *dataset = moco__handle_alloc(sizeof *dataset);
    callbacks_state *state = moco__calloc(1, sizeof *state);
    if (dataset == NULL || state == NULL) {
        moco__handle_free(dataset);
        free(state);
        return MOCO_ENOMEM;
    }
    *state = (callbacks_state){ known, payload };
    dataset->ops = &callbacks_ops;
    dataset->state = state;
    dataset->count = count;
    dataset->class_count = class_count;
    dataset->format = MOCO_FORMAT_AUTO;
    *out = dataset;
    return MOCO_OK;
}
