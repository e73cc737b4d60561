/* Writes .npy files, the format of numpy's arrays. */
#include "formats/npy_write_internal.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"

#include "moco/embed.h"
#include "moco/ops.h"

#include <string.h>

enum { ALIGNMENT = 64, PREFIX = 10, HEADER_MAX = 1024 }; /* bytes */

const char *moco__numpy_type(moco_dtype dtype)
{
    switch (dtype) {
    case MOCO_FLOAT32:
        return "<f4";
    case MOCO_FLOAT64:
        return "<f8";
    case MOCO_FLOAT16:
        return "<f2";
    case MOCO_INT64:
        return "<i8";
    case MOCO_INT32:
        return "<i4";
    case MOCO_UINT8:
        return "|u1";
    case MOCO_BOOL:
        return "|b1";
    case MOCO_BFLOAT16:
        break;
    }
    return NULL;
}

/* Makes prefix and header, together a multiple of ALIGNMENT bytes. */
static moco_status make_header(char header[HEADER_MAX], size_t *length, const moco_tensor *tensor)
{
    const char *type = moco__numpy_type(moco_tensor_dtype(tensor));
    if (type == NULL) {
        return moco_error_set(MOCO_EINVALID, "npy: numpy has no bfloat16; give float32, or write .safetensors");
    }
    char *text = header + PREFIX;
    const size_t room = HEADER_MAX - PREFIX - ALIGNMENT;
    size_t used = (size_t)snprintf(text, room, "{'descr': '%s', 'fortran_order': False, 'shape': (", type);
    for (size_t d = 0; d < moco_tensor_ndim(tensor) && used < room; ++d) {
        used += (size_t)snprintf(text + used, room - used, "%lld, ", (long long)moco_tensor_size(tensor, d));
    }
    used += used < room ? (size_t)snprintf(text + used, room - used, "), }") : 0;
    if (used >= room) {
        return moco_error_set(MOCO_EINVALID, "npy: a tensor of %zu dimensions does not fit the header of %d bytes",
                              moco_tensor_ndim(tensor), HEADER_MAX);
    }
    const size_t total = (PREFIX + used + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(text + used, ' ', total - PREFIX - used - 1);
    header[total - 1] = '\n';
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)((total - PREFIX) & 255);
    header[9] = (char)((total - PREFIX) >> 8);
    *length = total;
    return MOCO_OK;
}

/* Writes row-major tensors of the CPU in place, others through a row-major copy. */
static moco_status put_elements(moco__file *file, const moco_tensor *tensor)
{
    moco_tensor *host = NULL;
    moco_tensor *rows = NULL;
    void *data;
    moco_status status;
    MOCO_TRY_GOTO(moco_tensor_to(&host, NULL, tensor, (moco_device){ MOCO_CPU, 0 }));
    MOCO_TRY_GOTO(moco_tensor_contiguous(&rows, NULL, host));
    MOCO_TRY_GOTO(moco_tensor_data(&data, rows));
    MOCO_TRY_GOTO(
        moco__file_put(file, data, (size_t)moco_tensor_numel(rows) * moco_dtype_size(moco_tensor_dtype(rows))));
done:
    moco_tensor_free(rows);
    moco_tensor_free(host);
    return status;
}

moco_status moco_npy_write(const char *path, const moco_tensor *tensor)
{
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(tensor);
    char header[HEADER_MAX];
    size_t length = 0;
    moco__file file;
    MOCO_TRY(make_header(header, &length, tensor));
    MOCO_TRY(moco__file_begin(&file, path));
    moco_status status = moco__file_put(&file, header, length);
    if (status == MOCO_OK) {
        status = put_elements(&file, tensor);
    }
    if (status != MOCO_OK) {
        moco__file_abort(&file);
        return status;
    }
    return moco__file_commit(&file);
}
