/* Reads .safetensors files. */
#ifndef MOCO_FORMATS_SAFETENSORS_READ_INTERNAL_H
#define MOCO_FORMATS_SAFETENSORS_READ_INTERNAL_H

#include "moco/safetensors.h"

/* An open file, mapped into memory. */
typedef struct moco__safetensors moco__safetensors;

/* A tensor's entry; borrowed from the file. */
typedef struct moco__safetensors_entry {
    const char *name;
    moco_dtype dtype;
    size_t ndim;
    const int64_t *sizes;
    const void *data; /* in the mapping */
    size_t bytes;
} moco__safetensors_entry;

/* Opens and checks a file. Returns MOCO_ENOTFOUND, MOCO_EIO or MOCO_EFORMAT; the message names file and fault. */
moco_status moco__safetensors_open(moco__safetensors **out, const char *path);
/* Does the same for a file that the caller has mapped and keeps mapped. */
moco_status moco__safetensors_open_map(moco__safetensors **out, const char *path, unsigned char *map, size_t bytes);
/* Closes a file; NULL is allowed. */
void moco__safetensors_free(moco__safetensors *file);
/* Returns all bytes of the file: eight of the header's length, the header, the tensors. */
unsigned char *moco__safetensors_bytes(size_t *bytes, size_t *header, const moco__safetensors *file);
/* Returns the number of tensors. */
size_t moco__safetensors_count(const moco__safetensors *file);
/* Returns the index-th tensor in the order of the data; NULL beyond the end. */
const moco__safetensors_entry *moco__safetensors_get(const moco__safetensors *file, size_t index);
/* Returns the tensor of a name, or NULL. */
const moco__safetensors_entry *moco__safetensors_find(const moco__safetensors *file, const char *name);
/* Gives the index-th metadata entry in the order of the file; false beyond the end. */
bool moco__safetensors_metadata_at(moco_metadata *out, const moco__safetensors *file, size_t index);
/* Returns a metadata text, or NULL. */
const char *moco__safetensors_metadata(const moco__safetensors *file, const char *key);
/* Copies a tensor of the file to a tensor of the same type and sizes. */
moco_status moco__safetensors_read(moco_tensor *tensor, const moco__safetensors *file, const char *name);
/* Returns the name of the index-th tensor of a type that libmoco does not read, and its type; NULL beyond the last. */
const char *moco__safetensors_foreign(const char **type, const moco__safetensors *file, size_t index);
/* Returns whether a tensor has these sizes. */
bool moco__tensor_has_sizes(const moco_tensor *tensor, const int64_t *sizes, size_t ndim);
/* Finds the entry of a name, and checks that it has the type and sizes of a tensor. */
moco_status moco__safetensors_fits(const moco__safetensors_entry **out, const moco_tensor *tensor,
                                   const moco__safetensors *file, const char *name);

#endif
