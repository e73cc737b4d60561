/* Writes files of torch.save. */
#include "weights/pth_write_internal.h"

#include "base/handle_internal.h"
#include "formats/zip_write_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define FOLDER "archive/"

static const char *storage_name(moco_dtype dtype)
{
    switch (dtype) {
    case MOCO_FLOAT32:
        return "FloatStorage";
    case MOCO_FLOAT64:
        return "DoubleStorage";
    case MOCO_FLOAT16:
        return "HalfStorage";
    case MOCO_BFLOAT16:
        return "BFloat16Storage";
    case MOCO_INT64:
        return "LongStorage";
    case MOCO_INT32:
        return "IntStorage";
    case MOCO_UINT8:
        return "ByteStorage";
    case MOCO_BOOL:
        break;
    }
    return "BoolStorage";
}

static moco_status remember(moco__pth_writer *out, const moco__export_tensor *tensor)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    MOCO_GROW(out->tensors, out->room, out->count, 1);
    out->tensors[out->count++] = tensor;
    return MOCO_OK;
}

/* Writes ("storage", type, key, "cpu", elements) as a persistent id. */
static void put_storage(moco__pth_writer *out, const moco__export_tensor *tensor)
{
    moco__pickler *tree = &out->tree;
    char key[32];
    (void)snprintf(key, sizeof key, "%zu", out->count);
    moco__pickler_op(tree, '(');
    moco__pickler_text(tree, "storage");
    moco__pickler_global(tree, "torch", storage_name(tensor->source->dtype));
    moco__pickler_text(tree, key);
    moco__pickler_text(tree, "cpu");
    moco__pickler_int(tree, (int64_t)(tensor->source->bytes / moco_dtype_size(tensor->source->dtype)));
    moco__pickler_op(tree, 't');
    moco__pickler_op(tree, 'Q');
}

void moco__pth_put_value(moco__pth_writer *out, const moco__export_tensor *tensor)
{
    moco__pickler *tree = &out->tree;
    int64_t sizes[MOCO__PICKLE_MAX_DIMS];
    int64_t strides[MOCO__PICKLE_MAX_DIMS];
    int64_t stride = 1;
    moco__export_sizes(sizes, tensor);
    for (size_t d = tensor->source->ndim; d > 0; --d) {
        strides[d - 1] = stride;
        stride *= sizes[d - 1] > 0 ? sizes[d - 1] : 1;
    }
    moco__pickler_global(tree, "torch._utils", "_rebuild_tensor_v2");
    moco__pickler_op(tree, '(');
    put_storage(out, tensor);
    moco__pickler_int(tree, 0);
    moco__pickler_tuple(tree, sizes, tensor->source->ndim);
    moco__pickler_tuple(tree, strides, tensor->source->ndim);
    moco__pickler_bool(tree, false);
    moco__pickler_ordered_dict(tree);
    moco__pickler_op(tree, 't');
    moco__pickler_op(tree, 'R');
    if (tree->status == MOCO_OK) {
        tree->status = remember(out, tensor);
    }
}

void moco__pth_put_tensor(moco__pth_writer *out, const char *key, const moco__export_tensor *tensor)
{
    moco__pickler_text(&out->tree, key);
    moco__pth_put_value(out, tensor);
}

static moco_status put_records(moco__zip_writer *zip, const moco__pth_writer *out, moco__bytes *values)
{
    MOCO_TRY(moco__zip_put(zip, FOLDER "data.pkl", out->tree.bytes.data, out->tree.bytes.size));
    MOCO_TRY(moco__zip_put(zip, FOLDER "byteorder", "little", 6));
    for (size_t i = 0; i < out->count; ++i) {
        char name[64];
        (void)snprintf(name, sizeof name, FOLDER "data/%zu", i);
        MOCO_TRY(moco__export_read(values, out->job, out->tensors[i]));
        MOCO_TRY(moco__zip_put(zip, name, values->data, values->size));
    }
    return moco__zip_put(zip, FOLDER "version", "3\n", 2);
}

moco_status moco__pth_write(moco__pth_writer *out, const char *path)
{
    moco__zip_writer zip;
    moco__bytes values = { NULL, 0, 0 };
    moco__pickler_op(&out->tree, '.');
    MOCO_TRY(out->tree.status);
    MOCO_TRY(moco__zip_begin(&zip, path));
    const moco_status status = put_records(&zip, out, &values);
    moco__bytes_free(&values);
    if (status != MOCO_OK) {
        moco__zip_abort(&zip);
        return status;
    }
    return moco__zip_commit(&zip);
}

void moco__pth_writer_free(moco__pth_writer *out)
{
    moco__pickler_free(&out->tree);
    free(out->tensors);
}
