/* Lists the tensors and numbers in the tree of a file of torch.save. */
#include "weights/weights_pth_internal.h"

#include "base/c_locale_internal.h"
#include "weights/pth_holder_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 32 }; /* bytes of a number as text */

static bool is_dict(const moco__pickle_value *value)
{
    return value != NULL && value->kind == MOCO__PICKLE_DICT;
}

static moco_status add_tensor(moco_weights *weights, const char *name, const moco__pickle_value *tensor)
{
    const moco__pickle_value *storage = tensor->as.tensor.storage;
    const moco__pickle_type *type = tensor->as.tensor.type;
    if (!type->known) {
        return moco__weights_pass(weights, name, type->name);
    }
    const size_t element = type->bytes;
    moco__weights_entry entry = { .view = { NULL, type->dtype, tensor->as.tensor.ndim, tensor->as.tensor.sizes,
                                            element },
                                  .strides = tensor->as.tensor.strides,
                                  .storage = storage };
    bool empty = false;
    for (size_t d = 0; d < tensor->as.tensor.ndim; ++d) {
        empty = empty || tensor->as.tensor.sizes[d] == 0;
    }
    for (size_t d = 0; d < tensor->as.tensor.ndim; ++d) { /* the reader limits their number */
        entry.view.bytes = empty ? 0 : entry.view.bytes * (size_t)tensor->as.tensor.sizes[d];
    }
    MOCO_TRY(moco__pth_storage(&entry.data, weights->pth, storage));
    entry.data += (size_t)tensor->as.tensor.offset * element;
    return moco__weights_add(weights, name, &entry);
}

/* Returns a number or text as text, which may be in the buffer; NULL for other values. */
static const char *scalar_text(char buffer[NUMBER_SIZE], const moco__pickle_value *value)
{
    MOCO__IN_C_LOCALE;
    switch (value->kind) {
    case MOCO__PICKLE_BOOL:
        return value->as.boolean ? "true" : "false";
    case MOCO__PICKLE_INT:
        (void)snprintf(buffer, NUMBER_SIZE, "%" PRId64, value->as.integer);
        return buffer;
    case MOCO__PICKLE_REAL:
        for (int digits = 1; digits <= 17; ++digits) { /* the shortest text that reads back as the same number */
            (void)snprintf(buffer, NUMBER_SIZE, "%.*g", digits, value->as.real);
            if (strtod(buffer, NULL) == value->as.real) {
                break;
            }
        }
        return buffer;
    case MOCO__PICKLE_TEXT:
        return value->as.text.data;
    default:
        return NULL;
    }
}

static moco_status note_scalar(moco_weights *weights, const char *prefix, const char *key, const char *text)
{
    char *name = NULL;
    if (asprintf(&name, "%s%s", prefix, key) < 0) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory for a name", weights->path);
    }
    const moco_status status = moco__weights_note(weights, name, text);
    free(name);
    return status;
}

/* Adds the numbers and texts of a dictionary to the metadata, with a prefix. */
static moco_status note_scalars(moco_weights *weights, const char *prefix, const moco__pickle_value *dict)
{
    for (size_t i = 0; i + 1 < dict->as.list.count; i += 2) {
        const moco__pickle_value *key = dict->as.list.items[i];
        char buffer[NUMBER_SIZE];
        const char *text = scalar_text(buffer, dict->as.list.items[i + 1]);
        if (key->kind == MOCO__PICKLE_TEXT && text != NULL) {
            MOCO_TRY(note_scalar(weights, prefix, key->as.text.data, text));
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

/* Returns the value of a number as key. Files from before torch 1.6 number parameters by their addresses. */
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

enum { PARAMETERS_MAX = 4096 }; /* both encoders of a ResNet-152 have fewer than 1000 */

/* Adds the momentum buffers of an optimiser with one group of parameters, numbered by the order of these. */
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
    if (params == NULL || params->kind != MOCO__PICKLE_LIST) {
        return MOCO_OK;
    }
    /* Each parameter is searched for in the complete state, so their product is limited. */
    if (params->as.list.count > PARAMETERS_MAX || state->as.list.count / 2 > PARAMETERS_MAX) {
        moco_log(MOCO_LOG_WARNING, "%s: the optimiser has more than %d parameters; its momentum buffers are left out",
                 weights->path, PARAMETERS_MAX);
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

/* Says what a file without tensors holds instead. */
static moco_status refuse_empty(const moco_weights *weights, const moco__pickle_value *root)
{
    char keys[256] = "";
    size_t used = 0;
    for (size_t i = 0; i + 1 < root->as.list.count && used < sizeof keys - 40; i += 2) {
        const moco__pickle_value *key = root->as.list.items[i];
        if (key->kind == MOCO__PICKLE_TEXT) {
            used +=
                (size_t)snprintf(keys + used, sizeof keys - used, "%s%.30s", used > 0 ? ", " : "", key->as.text.data);
        }
    }
    return moco_error_set(MOCO_EFORMAT, "%s: holds no tensors%s%s; save a state_dict", weights->path,
                          keys[0] != '\0' ? ", only " : "", keys);
}

moco_status moco__weights_list_pth(moco_weights *weights)
{
    char holder[MOCO__HOLDER_SIZE] = "";
    const moco__pickle_value *root = moco__pth_root(weights->pth);
    if (!is_dict(root) && root->kind != MOCO__PICKLE_LIST && root->kind != MOCO__PICKLE_TUPLE) {
        return moco_error_set(MOCO_EFORMAT, "%s: holds %s, no dictionary of tensors; save a state_dict", weights->path,
                              root->kind == MOCO__PICKLE_TENSOR ? "one tensor" : "a plain value");
    }
    const moco__pickle_value *tensors = moco__pth_find_tensors(holder, root);
    if (tensors == NULL) {
        return refuse_empty(weights, root);
    }
    if (holder[0] != '\0') {
        MOCO_TRY(moco__weights_keep(&weights->holder, weights, holder));
    }
    if (is_dict(root)) {
        MOCO_TRY(note_scalars(weights, "", root));
    }
    MOCO_TRY(add_tensors(weights, tensors));
    if (is_dict(moco__pickle_get(root, "optimizer"))) {
        MOCO_TRY(add_momentum(weights, moco__pickle_get(root, "optimizer")));
    }
    return MOCO_OK;
}
