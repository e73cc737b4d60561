/* Writes .safetensors files: a JSON header, then the tensors one after the other. */
#include "formats/safetensors_write_internal.h"

#include "base/callback_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/utf8_internal.h"
#include "formats/safetensors_checksum_internal.h"

#include "moco/ops.h"
#include "moco/safetensors.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* What the header calls the metadata; no tensor can have this name. */
static const char metadata_key[] = "__metadata__";

static const char *text_of(moco_dtype dtype)
{
    switch (dtype) {
#define DTYPE_TEXT(name, text, bytes)                                                                                  \
    case name:                                                                                                         \
        return text;
        MOCO_DTYPE_MAP(DTYPE_TEXT)
#undef DTYPE_TEXT
    }
    return "?";
}

static size_t bytes_of(const moco_tensor *tensor)
{
    return (size_t)moco_tensor_numel(tensor) * moco_dtype_size(moco_tensor_dtype(tensor));
}

static json_t *entry_json(const moco_tensor *tensor, size_t begin)
{
    const size_t end = begin + bytes_of(tensor);
    json_t *shape = json_array();
    for (size_t d = 0; d < moco_tensor_ndim(tensor); ++d) {
        json_array_append_new(shape, json_integer(moco_tensor_size(tensor, d)));
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", text_of(moco_tensor_dtype(tensor)), "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)end);
}

/* Makes the header, padded with spaces so that the data start at a multiple of 8; the caller frees it. */
static moco_status make_header(char **out, size_t *length, const moco_named_tensor *tensors, size_t count,
                               const moco_metadata *metadata, size_t metadata_count)
{
    errno = 0; /* jansson does not say when malloc() fails */
    json_t *root = json_object();
    size_t keys = 0;
    if (metadata_count > 0) {
        json_t *texts = json_object();
        for (size_t i = 0; i < metadata_count; ++i) {
            json_object_set_new(texts, metadata[i].key, json_string(metadata[i].value));
        }
        keys = json_object_size(texts);
        json_object_set_new(root, metadata_key, texts);
    }
    size_t begin = 0;
    for (size_t i = 0; i < count; ++i) {
        json_object_set_new(root, tensors[i].name, entry_json(tensors[i].tensor, begin));
        begin += bytes_of(tensors[i].tensor);
    }
    const size_t entries = json_object_size(root);
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (errno == ENOMEM) {
        free(text);
        return moco_error_set(MOCO_ENOMEM, "out of memory for a header of %zu tensors", count);
    }
    if (text == NULL || keys != metadata_count || entries != count + (metadata_count > 0 ? 1 : 0)) {
        free(text);
        return moco_error_set(MOCO_EINVALID, "safetensors: a %s is used twice, or is not UTF-8",
                              keys != metadata_count ? "key of the metadata" : "name");
    }
    const size_t used = strlen(text);
    const size_t padded = (used + 7) / 8 * 8;
    char *grown = realloc(text, padded + 1);
    if (grown == NULL) {
        free(text);
        return moco_error_set(MOCO_ENOMEM, "out of memory for a header of %zu bytes", padded);
    }
    memset(grown + used, ' ', padded - used);
    *out = grown;
    *length = padded;
    return MOCO_OK;
}

/* Where the bytes go: to a file, or to a callback. */
typedef struct sink {
    moco__file *file; /* NULL: to the callback */
    moco_write_fn write;
    void *payload;
} sink;

static moco_status put(const sink *to, const void *bytes, size_t count)
{
    if (to->file != NULL) {
        return moco__file_put(to->file, bytes, count);
    }
    moco__callback_begin();
    return count > 0
               ? moco__callback_end(to->write(bytes, count, to->payload), "safetensors: the write callback failed")
               : MOCO_OK;
}

/* Writes row-major tensors of the CPU in place, others through a copy. */
static moco_status put_tensor(const sink *to, const moco_tensor *tensor)
{
    const size_t bytes = bytes_of(tensor);
    moco_tensor *view; /* a second handle, which is not const; the data are only read */
    MOCO_TRY(moco_tensor_detach(&view, NULL, tensor));
    void *data;
    moco_status status;
    if (moco_tensor_data(&data, view) == MOCO_OK) {
        status = put(to, data, bytes);
    } else {
        void *copy = malloc(bytes > 0 ? bytes : 1);
        status = copy != NULL ? moco_tensor_to_host(copy, bytes, tensor)
                              : moco_error_set(MOCO_ENOMEM, "out of memory for a tensor of %zu bytes", bytes);
        if (status == MOCO_OK) {
            status = put(to, copy, bytes);
        }
        free(copy);
    }
    moco_tensor_free(view);
    return status;
}

static moco_status put_tensors(const sink *to, const moco_named_tensor *tensors, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        MOCO_TRY(put_tensor(to, tensors[i].tensor));
    }
    return MOCO_OK;
}

static moco_status put_all(const sink *to, const char *header, size_t length, const moco_named_tensor *tensors,
                           size_t count)
{
    unsigned char prefix[8];
    for (size_t i = 0; i < sizeof prefix; ++i) {
        prefix[i] = (unsigned char)(length >> (8 * i));
    }
    MOCO_TRY(put(to, prefix, sizeof prefix));
    MOCO_TRY(put(to, header, length));
    return put_tensors(to, tensors, count);
}

static moco_status refuse_null(const char *list, size_t index)
{
    return moco_error_set(MOCO_EINVALID, "safetensors: %s[%zu] has a member that is NULL", list, index);
}

/* Names must be UTF-8 and differ, as keys of JSON do. */
static moco_status check(const moco_named_tensor *tensors, size_t count, const moco_metadata *metadata,
                         size_t metadata_count)
{
    if ((tensors == NULL && count > 0) || (metadata == NULL && metadata_count > 0)) {
        return moco_error_set(MOCO_EINVALID, "safetensors: %s is NULL, but its count is %zu",
                              tensors == NULL && count > 0 ? "tensors" : "metadata",
                              tensors == NULL && count > 0 ? count : metadata_count);
    }
    for (size_t i = 0; i < count; ++i) {
        if (tensors[i].name == NULL || tensors[i].tensor == NULL) {
            return refuse_null("tensors", i);
        }
        if (strcmp(tensors[i].name, metadata_key) == 0) {
            return moco_error_set(MOCO_EINVALID,
                                  "safetensors: tensors[%zu] has the name %s, which the format keeps for "
                                  "metadata; give another name",
                                  i, metadata_key);
        }
    }
    for (size_t i = 0; i < metadata_count; ++i) {
        if (metadata[i].key == NULL || metadata[i].value == NULL) {
            return refuse_null("metadata", i);
        }
        if (!moco__is_utf8(metadata[i].key, strlen(metadata[i].key)) ||
            !moco__is_utf8(metadata[i].value, strlen(metadata[i].value))) {
            return moco_error_set(MOCO_EINVALID, "safetensors: metadata[%zu] is not UTF-8", i);
        }
    }
    return MOCO_OK;
}

/* Writes to a file completely or not at all. */
static moco_status write_file(const char *path, const char *header, size_t length, const moco_named_tensor *tensors,
                              size_t count)
{
    moco__file file;
    const sink to = { .file = &file };
    MOCO_TRY(moco__file_begin(&file, path));
    const moco_status status = put_all(&to, header, length, tensors, count);
    if (status != MOCO_OK) {
        moco__file_abort(&file);
        return status;
    }
    return moco__file_commit(&file);
}

moco_status moco_safetensors_write(const char *path, const moco_named_tensor *tensors, size_t count,
                                   const moco_metadata *metadata, size_t metadata_count)
{
    MOCO_CHECK_ARG(path);
    MOCO_TRY(check(tensors, count, metadata, metadata_count));
    char *header = NULL;
    size_t length = 0;
    MOCO_TRY(make_header(&header, &length, tensors, count, metadata, metadata_count));
    const moco_status status = write_file(path, header, length, tensors, count);
    free(header);
    return status;
}

moco_status moco_safetensors_write_to(moco_write_fn write, void *payload, const moco_named_tensor *tensors,
                                      size_t count, const moco_metadata *metadata, size_t metadata_count)
{
    MOCO_CHECK_ARG(write);
    MOCO_TRY(check(tensors, count, metadata, metadata_count));
    const sink to = { NULL, write, payload };
    char *header = NULL;
    size_t length = 0;
    MOCO_TRY(make_header(&header, &length, tensors, count, metadata, metadata_count));
    const moco_status status = put_all(&to, header, length, tensors, count);
    free(header);
    return status;
}

static moco_status add_to_sum(const void *bytes, size_t count, void *payload)
{
    uLong *sum = payload;
    *sum = crc32_z(*sum, bytes, count);
    return MOCO_OK;
}

static moco_status put_sum(char *header, size_t length, const moco_named_tensor *tensors, size_t count)
{
    uLong sum = 0;
    const sink to = { NULL, add_to_sum, &sum };
    MOCO_TRY(put_all(&to, header, length, tensors, count));
    moco__checksum_put(moco__checksum_digits(header, length), sum);
    return MOCO_OK;
}

moco_status moco__safetensors_write_summed(const char *path, moco_write_fn write, void *payload,
                                           const moco_named_tensor *tensors, size_t count,
                                           const moco_metadata *metadata, size_t metadata_count)
{
    const sink to = { NULL, write, payload };
    char *header = NULL;
    size_t length = 0;
    moco_metadata *rows = moco__calloc(metadata_count + 1, sizeof *rows);
    moco_status status = rows != NULL ? check(tensors, count, metadata, metadata_count) : MOCO_ENOMEM;
    MOCO_TRY_GOTO(status);
    if (metadata_count > 0) {
        memcpy(rows, metadata, metadata_count * sizeof *rows);
    }
    rows[metadata_count] = (moco_metadata){ MOCO__CHECKSUM_KEY, MOCO__CHECKSUM_NONE };
    MOCO_TRY_GOTO(make_header(&header, &length, tensors, count, rows, metadata_count + 1));
    MOCO_TRY_GOTO(put_sum(header, length, tensors, count));
    MOCO_TRY_GOTO(path != NULL ? write_file(path, header, length, tensors, count)
                               : put_all(&to, header, length, tensors, count));
done:
    free(header);
    free(rows);
    return status;
}
