/* Lists the tensors of an export, and reads them. */
#include "weights/export_job_internal.h"

#include "base/handle_internal.h"
#include "weights/finite_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

moco_status moco__export_add(moco__export *job, const char *prefix, const char *name, const moco_weights_entry *source)
{
    MOCO_GROW(job->tensors, job->room, job->count, 1);
    moco__export_tensor *added = &job->tensors[job->count];
    const int length = snprintf(added->name, sizeof added->name, "%s%s", prefix, name);
    if (length < 0 || (size_t)length >= sizeof added->name) {
        return moco_error_set(MOCO_EFORMAT, "%s: the name of tensor %.40s... is too long", job->weights->path, name);
    }
    added->source = source;
    added->transposed = false;
    job->count += 1;
    return MOCO_OK;
}

void moco__export_sizes(int64_t sizes[MOCO__PICKLE_MAX_DIMS], const moco__export_tensor *tensor)
{
    for (size_t d = 0; d < tensor->source->ndim; ++d) {
        sizes[d] = tensor->source->sizes[tensor->transposed ? tensor->source->ndim - 1 - d : d];
    }
}

/* Transposes a matrix of rows x columns elements. */
static void transpose(uint8_t *out, const uint8_t *in, size_t rows, size_t columns, size_t element)
{
    for (size_t r = 0; r < rows; ++r) {
        for (size_t c = 0; c < columns; ++c) {
            memcpy(out + (c * rows + r) * element, in + (r * columns + c) * element, element);
        }
    }
}

static moco_status check_finite(const moco__export *job, const moco__export_tensor *tensor, const uint8_t *values)
{
    const moco_weights_entry *source = tensor->source;
    const moco_device cpu = { MOCO_CPU, 0 };
    moco_tensor *copy;
    MOCO_TRY(moco_tensor_from_host(&copy, NULL, source->dtype, cpu, source->sizes, source->ndim, values));
    const moco_status status = moco__weights_check_finite(copy, job->weights->path, source->name);
    moco_tensor_free(copy);
    return status;
}

moco_status moco__export_read(moco__bytes *out, const moco__export *job, const moco__export_tensor *tensor)
{
    const size_t bytes = tensor->source->bytes;
    MOCO_TRY(moco__bytes_resize(out, bytes > 0 ? bytes : 1));
    out->size = bytes;
    MOCO_TRY(moco_weights_read(out->data, bytes, job->weights, tensor->source->name));
    MOCO_TRY(check_finite(job, tensor, out->data));
    if (tensor->transposed) {
        uint8_t *turned = malloc(bytes > 0 ? bytes : 1);
        if (turned == NULL) {
            return moco_error_set(MOCO_ENOMEM, "out of memory for %zu bytes", bytes);
        }
        transpose(turned, out->data, (size_t)tensor->source->sizes[0], (size_t)tensor->source->sizes[1],
                  moco_dtype_size(tensor->source->dtype));
        memcpy(out->data, turned, bytes);
        free(turned);
    }
    return MOCO_OK;
}
