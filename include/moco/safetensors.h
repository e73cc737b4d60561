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

MOCO_END_DECLS

#endif
