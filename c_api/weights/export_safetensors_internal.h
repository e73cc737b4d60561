/* Writes an export as a .safetensors file. */
#ifndef MOCO_WEIGHTS_EXPORT_SAFETENSORS_INTERNAL_H
#define MOCO_WEIGHTS_EXPORT_SAFETENSORS_INTERNAL_H

#include "weights/export_job_internal.h"

moco_status moco__export_safetensors(moco__export *job, const char *path);

#endif
