/* Reads .safetensors files that are mapped into memory already. */
#ifndef MOCO_FORMATS_SAFETENSORS_READ_INTERNAL_H
#define MOCO_FORMATS_SAFETENSORS_READ_INTERNAL_H

#include "moco/safetensors.h"

/* Like moco_safetensors_open(), for a file that the caller has mapped and keeps mapped. */
moco_status moco__safetensors_open_map(moco_safetensors **out, const char *path, unsigned char *map, size_t bytes);
/* Returns the name of the index-th tensor of a type that libmoco does not read, and its type; NULL beyond the last. */
const char *moco__safetensors_foreign(const char **type, const moco_safetensors *file, size_t index);
/* Returns whether a tensor has these sizes. */
bool moco__tensor_has_sizes(const moco_tensor *tensor, const int64_t *sizes, size_t ndim);
/* Finds the entry of a name, and checks that it has the type and sizes of a tensor. */
moco_status moco__safetensors_fits(const moco_safetensors_entry **out, const moco_tensor *tensor,
                                   const moco_safetensors *file, const char *name);

#endif
