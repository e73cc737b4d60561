/**
 * @file safetensors.h
 * Reads and writes the safetensors file format of huggingface/safetensors.
 *
 * Bytes: u64 little-endian length of the header; the header, a JSON object {"name": {"dtype": "F32", "shape": [..],
 * "data_offsets": [begin, end]}, ..., "__metadata__": {"key": "text"}}, padded with spaces to a multiple of 8; then the
 * tensors, row-major, little-endian, without gaps. A reader refuses headers over 100 MB, repeated names, overlaps,
 * gaps, and sizes that do not match.
 */
#ifndef MOCO_SAFETENSORS_H
#define MOCO_SAFETENSORS_H

#include "tensor.h"

#include <string.h>

MOCO_BEGIN_DECLS

/** A tensor and its name, for writing. @since 0.1 */
typedef struct moco_named_tensor {
    const char *name;          /**< UTF-8, not "__metadata__"; each tensor has another */
    const moco_tensor *tensor; /**< on any device */
} moco_named_tensor;

/** A metadata entry. @since 0.1 */
typedef struct moco_metadata {
    const char *key;   /**< UTF-8; each entry has another */
    const char *value; /**< UTF-8 */
} moco_metadata;

/**
 * Writes a file completely or not at all: to a temporary name in the same folder, fsync, rename, fsync of the folder.
 * The same input gives the same bytes.
 * @return ::MOCO_EIO with the reason (full disk, no permission); an earlier file at @p path is then unchanged
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_safetensors_write(const char *path, const moco_named_tensor *tensors,
                                                          size_t count, const moco_metadata *metadata,
                                                          size_t metadata_count);

/**
 * Takes the next bytes of a file that is written to memory or to a stream.
 * @return ::MOCO_OK, or an error, which ends the writing
 * @since 0.2
 */
typedef moco_status (*moco_write_fn)(const void *bytes, size_t count, void *payload);

/**
 * Gives the bytes of moco_safetensors_write() to a callback, piece by piece, from first to last.
 * @return the error that the callback returned
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_safetensors_write_to(moco_write_fn write, void *payload,
                                                             const moco_named_tensor *tensors, size_t count,
                                                             const moco_metadata *metadata, size_t metadata_count);

/** An open file, mapped into memory. @since 0.1 */
typedef struct moco_safetensors moco_safetensors;

/** A tensor's entry; borrowed from the file. @since 0.1 */
typedef struct moco_safetensors_entry {
    const char *name;     /**< of the tensor */
    moco_dtype dtype;     /**< type of the elements */
    size_t ndim;          /**< number of dimensions */
    const int64_t *sizes; /**< ndim sizes */
    const void *data;     /**< in the mapping */
    size_t bytes;         /**< size of the elements */
} moco_safetensors_entry;

/** Opens and checks a file. @return ::MOCO_ENOTFOUND, ::MOCO_EIO or ::MOCO_EFORMAT, naming file and fault @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_safetensors_open(moco_safetensors **out, const char *path);

/** Closes a file; NULL is allowed. @since 0.1 */
MOCO_API void moco_safetensors_free(moco_safetensors *file);

/** Returns the number of tensors. @since 0.1 */
MOCO_API size_t moco_safetensors_count(const moco_safetensors *file);

/** Returns the @p index-th tensor in the order of the data, borrowed; NULL beyond the end. @since 0.1 */
MOCO_API const moco_safetensors_entry *moco_safetensors_get(const moco_safetensors *file, size_t index);

/** Returns the tensor of a name, borrowed, or NULL. @since 0.1 */
static inline const moco_safetensors_entry *moco_safetensors_find(const moco_safetensors *file, const char *name)
{
    const moco_safetensors_entry *entry = NULL;
    for (size_t i = 0; name != NULL && (entry = moco_safetensors_get(file, i)) != NULL; ++i) {
        if (strcmp(entry->name, name) == 0) {
            break;
        }
    }
    return entry;
}

/** Gives the @p index-th metadata entry in the order of the file, borrowed; false beyond the end. @since 0.1 */
MOCO_API bool moco_safetensors_metadata_at(moco_metadata *out, const moco_safetensors *file, size_t index);

/** Returns a metadata text, borrowed, or NULL. @since 0.1 */
static inline const char *moco_safetensors_metadata(const moco_safetensors *file, const char *key)
{
    moco_metadata entry = { NULL, NULL };
    for (size_t i = 0; key != NULL && moco_safetensors_metadata_at(&entry, file, i); ++i) {
        if (strcmp(entry.key, key) == 0) {
            return entry.value;
        }
    }
    return NULL;
}

/** Copies a tensor of the file to @p tensor. @return ::MOCO_EFORMAT if name, type or shape do not fit @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_safetensors_read(moco_tensor *tensor, const moco_safetensors *file,
                                                         const char *name);

MOCO_END_DECLS

#endif
