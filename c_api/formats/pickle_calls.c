/* Knows the names that a pickle may use, and makes what calling them gives: tensors, storages, dictionaries, sizes. */
#include "formats/pickle_calls_internal.h"

#include "base/handle_internal.h"

#include <string.h>

typedef enum action {
    DICTIONARY,
    NAMESPACE,
    TENSOR_V1,
    TENSOR_V2,
    PARAMETER,
    SIZE,
    STORAGE,
    INERT /* without a meaning here, called or not */
} action;

static const struct {
    const char *module, *name;
    action action;
    moco_dtype dtype; /* of a storage */
} names[] = {
    { "collections", "OrderedDict", DICTIONARY, MOCO_UINT8 },
    { "argparse", "Namespace", NAMESPACE, MOCO_UINT8 },
    { "torch._utils", "_rebuild_tensor", TENSOR_V1, MOCO_UINT8 },
    { "torch._utils", "_rebuild_tensor_v2", TENSOR_V2, MOCO_UINT8 },
    { "torch._utils", "_rebuild_parameter", PARAMETER, MOCO_UINT8 },
    { "torch", "Size", SIZE, MOCO_UINT8 },
    { "torch", "device", INERT, MOCO_UINT8 },
    { "torch", "float32", INERT, MOCO_UINT8 },
    { "torch", "float64", INERT, MOCO_UINT8 },
    { "torch", "float16", INERT, MOCO_UINT8 },
    { "torch", "bfloat16", INERT, MOCO_UINT8 },
    { "torch", "int64", INERT, MOCO_UINT8 },
    { "torch", "int32", INERT, MOCO_UINT8 },
    { "torch", "uint8", INERT, MOCO_UINT8 },
    { "torch", "bool", INERT, MOCO_UINT8 },
    { "torch", "FloatStorage", STORAGE, MOCO_FLOAT32 },
    { "torch", "DoubleStorage", STORAGE, MOCO_FLOAT64 },
    { "torch", "HalfStorage", STORAGE, MOCO_FLOAT16 },
    { "torch", "BFloat16Storage", STORAGE, MOCO_BFLOAT16 },
    { "torch", "LongStorage", STORAGE, MOCO_INT64 },
    { "torch", "IntStorage", STORAGE, MOCO_INT32 },
    { "torch", "ByteStorage", STORAGE, MOCO_UINT8 },
    { "torch", "BoolStorage", STORAGE, MOCO_BOOL },
    /* The same as Python 2 and tensors on a GPU name them. */
    { "torch.cuda", "FloatStorage", STORAGE, MOCO_FLOAT32 },
    { "torch.cuda", "DoubleStorage", STORAGE, MOCO_FLOAT64 },
    { "torch.cuda", "HalfStorage", STORAGE, MOCO_FLOAT16 },
    { "torch.cuda", "BFloat16Storage", STORAGE, MOCO_BFLOAT16 },
    { "torch.cuda", "LongStorage", STORAGE, MOCO_INT64 },
    { "torch.cuda", "IntStorage", STORAGE, MOCO_INT32 },
    { "torch.cuda", "ByteStorage", STORAGE, MOCO_UINT8 },
    { "torch.cuda", "BoolStorage", STORAGE, MOCO_BOOL },
};

moco_status moco__pickle_find_global(size_t *row, const moco__pickle *pickle, const char *module, const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
        if (strcmp(names[i].module, module) == 0 && strcmp(names[i].name, name) == 0) {
            *row = i;
            return MOCO_OK;
        }
    }
    return moco__pickle_refuse(pickle,
                               "it names %.80s.%.80s, which a file of tensors does not need; of a model, save "
                               "model.state_dict()",
                               module, name);
}

static bool is_sequence(const moco__pickle_value *value)
{
    return value->kind == MOCO__PICKLE_TUPLE || value->kind == MOCO__PICKLE_LIST;
}

/* OrderedDict(), or OrderedDict([(key, value), ...]) as Python 2 wrote it. */
static moco_status make_dictionary(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *arguments)
{
    moco__pickle_value *dict = moco__pickle_new(pickle, MOCO__PICKLE_DICT);
    if (dict == NULL) {
        return MOCO_EFORMAT;
    }
    if (arguments->as.list.count > 1 || (arguments->as.list.count == 1 && !is_sequence(arguments->as.list.items[0]))) {
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

/* Returns whether every element is inside the storage, and no stride of 0 repeats one. */
static bool fits(const moco__pickle_value *tensor)
{
    const int64_t room = tensor->as.tensor.storage->as.storage.count;
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
    return empty ? last <= room : last < room && count <= room;
}

/* (storage, offset, sizes, strides, ...) */
static moco_status make_tensor(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *arguments)
{
    moco__pickle_value *const *items = arguments->as.list.items;
    if (arguments->as.list.count < 4 || items[0]->kind != MOCO__PICKLE_STORAGE || items[1]->kind != MOCO__PICKLE_INT ||
        items[1]->as.integer < 0 || items[2]->kind != MOCO__PICKLE_TUPLE || items[3]->kind != MOCO__PICKLE_TUPLE ||
        items[2]->as.list.count != items[3]->as.list.count || items[2]->as.list.count > MOCO__PICKLE_MAX_DIMS) {
        return moco__pickle_refuse(pickle, "the storage, offset, sizes or strides of a tensor have a wrong type");
    }
    moco__pickle_value *tensor = moco__pickle_new(pickle, MOCO__PICKLE_TENSOR);
    if (tensor == NULL) {
        return MOCO_EFORMAT;
    }
    tensor->as.tensor.storage = items[0];
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

static moco_status inert(moco__pickle_value **out, moco__pickle *pickle)
{
    *out = moco__pickle_new(pickle, MOCO__PICKLE_OTHER);
    return *out != NULL ? MOCO_OK : MOCO_EFORMAT;
}

moco_status moco__pickle_call(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *callable,
                              moco__pickle_value *arguments)
{
    if (callable->kind != MOCO__PICKLE_GLOBAL || arguments->kind != MOCO__PICKLE_TUPLE) {
        return moco__pickle_refuse(pickle, "it calls something that is not a known name");
    }
    const size_t count = arguments->as.list.count;
    switch (names[callable->as.global].action) {
    case DICTIONARY:
        return make_dictionary(out, pickle, arguments);
    case NAMESPACE:
        *out = moco__pickle_new(pickle, MOCO__PICKLE_DICT);
        return *out != NULL ? MOCO_OK : MOCO_EFORMAT;
    case TENSOR_V1:
    case TENSOR_V2:
        return make_tensor(out, pickle, arguments);
    case PARAMETER:
        if (count < 1 || arguments->as.list.items[0]->kind != MOCO__PICKLE_TENSOR) {
            return moco__pickle_refuse(pickle, "a parameter that is not a tensor");
        }
        *out = arguments->as.list.items[0];
        return MOCO_OK;
    case SIZE:
        if (count != 1 || arguments->as.list.items[0]->kind != MOCO__PICKLE_TUPLE) {
            return moco__pickle_refuse(pickle, "a torch.Size of something that is not a tuple");
        }
        *out = arguments->as.list.items[0];
        return MOCO_OK;
    case INERT:
        return inert(out, pickle);
    case STORAGE:
        break;
    }
    return moco__pickle_refuse(pickle, "it calls %s.%s", names[callable->as.global].module,
                               names[callable->as.global].name);
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
        names[items[1]->as.global].action != STORAGE || items[2]->kind != MOCO__PICKLE_TEXT ||
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
    storage->as.storage.dtype = names[items[1]->as.global].dtype;
    storage->as.storage.count = items[4]->as.integer;
    if (storage->as.storage.count > INT64_MAX / 8) {
        return moco__pickle_refuse(pickle, "a storage of %lld elements", (long long)storage->as.storage.count);
    }
    *out = storage;
    return remember(pickle, storage);
}
