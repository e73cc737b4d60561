/* What the library asks about devices. */
#ifndef MOCO_BASE_DEVICE_INTERNAL_H
#define MOCO_BASE_DEVICE_INTERNAL_H

#include "moco/device.h"

MOCO_BEGIN_DECLS

/* Returns why "auto" is the CPU; "" if there is a GPU. Loads nothing where nothing hints at a GPU. */
const char *moco__device_reason(void);

MOCO_END_DECLS

#endif
