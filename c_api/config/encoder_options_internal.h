/* What a configuration says about an encoder: whether its architecture is for small images, and its arithmetic slow. */
#ifndef MOCO_CONFIG_ENCODER_OPTIONS_INTERNAL_H
#define MOCO_CONFIG_ENCODER_OPTIONS_INTERNAL_H

#include "moco/device.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns whether an architecture is made for small images; false for unknown names. */
bool moco__architecture_is_small(const char *name);

/* Returns why the precision that was asked for is slow on a device, and what to do; NULL if it is not. `fastest` is
 * what moco_precision_fastest() says of the device. */
const char *moco__precision_advice(moco_precision asked, moco_precision fastest, moco_device_type type);

#ifdef __cplusplus
}
#endif

#endif
