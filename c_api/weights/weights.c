/* Opens files of weights in any known format, and reads their tensors. */
#include "base/file_nature_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "formats/safetensors_checksum_internal.h"
#include "weights/weights_list_internal.h"
#include "weights/weights_numbered_internal.h"
#include "weights/weights_pth_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static moco_status list_safetensors(moco_weights *weights)
{
    const moco__safetensors_entry *entry = NULL;
    moco_metadata row;
    MOCO_TRY(moco__safetensors_open_map(&weights->safetensors, weights->path, weights->map, weights->bytes));
    MOCO_TRY(moco__safetensors_verify(weights->safetensors, weights->path));
    const char *format = moco__safetensors_metadata(weights->safetensors, "format");
    weights->kind =
        format != NULL && strcmp(format, "moco-checkpoint") == 0 ? MOCO_WEIGHTS_CHECKPOINT : MOCO_WEIGHTS_SAFETENSORS;
    for (size_t i = 0; (entry = moco__safetensors_get(weights->safetensors, i)) != NULL; ++i) {
        const moco__weights_entry mine = { .view = { NULL, entry->dtype, entry->ndim, entry->sizes, entry->bytes },
                                           .data = entry->data };
        MOCO_TRY(moco__weights_add(weights, entry->name, &mine));
    }
    const char *type = NULL;
    const char *name = NULL;
    for (size_t i = 0; (name = moco__safetensors_foreign(&type, weights->safetensors, i)) != NULL; ++i) {
        MOCO_TRY(moco__weights_pass(weights, name, type));
    }
    for (size_t i = 0; moco__safetensors_metadata_at(&row, weights->safetensors, i); ++i) {
        MOCO_TRY(moco__weights_note(weights, row.key, row.value));
    }
    return MOCO_OK;
}

static moco_status list_pth(moco_weights *weights)
{
    MOCO_TRY(moco__pth_open(&weights->pth, weights->path, weights->map, weights->bytes));
    weights->kind = moco__pth_is_zip(weights->pth) ? MOCO_WEIGHTS_PTH : MOCO_WEIGHTS_PTH_LEGACY;
    return moco__weights_list_pth(weights);
}

/* Refuses a file of another kind, and says what it is. */
static moco_status refuse_kind(const moco_weights *weights)
{
    const char *nature = moco__file_nature(weights->map, weights->bytes);
    return moco_error_set(MOCO_EFORMAT,
                          "%s: %s%sholds no weights. Give a .safetensors file, or one of PyTorch (.pth, .pt, .ckpt)",
                          weights->path, nature != NULL ? nature : "", nature != NULL ? ". It " : "");
}

/* A safetensors file begins with the size of its header, and then the header, which begins with a brace. */
static bool begins_like_safetensors(const moco_weights *weights)
{
    return (weights->bytes > 8 && weights->map[8] == '{') || moco__file_nature(weights->map, weights->bytes) == NULL;
}

/* Reads the list of tensors of what is in memory. */
static moco_status list(moco_weights *weights)
{
    if (!moco__pth_begins(weights->map, weights->bytes) && !begins_like_safetensors(weights)) {
        return refuse_kind(weights);
    }
    MOCO_TRY(moco__pth_begins(weights->map, weights->bytes) ? list_pth(weights) : list_safetensors(weights));
    MOCO_TRY(moco__weights_name_parts(weights));
    return moco__weights_sort(weights);
}

/* Opens a file in memory, or by its path if there are no bytes. */
static moco_status open_weights(moco_weights **out, const char *path, const void *bytes, size_t count)
{
    moco_weights *weights = moco__handle_alloc(sizeof *weights);
    if (weights == NULL) {
        return MOCO_ENOMEM;
    }
    weights->path = strdup(path);
    weights->map = (unsigned char *)(uintptr_t)bytes; /* only read. NOLINT(performance-no-int-to-ptr) */
    weights->bytes = count;
    weights->borrows_map = bytes != NULL;
    moco_status status = weights->path != NULL ? MOCO_OK : moco_error_set(MOCO_ENOMEM, "out of memory for a path");
    if (status == MOCO_OK && bytes == NULL) {
        status = moco__file_map(&weights->map, &weights->bytes, path);
    }
    if (status == MOCO_OK) {
        status = list(weights);
    }
    if (status != MOCO_OK) {
        moco_weights_free(weights);
        return status;
    }
    *out = weights;
    return MOCO_OK;
}

moco_status moco_weights_open(moco_weights **out, const char *path)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(path);
    return open_weights(out, path, NULL, 0);
}

moco_status moco_weights_open_bytes(moco_weights **out, const void *bytes, size_t count, const char *name)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(bytes);
    name = name != NULL ? name : "memory";
    if (count == 0) {
        return moco_error_set(MOCO_EFORMAT, "%s: holds 0 bytes, which are no file of weights", name);
    }
    return open_weights(out, name, bytes, count);
}

void moco_weights_free(moco_weights *weights)
{
    if (weights != NULL) {
        moco__pth_free(weights->pth);
        moco__safetensors_free(weights->safetensors);
        if (weights->map != NULL && !weights->borrows_map) {
            (void)munmap(weights->map, weights->bytes);
        }
        for (size_t i = 0; i < weights->text_count; ++i) {
            free(weights->texts[i]);
        }
        free(weights->texts);
        free(weights->metadata);
        free(weights->by_name);
        free(weights->passed);
        free(weights->entries);
        free(weights->path);
        moco__handle_free(weights);
    }
}

/* Returns whether the elements are in row-major order without gaps. */
static bool is_row_major(const moco__weights_entry *entry)
{
    int64_t stride = 1;
    for (size_t d = entry->view.ndim; entry->strides != NULL && d > 0; --d) {
        if (entry->view.sizes[d - 1] != 1 && entry->strides[d - 1] != stride) {
            return false;
        }
        stride *= entry->view.sizes[d - 1];
    }
    return true;
}

/* Gathers the elements in row-major order: the index counts up, its last digit first. */
static void gather(uint8_t *values, const moco__weights_entry *entry, size_t element)
{
    int64_t index[MOCO__PICKLE_MAX_DIMS] = { 0 };
    const size_t count = element > 0 ? entry->view.bytes / element : 0;
    int64_t at = 0;
    for (size_t i = 0; i < count; ++i) {
        memcpy(values + i * element, entry->data + (size_t)at * element, element);
        for (size_t d = entry->view.ndim; d > 0; --d) {
            at += entry->strides[d - 1];
            if (++index[d - 1] < entry->view.sizes[d - 1]) {
                break;
            }
            at -= entry->view.sizes[d - 1] * entry->strides[d - 1];
            index[d - 1] = 0;
        }
    }
}

static void reverse_bytes(uint8_t *values, size_t bytes, size_t element)
{
    for (size_t i = 0; i + element <= bytes; i += element) {
        for (size_t k = 0; k < element / 2; ++k) {
            const uint8_t first = values[i + k];
            values[i + k] = values[i + element - 1 - k];
            values[i + element - 1 - k] = first;
        }
    }
}

static moco_status check(const moco_weights *weights, const moco__weights_entry *entry)
{
    return entry->storage != NULL ? moco__pth_check(weights->pth, entry->storage) : MOCO_OK;
}

moco_status moco__weights_check(const moco_weights *weights, const char *prefix)
{
    for (size_t i = 0; i < weights->count; ++i) {
        if (strncmp(weights->entries[i].view.name, prefix, strlen(prefix)) == 0) {
            MOCO_TRY(check(weights, &weights->entries[i]));
        }
    }
    return MOCO_OK;
}

moco_status moco_weights_read(void *values, size_t bytes, const moco_weights *weights, const char *name)
{
    MOCO_CHECK_ARG(values);
    MOCO_CHECK_ARG(weights);
    MOCO_CHECK_ARG(name);
    const moco__weights_entry *entry = moco__weights_find(weights, name);
    if (entry == NULL) {
        return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" is missing", weights->path, name);
    }
    if (bytes != entry->view.bytes) {
        return moco_error_set(MOCO_EINVALID, "%s: tensor \"%s\" has %zu bytes, but %zu were given to read it",
                              weights->path, name, entry->view.bytes, bytes);
    }
    MOCO_TRY(check(weights, entry));
    if (bytes > 0 && is_row_major(entry)) {
        memcpy(values, entry->data, bytes);
    } else if (bytes > 0) {
        gather(values, entry, moco_dtype_size(entry->view.dtype));
    }
    if (weights->pth != NULL && moco__pth_is_big_endian(weights->pth)) {
        reverse_bytes(values, bytes, moco_dtype_size(entry->view.dtype));
    }
    return MOCO_OK;
}
