/* The tensors and numbers in the tree of a file of torch.save. */
#include "weights/weights_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 256 };

static bool is_dict(const moco__pickle_value *value)
{
    return value != NULL && value->kind == MOCO__PICKLE_DICT;
}

static moco_status add_tensor(moco_weights *weights, const char *name, const moco__pickle_value *tensor)
{
    const moco__pickle_value *storage = tensor->as.tensor.storage;
    const size_t element = moco_dtype_size(storage->as.storage.dtype);
    moco__weights_entry entry = { .view = { NULL, storage->as.storage.dtype, tensor->as.tensor.ndim,
                                            tensor->as.tensor.sizes, element },
                                  .strides = tensor->as.tensor.strides,
                                  .storage = storage };
    bool empty = false;
    for (size_t d = 0; d < tensor->as.tensor.ndim; ++d) {
        empty = empty || tensor->as.tensor.sizes[d] == 0;
    }
    for (size_t d = 0; d < tensor->as.tensor.ndim; ++d) { /* no more than the storage has: no overflow */
        entry.view.bytes = empty ? 0 : entry.view.bytes * (size_t)tensor->as.tensor.sizes[d];
    }
    MOCO_TRY(moco__pth_storage(&entry.data, weights->pth, storage));
    entry.data += (size_t)tensor->as.tensor.offset * element;
    return moco__weights_add(weights, name, &entry);
}

/* A number or text as text; false for other values. */
static bool scalar_text(char *buffer, size_t size, const moco__pickle_value *value)
{
    switch (value->kind) {
    case MOCO__PICKLE_BOOL:
        (void)snprintf(buffer, size, "%s", value->as.boolean ? "true" : "false");
        return true;
    case MOCO__PICKLE_INT:
        (void)snprintf(buffer, size, "%" PRId64, value->as.integer);
        return true;
    case MOCO__PICKLE_REAL:
        for (int digits = 1; digits <= 17; ++digits) { /* the shortest text that reads back as the same number */
            (void)snprintf(buffer, size, "%.*g", digits, value->as.real);
            if (strtod(buffer, NULL) == value->as.real) {
                break;
            }
        }
        return true;
    case MOCO__PICKLE_TEXT:
        (void)snprintf(buffer, size, "%s", value->as.text.data);
        return value->as.text.size < size;
    default:
        return false;
    }
}

/* Notes the numbers and texts of a dictionary, under a prefix. */
static moco_status note_scalars(moco_weights *weights, const char *prefix, const moco__pickle_value *dict)
{
    for (size_t i = 0; i + 1 < dict->as.list.count; i += 2) {
        const moco__pickle_value *key = dict->as.list.items[i];
        char name[TEXT_SIZE];
        char text[TEXT_SIZE];
        if (key->kind == MOCO__PICKLE_TEXT && scalar_text(text, sizeof text, dict->as.list.items[i + 1])) {
            (void)snprintf(name, sizeof name, "%s%s", prefix, key->as.text.data);
            MOCO_TRY(moco__weights_note(weights, name, text));
        }
    }
    return MOCO_OK;
}

static moco_status add_tensors(moco_weights *weights, const moco__pickle_value *dict)
{
    for (size_t i = 0; i + 1 < dict->as.list.count; i += 2) {
        const moco__pickle_value *key = dict->as.list.items[i];
        const moco__pickle_value *value = dict->as.list.items[i + 1];
        if (key->kind == MOCO__PICKLE_TEXT && value->kind == MOCO__PICKLE_TENSOR) {
            MOCO_TRY(add_tensor(weights, key->as.text.data, value));
        }
    }
    return MOCO_OK;
}

/* The value of a number as key; files before torch 1.6 number parameters by their addresses. */
static const moco__pickle_value *get_number(const moco__pickle_value *dict, int64_t key)
{
    for (size_t i = 0; i + 1 < dict->as.list.count; i += 2) {
        const moco__pickle_value *name = dict->as.list.items[i];
        if (name->kind == MOCO__PICKLE_INT && name->as.integer == key) {
            return dict->as.list.items[i + 1];
        }
    }
    return NULL;
}

enum { PARAMETERS_MAX = 4096 }; /* both encoders of a ResNet-152 have under 1000 */

/* The momentum buffers of an optimiser of one group of parameters, by the parameters' order in it. */
static moco_status add_momentum(moco_weights *weights, const moco__pickle_value *optimizer)
{
    const moco__pickle_value *state = moco__pickle_get(optimizer, "state");
    const moco__pickle_value *groups = moco__pickle_get(optimizer, "param_groups");
    if (!is_dict(state) || groups == NULL || groups->kind != MOCO__PICKLE_LIST || groups->as.list.count != 1 ||
        !is_dict(groups->as.list.items[0])) {
        return MOCO_OK;
    }
    MOCO_TRY(note_scalars(weights, "optimizer.", groups->as.list.items[0]));
    const moco__pickle_value *params = moco__pickle_get(groups->as.list.items[0], "params");
    if (params == NULL || params->kind != MOCO__PICKLE_LIST || params->as.list.count > PARAMETERS_MAX ||
        state->as.list.count / 2 > PARAMETERS_MAX) {
        return MOCO_OK;
    }
    for (size_t i = 0; i < params->as.list.count; ++i) {
        const moco__pickle_value *param = params->as.list.items[i];
        const moco__pickle_value *of_param =
            param->kind == MOCO__PICKLE_INT ? get_number(state, param->as.integer) : NULL;
        const moco__pickle_value *buffer = moco__pickle_get(of_param, "momentum_buffer");
        if (buffer != NULL && buffer->kind == MOCO__PICKLE_TENSOR) {
            char name[64];
            (void)snprintf(name, sizeof name, "optimizer.momentum_buffer.%zu", i);
            MOCO_TRY(add_tensor(weights, name, buffer));
        }
    }
    return MOCO_OK;
}

moco_status moco__weights_list_pth(moco_weights *weights)
{
    static const char *const holders[] = { "state_dict", "model" };
    const moco__pickle_value *root = moco__pth_root(weights->pth);
    const moco__pickle_value *tensors = NULL;
    if (!is_dict(root)) {
        return moco_error_set(MOCO_EFORMAT, "%s: holds no dictionary of tensors; save a state_dict", weights->path);
    }
    for (size_t i = 0; i < sizeof holders / sizeof holders[0] && !is_dict(tensors); ++i) {
        tensors = moco__pickle_get(root, holders[i]);
    }
    MOCO_TRY(note_scalars(weights, "", root));
    MOCO_TRY(add_tensors(weights, is_dict(tensors) ? tensors : root));
    if (is_dict(moco__pickle_get(root, "optimizer"))) {
        MOCO_TRY(add_momentum(weights, moco__pickle_get(root, "optimizer")));
    }
    return weights->count > 0 ? MOCO_OK
                              : moco_error_set(MOCO_EFORMAT, "%s: holds no tensors; save a state_dict", weights->path);
}
