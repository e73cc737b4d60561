/* Makes what calling the names of a pickle gives: tensors, storages, dictionaries, sizes. */
#include "formats/pickle_calls_internal.h"

#include "base/handle_internal.h"
#include "formats/pickle_names_internal.h"

#include <string.h>

enum { REPEATED_MAX = 1 << 24, ELEMENT_MAX = 16 }; /* elements; bytes */

moco_status moco__pickle_find_global(moco__pickle_value **out, moco__pickle *pickle, const char *module,
                                     const char *name)
{
    moco__pickle_action what;
    const moco__pickle_type *type = NULL;
    if (!moco__pickle_find_name(&what, &type, module, name)) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: refused, and nothing in it was executed: it holds a Python object, %.80s.%.80s, "
                              "where only tensors and plain data may be. It is a pickle of a whole model, or hostile; "
                              "of a model that you trust, save model.state_dict()",
                              pickle->path, module, name);
    }
    *out = moco__pickle_new(pickle, MOCO__PICKLE_GLOBAL);
    if (*out == NULL) {
        return MOCO_EFORMAT;
    }
    (*out)->as.global.module = module;
    (*out)->as.global.name = name;
    (*out)->as.global.action = (int)what;
    (*out)->as.global.type = type;
    return MOCO_OK;
}

static bool is_sequence(const moco__pickle_value *value)
{
    return value->kind == MOCO__PICKLE_TUPLE || value->kind == MOCO__PICKLE_LIST;
}

/* OrderedDict(), OrderedDict([(key, value), ...]) as Python 2 wrote it, Counter({...}), or defaultdict(name). */
static moco_status make_dictionary(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *arguments)
{
    moco__pickle_value *first = arguments->as.list.count > 0 ? arguments->as.list.items[0] : NULL;
    if (arguments->as.list.count == 1 && first->kind == MOCO__PICKLE_DICT) {
        *out = first;
        return MOCO_OK;
    }
    moco__pickle_value *dict = moco__pickle_new(pickle, MOCO__PICKLE_DICT);
    if (dict == NULL) {
        return MOCO_EFORMAT;
    }
    if (arguments->as.list.count == 1 && (first->kind == MOCO__PICKLE_GLOBAL || first->kind == MOCO__PICKLE_NONE)) {
        *out = dict;
        return MOCO_OK;
    }
    if (arguments->as.list.count > 1 || (first != NULL && !is_sequence(first))) {
        return moco__pickle_refuse(pickle, "a dictionary with arguments that are not a list");
    }
    const size_t pairs = arguments->as.list.count == 1 ? arguments->as.list.items[0]->as.list.count : 0;
    for (size_t i = 0; i < pairs; ++i) {
        const moco__pickle_value *pair = arguments->as.list.items[0]->as.list.items[i];
        if (!is_sequence(pair) || pair->as.list.count != 2) {
            return moco__pickle_refuse(pickle, "an item of a dictionary is not a pair");
        }
        MOCO_TRY(moco__pickle_push(pickle, dict, pair->as.list.items[0]));
        MOCO_TRY(moco__pickle_push(pickle, dict, pair->as.list.items[1]));
    }
    *out = dict;
    return MOCO_OK;
}

/* Returns integers of at least 0; NULL with the message set. */
static const int64_t *numbers(moco__pickle *pickle, const moco__pickle_value *tuple)
{
    const size_t count = tuple->as.list.count;
    int64_t *values = moco__pickle_alloc(pickle, (count > 0 ? count : 1) * sizeof *values);
    for (size_t i = 0; values != NULL && i < count; ++i) {
        const moco__pickle_value *item = tuple->as.list.items[i];
        if (item->kind != MOCO__PICKLE_INT || item->as.integer < 0) {
            (void)moco__pickle_refuse(pickle, "a size or stride of a tensor is not an integer of at least 0");
            return NULL;
        }
        values[i] = item->as.integer;
    }
    return values;
}

/* Returns whether every element is inside the storage. Elements may be repeated by a stride of 0, to a limit. */
static bool fits(const moco__pickle_value *tensor)
{
    const moco__pickle_value *storage = tensor->as.tensor.storage;
    const int64_t bytes = storage->as.storage.count * (int64_t)storage->as.storage.type->bytes;
    const int64_t room = bytes / (int64_t)tensor->as.tensor.type->bytes;
    int64_t count = 1;
    int64_t last = tensor->as.tensor.offset;
    bool empty = false;
    for (size_t d = 0; d < tensor->as.tensor.ndim; ++d) {
        empty = empty || tensor->as.tensor.sizes[d] == 0;
    }
    for (size_t d = 0; d < tensor->as.tensor.ndim && !empty; ++d) {
        int64_t reach = 0;
        if (__builtin_mul_overflow(count, tensor->as.tensor.sizes[d], &count) ||
            __builtin_mul_overflow(tensor->as.tensor.sizes[d] - 1, tensor->as.tensor.strides[d], &reach) ||
            __builtin_add_overflow(last, reach, &last)) {
            return false;
        }
    }
    return empty ? last <= room : last < room && (count <= room || count <= REPEATED_MAX);
}

/* (storage, offset, sizes, strides, ...); `type` NULL: that of the storage. */
static moco_status make_tensor(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *arguments,
                               const moco__pickle_type *type)
{
    moco__pickle_value *const *items = arguments->as.list.items;
    if (arguments->as.list.count < 4 || items[0]->kind != MOCO__PICKLE_STORAGE || items[1]->kind != MOCO__PICKLE_INT ||
        items[1]->as.integer < 0 || !is_sequence(items[2]) || !is_sequence(items[3]) ||
        items[2]->as.list.count != items[3]->as.list.count || items[2]->as.list.count > MOCO__PICKLE_MAX_DIMS) {
        return moco__pickle_refuse(pickle, "the storage, offset, sizes or strides of a tensor have a wrong type");
    }
    moco__pickle_value *tensor = moco__pickle_new(pickle, MOCO__PICKLE_TENSOR);
    if (tensor == NULL) {
        return MOCO_EFORMAT;
    }
    tensor->as.tensor.storage = items[0];
    tensor->as.tensor.type = type != NULL ? type : items[0]->as.storage.type;
    tensor->as.tensor.offset = items[1]->as.integer;
    tensor->as.tensor.ndim = items[2]->as.list.count;
    tensor->as.tensor.sizes = numbers(pickle, items[2]);
    tensor->as.tensor.strides = tensor->as.tensor.sizes != NULL ? numbers(pickle, items[3]) : NULL;
    if (tensor->as.tensor.strides == NULL) {
        return MOCO_EFORMAT;
    }
    if (!fits(tensor)) {
        return moco__pickle_refuse(pickle, "a tensor reaches beyond its storage of %lld elements",
                                   (long long)items[0]->as.storage.count);
    }
    *out = tensor;
    return MOCO_OK;
}

/* (storage, offset, sizes, strides, requires_grad, hooks, type, ...), as float8 and others are saved. */
static moco_status make_typed_tensor(moco__pickle_value **out, moco__pickle *pickle,
                                     const moco__pickle_value *arguments)
{
    const moco__pickle_value *type = arguments->as.list.count > 6 ? arguments->as.list.items[6] : NULL;
    if (type == NULL || type->kind != MOCO__PICKLE_GLOBAL || type->as.global.type == NULL) {
        return moco__pickle_refuse(pickle, "a tensor whose type of elements is not named");
    }
    return make_tensor(out, pickle, arguments, type->as.global.type);
}

static moco_status make_other(moco__pickle_value **out, moco__pickle *pickle)
{
    *out = moco__pickle_new(pickle, MOCO__PICKLE_OTHER);
    return *out != NULL ? MOCO_OK : MOCO_EFORMAT;
}

/* A tensor whose values are not read. */
static moco_status make_elsewhere(moco__pickle_value **out, moco__pickle *pickle)
{
    static const moco__pickle_type elsewhere = { "quantised, sparse or without values", 0, false, MOCO_UINT8 };
    *out = moco__pickle_new(pickle, MOCO__PICKLE_TENSOR);
    if (*out == NULL) {
        return MOCO_EFORMAT;
    }
    (*out)->as.tensor.type = &elsewhere;
    return MOCO_OK;
}

/* (tensor, ...) */
static moco_status make_parameter(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *arguments)
{
    moco__pickle_value *first = arguments->as.list.count > 0 ? arguments->as.list.items[0] : NULL;
    if (first == NULL || first->kind != MOCO__PICKLE_TENSOR) {
        return moco__pickle_refuse(pickle, "a parameter that is not a tensor");
    }
    *out = first;
    return MOCO_OK;
}

/* (function, class, arguments, state): the function makes the tensor. It is never this one again, so that nothing
 * nests. NOLINTNEXTLINE(misc-no-recursion) */
static moco_status make_of_class(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *arguments)
{
    moco__pickle_value *const *items = arguments->as.list.items;
    if (arguments->as.list.count < 3 || items[0]->kind != MOCO__PICKLE_GLOBAL ||
        items[0]->as.global.action == MOCO__NAME_TENSOR_OF_CLASS) {
        return moco__pickle_refuse(pickle, "a tensor of a class with wrong arguments");
    }
    return moco__pickle_call(out, pickle, items[0], items[2]);
}

/* NOLINTNEXTLINE(misc-no-recursion): only through make_of_class(), once. */
moco_status moco__pickle_call(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *callable,
                              moco__pickle_value *arguments)
{
    if (callable->kind != MOCO__PICKLE_GLOBAL || arguments->kind != MOCO__PICKLE_TUPLE) {
        return moco__pickle_refuse(pickle, "it calls something that is not a known name");
    }
    switch ((moco__pickle_action)callable->as.global.action) {
    case MOCO__NAME_DICTIONARY:
        return make_dictionary(out, pickle, arguments);
    case MOCO__NAME_TENSOR:
        return make_tensor(out, pickle, arguments, NULL);
    case MOCO__NAME_TENSOR_OF_TYPE:
        return make_typed_tensor(out, pickle, arguments);
    case MOCO__NAME_TENSOR_OF_CLASS:
        return make_of_class(out, pickle, arguments);
    case MOCO__NAME_TENSOR_ELSEWHERE:
        return make_elsewhere(out, pickle);
    case MOCO__NAME_PARAMETER:
        return make_parameter(out, pickle, arguments);
    case MOCO__NAME_SIZE:
        if (arguments->as.list.count != 1 || !is_sequence(arguments->as.list.items[0])) {
            return moco__pickle_refuse(pickle, "a torch.Size of something that is not a tuple");
        }
        *out = arguments->as.list.items[0];
        return MOCO_OK;
    case MOCO__NAME_INERT:
        return make_other(out, pickle);
    case MOCO__NAME_STORAGE:
        break;
    }
    return moco__pickle_refuse(pickle, "it calls %s.%s", callable->as.global.module, callable->as.global.name);
}

static moco_status remember(moco__pickle *pickle, const moco__pickle_value *storage)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    MOCO_GROW(pickle->storages, pickle->storage_room, pickle->storage_count, 1);
    pickle->storages[pickle->storage_count++] = storage;
    return MOCO_OK;
}

/* ("storage", type, key, device, elements[, None]) */
moco_status moco__pickle_make_storage(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *id)
{
    moco__pickle_value *const *items = id->kind == MOCO__PICKLE_TUPLE ? id->as.list.items : NULL;
    const size_t count = items != NULL ? id->as.list.count : 0;
    if (count < 5 || count > 6 || items[0]->kind != MOCO__PICKLE_TEXT ||
        strcmp(items[0]->as.text.data, "storage") != 0 || items[1]->kind != MOCO__PICKLE_GLOBAL ||
        items[1]->as.global.action != MOCO__NAME_STORAGE || items[2]->kind != MOCO__PICKLE_TEXT ||
        items[4]->kind != MOCO__PICKLE_INT || items[4]->as.integer < 0) {
        return moco__pickle_refuse(pickle, "a persistent id does not name a storage");
    }
    if (count == 6 && items[5]->kind != MOCO__PICKLE_NONE) {
        return moco__pickle_refuse(pickle,
                                   "a storage that is a part of another; load and save the file again in Python");
    }
    moco__pickle_value *storage = moco__pickle_new(pickle, MOCO__PICKLE_STORAGE);
    if (storage == NULL) {
        return MOCO_EFORMAT;
    }
    storage->as.storage.key = items[2]->as.text.data;
    storage->as.storage.type = items[1]->as.global.type;
    storage->as.storage.count = items[4]->as.integer;
    const bool wide = storage->as.storage.type->bytes > ELEMENT_MAX / 2;
    if (storage->as.storage.count > INT64_MAX / (int64_t)(wide ? ELEMENT_MAX : ELEMENT_MAX / 2)) {
        return moco__pickle_refuse(pickle, "a storage of %lld elements", (long long)storage->as.storage.count);
    }
    *out = storage;
    return remember(pickle, storage);
}
