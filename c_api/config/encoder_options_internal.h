/* Looks architectures up by the name that a configuration has. */
#ifndef MOCO_CONFIG_ENCODER_OPTIONS_INTERNAL_H
#define MOCO_CONFIG_ENCODER_OPTIONS_INTERNAL_H

#include <stdbool.h>

/* Returns whether an architecture is made for small images; false for unknown names. */
bool moco__architecture_is_small(const char *name);

#endif
