/* Writes safetensors files whose damage can be found. */
#ifndef MOCO_FORMATS_SAFETENSORS_WRITE_INTERNAL_H
#define MOCO_FORMATS_SAFETENSORS_WRITE_INTERNAL_H

#include "moco/safetensors.h"

/* Does what moco_safetensors_write() does, or with a path of NULL moco_safetensors_write_to(). The metadata get a row
 * with the checksum of the file. */
moco_status moco__safetensors_write_summed(const char *path, moco_write_fn write, void *payload,
                                           const moco_named_tensor *tensors, size_t count,
                                           const moco_metadata *metadata, size_t metadata_count);

#endif
