/* What the library asks about devices. */
#ifndef MOCO_BASE_DEVICE_INTERNAL_H
#define MOCO_BASE_DEVICE_INTERNAL_H

#include "moco/device.h"

MOCO_BEGIN_DECLS

/* Returns why "auto" is the CPU; "" if there is a GPU. Loads nothing where nothing hints at a GPU. */
const char *moco__device_reason(void);

/* Returns the text by which moco_device_parse() gives a device of this kind. */
static inline const char *moco__device_kind(moco_device_type type)
{
    return type == MOCO_CUDA ? "cuda" : "cpu";
}

MOCO_END_DECLS

#endif
