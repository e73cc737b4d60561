/*
 * Writes the pickle that the reference's converter for Detectron2 writes: {"model": {name: numpy array}, "__author__":
 * "MOCO", "matching_heuristics": True}. Arrays are pickled like numpy pickles them, under the names of numpy 1, which
 * numpy 2 keeps for files.
 */
#include "base/files_internal.h"
#include "formats/npy_write_internal.h"
#include "formats/pickle_write_internal.h"
#include "weights/export_job_internal.h"

#include <string.h>

/* Replaces a piece of a name in place, if it occurs. The caller has room for 32 more bytes. */
static void replace(char *name, const char *from, const char *to)
{
    char *at = strstr(name, from);
    if (at != NULL) {
        char rest[MOCO__EXPORT_NAME + 64];
        (void)snprintf(rest, sizeof rest, "%s%s", to, at + strlen(from));
        memcpy(at, rest, strlen(rest) + 1);
    }
}

static void rename_tensor(char out[MOCO__EXPORT_NAME + 64], const char *name)
{
    static const char *const pairs[][2] = {
        { "layer1", "res2" },    { "layer2", "res3" },           { "layer3", "res4" },
        { "layer4", "res5" },    { "bn1", "conv1.norm" },        { "bn2", "conv2.norm" },
        { "bn3", "conv3.norm" }, { "downsample.0", "shortcut" }, { "downsample.1", "shortcut.norm" }
    };
    (void)snprintf(out, MOCO__EXPORT_NAME + 32, "%s%s", strstr(name, "layer") == NULL ? "stem." : "", name);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; ++i) {
        replace(out, pairs[i][0], pairs[i][1]);
    }
}

/* Writes dtype(kind and bytes, False, True) with its state (3, order, None, None, None, -1, -1, 0). */
static void put_dtype(moco__pickler *out, const char *type)
{
    const char order[] = { type[0], '\0' };
    static const int64_t rest[] = { -1, -1, 0 };
    moco__pickler_global(out, "numpy", "dtype");
    moco__pickler_op(out, '(');
    moco__pickler_text(out, type + 1);
    moco__pickler_bool(out, false);
    moco__pickler_bool(out, true);
    moco__pickler_op(out, 't');
    moco__pickler_op(out, 'R');
    moco__pickler_op(out, '(');
    moco__pickler_int(out, 3);
    moco__pickler_text(out, order);
    for (int i = 0; i < 3; ++i) {
        moco__pickler_op(out, 'N');
    }
    for (int i = 0; i < 3; ++i) {
        moco__pickler_int(out, rest[i]);
    }
    moco__pickler_op(out, 't');
    moco__pickler_op(out, 'b');
}

/* Writes an empty array, then its state: (1, shape, dtype, Fortran order, bytes), but not the bytes. */
static void put_array_head(moco__pickler *out, const moco__export_tensor *tensor, const char *type)
{
    static const int64_t empty = 0;
    int64_t sizes[MOCO__PICKLE_MAX_DIMS];
    moco__export_sizes(sizes, tensor);
    moco__pickler_global(out, "numpy.core.multiarray", "_reconstruct");
    moco__pickler_op(out, '(');
    moco__pickler_global(out, "numpy", "ndarray");
    moco__pickler_tuple(out, &empty, 1);
    moco__pickler_bytes(out, 1);
    moco__pickler_op(out, 'b');
    moco__pickler_op(out, 't');
    moco__pickler_op(out, 'R');
    moco__pickler_op(out, '(');
    moco__pickler_int(out, 1);
    moco__pickler_tuple(out, sizes, tensor->source->ndim);
    put_dtype(out, type);
    moco__pickler_bool(out, false);
    moco__pickler_bytes(out, tensor->source->bytes);
}

static moco_status flush(moco__file *file, moco__pickler *out)
{
    MOCO_TRY(out->status);
    MOCO_TRY(moco__file_put(file, out->bytes.data, out->bytes.size));
    out->bytes.size = 0;
    return MOCO_OK;
}

static moco_status put_tensor(moco__file *file, moco__pickler *out, moco__bytes *values, const moco__export *job,
                              const moco__export_tensor *tensor)
{
    char name[MOCO__EXPORT_NAME + 64];
    const char *type = moco__numpy_type(tensor->source->dtype);
    if (type == NULL) {
        return moco_error_set(MOCO_EINVALID, "%s: %s is bfloat16, a type that numpy does not have", job->weights->path,
                              tensor->name);
    }
    rename_tensor(name, tensor->name);
    moco__pickler_text(out, name);
    put_array_head(out, tensor, type);
    MOCO_TRY(flush(file, out));
    MOCO_TRY(moco__export_read(values, job, tensor));
    MOCO_TRY(moco__file_put(file, values->data, values->size));
    moco__pickler_op(out, 't');
    moco__pickler_op(out, 'b');
    return MOCO_OK;
}

static moco_status put_all(moco__file *file, moco__pickler *out, moco__bytes *values, const moco__export *job)
{
    moco__pickler_start(out, 4);
    moco__pickler_op(out, '}');
    moco__pickler_op(out, '(');
    moco__pickler_text(out, "model");
    moco__pickler_op(out, '}');
    moco__pickler_op(out, '(');
    for (size_t i = 0; i < job->count; ++i) {
        MOCO_TRY(put_tensor(file, out, values, job, &job->tensors[i]));
    }
    moco__pickler_op(out, 'u');
    moco__pickler_text(out, "__author__");
    moco__pickler_text(out, "MOCO");
    moco__pickler_text(out, "matching_heuristics");
    moco__pickler_bool(out, true);
    moco__pickler_op(out, 'u');
    moco__pickler_op(out, '.');
    return flush(file, out);
}

static moco_status write_detectron2(moco__export *job, const char *path)
{
    moco__pickler out = { .status = MOCO_OK };
    moco__bytes values = { NULL, 0, 0 };
    moco__file file;
    MOCO_TRY(moco__file_begin(&file, path));
    const moco_status status = put_all(&file, &out, &values, job);
    moco__bytes_free(&values);
    moco__pickler_free(&out);
    if (status != MOCO_OK) {
        moco__file_abort(&file);
        return status;
    }
    return moco__file_commit(&file);
}

const moco__exporter moco__exporter_detectron2 = { .has_head = true, .write = write_detectron2 };
