/* Reads .safetensors files: maps them into memory, and checks every number of the header before using it. */
#include "formats/safetensors_read_internal.h"

#include "base/bytes_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/json_read_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HEADER_BYTES_MAX = 100000000, DIMS_MAX = 16 };

typedef struct entry {
    moco__safetensors_entry view;
    const char *foreign; /* a type that libmoco does not read; NULL: view.dtype */
    size_t begin;
    int64_t sizes[DIMS_MAX];
} entry;

struct moco__safetensors {
    char *path;
    unsigned char *map;
    size_t bytes;
    bool owns_map;
    json_t *header; /* owns names and metadata texts */
    entry *entries; /* in the order of the data; those of foreign types come after the others */
    size_t count;
    size_t foreign_count;
};

static bool parse_dtype(moco_dtype *out, const char *text)
{
#define DTYPE_PARSE(name, known, bytes)                                                                                \
    if (strcmp(text, known) == 0) {                                                                                    \
        *out = name;                                                                                                   \
        return true;                                                                                                   \
    }
    MOCO_DTYPE_MAP(DTYPE_PARSE)
#undef DTYPE_PARSE
    return false;
}

static moco_status parse_header(moco__safetensors *file, size_t *data_begin)
{
    if (file->bytes < 10) {
        return moco_error_set(MOCO_EFORMAT, "%s: %zu bytes are too few for a safetensors file", file->path,
                              file->bytes);
    }
    const uint64_t length = moco__little_endian(file->map, 8);
    const bool fits = length >= 2 && length <= HEADER_BYTES_MAX && length <= file->bytes - 8;
    if (!fits && ((const char *)file->map)[8] != '{') {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: neither a safetensors file, which has a header in JSON, nor one of PyTorch; was "
                              "it copied completely? Give a .safetensors file, or one of PyTorch (.pth, .pt, .ckpt)",
                              file->path);
    }
    if (!fits) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: not a safetensors file, or cut off: a header of %llu bytes in a file of %zu",
                              file->path, (unsigned long long)length, file->bytes);
    }
    json_error_t error;
    MOCO_TRY(
        moco__json_read(&file->header, (const char *)file->map + 8, (size_t)length, JSON_REJECT_DUPLICATES, &error));
    if (!json_is_object(file->header)) {
        return moco_error_set(MOCO_EFORMAT, "%s: bad safetensors header: %s", file->path,
                              file->header == NULL ? error.text : "not an object");
    }
    *data_begin = 8 + (size_t)length;
    return MOCO_OK;
}

/* Parses the sizes, and multiplies them and the size of the type without overflow. */
static bool parse_shape(entry *out, const json_t *shape, size_t *bytes)
{
    out->view.ndim = json_array_size(shape);
    if (!json_is_array(shape) || out->view.ndim > DIMS_MAX) {
        return false;
    }
    size_t product = out->foreign == NULL ? moco_dtype_size(out->view.dtype) : 1;
    for (size_t d = 0; d < out->view.ndim; ++d) {
        const json_t *size = json_array_get(shape, d);
        const json_int_t value = json_integer_value(size);
        if (!json_is_integer(size) || value < 0 || __builtin_mul_overflow(product, (size_t)value, &product)) {
            return false;
        }
        out->sizes[d] = (int64_t)value;
    }
    *bytes = product;
    return true;
}

static moco_status parse_entry(entry *out, const moco__safetensors *file, const char *name, const json_t *value,
                               size_t data_begin)
{
    const json_t *dtype = json_object_get(value, "dtype");
    const json_t *offsets = json_object_get(value, "data_offsets");
    const json_t *begin = json_array_get(offsets, 0);
    const json_t *end = json_array_get(offsets, 1);
    size_t bytes = 0;
    out->view.name = name;
    if (!json_is_string(dtype)) {
        return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" has no type", file->path, name);
    }
    out->foreign = parse_dtype(&out->view.dtype, json_string_value(dtype)) ? NULL : json_string_value(dtype);
    if (!parse_shape(out, json_object_get(value, "shape"), &bytes)) {
        return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" has a bad shape", file->path, name);
    }
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin) ||
        (size_t)json_integer_value(end) > file->bytes - data_begin ||
        (out->foreign == NULL && (size_t)(json_integer_value(end) - json_integer_value(begin)) != bytes)) {
        return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" of %zu bytes has offsets that do not fit the file",
                              file->path, name, bytes);
    }
    bytes = (size_t)(json_integer_value(end) - json_integer_value(begin));
    out->begin = (size_t)json_integer_value(begin);
    out->view.bytes = bytes;
    out->view.data = file->map + data_begin + out->begin;
    return MOCO_OK;
}

static int by_position(const void *a, const void *b)
{
    const entry *x = a;
    const entry *y = b;
    if (x->begin != y->begin) {
        return x->begin < y->begin ? -1 : 1;
    }
    return x->view.bytes < y->view.bytes ? -1 : x->view.bytes > y->view.bytes;
}

static moco_status check_metadata(const moco__safetensors *file)
{
    json_t *metadata = json_object_get(file->header, "__metadata__");
    const char *key;
    json_t *value;
    if (metadata != NULL && !json_is_object(metadata)) {
        return moco_error_set(MOCO_EFORMAT, "%s: __metadata__ is not an object", file->path);
    }
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value)) {
            return moco_error_set(MOCO_EFORMAT, "%s: metadata \"%s\" is not a text", file->path, key);
        }
    }
    return MOCO_OK;
}

/* Moves the tensors of foreign types behind the others, and keeps the order of both. */
static moco_status set_foreign_aside(moco__safetensors *file)
{
    entry *sorted = moco__calloc(file->count + 1, sizeof *sorted);
    size_t at = 0;
    if (sorted == NULL) {
        return MOCO_ENOMEM;
    }
    for (int foreign = 0; foreign < 2; ++foreign) {
        for (size_t i = 0; i < file->count; ++i) {
            if ((file->entries[i].foreign != NULL) == (foreign != 0)) {
                sorted[at] = file->entries[i];
                sorted[at].view.sizes = sorted[at].sizes;
                ++at;
                file->foreign_count += foreign != 0;
            }
        }
    }
    free(file->entries);
    file->entries = sorted;
    file->count -= file->foreign_count;
    return MOCO_OK;
}

static moco_status parse_entries(moco__safetensors *file, size_t data_begin)
{
    file->entries = moco__calloc(json_object_size(file->header) + 1, sizeof *file->entries);
    if (file->entries == NULL) {
        return MOCO_ENOMEM;
    }
    const char *name;
    json_t *value;
    json_object_foreach(file->header, name, value)
    {
        if (strcmp(name, "__metadata__") != 0) {
            MOCO_TRY(parse_entry(&file->entries[file->count], file, name, value, data_begin));
            file->count += 1;
        }
    }
    qsort(file->entries, file->count, sizeof *file->entries, by_position);
    size_t at = 0;
    for (size_t i = 0; i < file->count; ++i) {
        entry *e = &file->entries[i];
        if (e->begin != at) {
            return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" %s what is before it", file->path, e->view.name,
                                  e->begin < at ? "overlaps" : "leaves a gap to");
        }
        at += e->view.bytes;
    }
    if (at != file->bytes - data_begin) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: has %zu bytes of data, but its header describes %zu; the file is cut off or "
                              "damaged",
                              file->path, file->bytes - data_begin, at);
    }
    return set_foreign_aside(file);
}

static moco_status parse(moco__safetensors *file)
{
    size_t data_begin = 0;
    MOCO_TRY(parse_header(file, &data_begin));
    MOCO_TRY(check_metadata(file));
    return parse_entries(file, data_begin);
}

moco_status moco__safetensors_open_map(moco__safetensors **out, const char *path, unsigned char *map, size_t bytes)
{
    moco__safetensors *file = moco__handle_alloc(sizeof *file);
    if (file == NULL) {
        return MOCO_ENOMEM;
    }
    file->map = map;
    file->bytes = bytes;
    file->path = strdup(path);
    const moco_status status =
        file->path != NULL ? parse(file) : moco_error_set(MOCO_ENOMEM, "out of memory for a path");
    if (status != MOCO_OK) {
        moco__safetensors_free(file);
        return status;
    }
    *out = file;
    return MOCO_OK;
}

moco_status moco__safetensors_open(moco__safetensors **out, const char *path)
{
    unsigned char *map = NULL;
    size_t bytes = 0;
    MOCO_TRY(moco__file_map(&map, &bytes, path));
    const moco_status status = moco__safetensors_open_map(out, path, map, bytes);
    if (status == MOCO_OK) {
        (*out)->owns_map = true;
    } else if (map != NULL) {
        (void)munmap(map, bytes);
    }
    return status;
}

void moco__safetensors_free(moco__safetensors *file)
{
    if (file != NULL) {
        if (file->owns_map && file->map != NULL) {
            (void)munmap(file->map, file->bytes);
        }
        json_decref(file->header);
        free(file->entries);
        free(file->path);
        moco__handle_free(file);
    }
}

unsigned char *moco__safetensors_bytes(size_t *bytes, size_t *header, const moco__safetensors *file)
{
    *bytes = file->bytes;
    *header = (size_t)moco__little_endian(file->map, 8);
    return file->map;
}

size_t moco__safetensors_count(const moco__safetensors *file)
{
    return file->count;
}

const moco__safetensors_entry *moco__safetensors_get(const moco__safetensors *file, size_t index)
{
    return index < file->count ? &file->entries[index].view : NULL;
}

const moco__safetensors_entry *moco__safetensors_find(const moco__safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->count; ++i) {
        if (strcmp(file->entries[i].view.name, name) == 0) {
            return &file->entries[i].view;
        }
    }
    return NULL;
}

const char *moco__safetensors_foreign(const char **type, const moco__safetensors *file, size_t index)
{
    const entry *e = index < file->foreign_count ? &file->entries[file->count + index] : NULL;
    *type = e != NULL ? e->foreign : NULL;
    return e != NULL ? e->view.name : NULL;
}

bool moco__safetensors_metadata_at(moco_metadata *out, const moco__safetensors *file, size_t index)
{
    const char *key;
    json_t *value;
    size_t i = 0;
    json_object_foreach(json_object_get(file->header, "__metadata__"), key, value)
    {
        if (i++ == index) {
            *out = (moco_metadata){ key, json_string_value(value) };
            return true;
        }
    }
    return false;
}

const char *moco__safetensors_metadata(const moco__safetensors *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

bool moco__tensor_has_sizes(const moco_tensor *tensor, const int64_t *sizes, size_t ndim)
{
    bool same = ndim == moco_tensor_ndim(tensor);
    for (size_t d = 0; same && d < ndim; ++d) {
        same = sizes[d] == moco_tensor_size(tensor, d);
    }
    return same;
}

moco_status moco__safetensors_fits(const moco__safetensors_entry **out, const moco_tensor *tensor,
                                   const moco__safetensors *file, const char *name)
{
    const moco__safetensors_entry *found = moco__safetensors_find(file, name);
    if (found == NULL) {
        return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" is missing", file->path, name);
    }
    if (found->dtype != moco_tensor_dtype(tensor) || !moco__tensor_has_sizes(tensor, found->sizes, found->ndim)) {
        return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" has another type or shape than is wanted here",
                              file->path, name);
    }
    *out = found;
    return MOCO_OK;
}

moco_status moco__safetensors_read(moco_tensor *tensor, const moco__safetensors *file, const char *name)
{
    const moco__safetensors_entry *found;
    MOCO_TRY(moco__safetensors_fits(&found, tensor, file, name));
    return moco_tensor_set_from_host(tensor, found->data, found->bytes);
}
