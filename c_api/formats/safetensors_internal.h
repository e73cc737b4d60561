/* Internals that reader and writer of safetensors share. */
#ifndef MOCO_FORMATS_SAFETENSORS_INTERNAL_H
#define MOCO_FORMATS_SAFETENSORS_INTERNAL_H

#include "moco/safetensors.h"

enum { MOCO__SAFETENSORS_MAX_HEADER = 100000000, MOCO__SAFETENSORS_MAX_DIMS = 16 };

/* As moco_safetensors_open(), of a file that is mapped already and stays so. */
moco_status moco__safetensors_open_map(moco_safetensors **out, const char *path, unsigned char *map, size_t bytes);
/* "F32" and so on. */
const char *moco__dtype_text(moco_dtype dtype);
/* Whether a tensor has these sizes. */
bool moco__tensor_has_sizes(const moco_tensor *tensor, const int64_t *sizes, size_t ndim);
/* The type of a text; false where there is none. */
bool moco__dtype_parse(moco_dtype *out, const char *text);

#endif
