/* Writes a setting as text. */
#ifndef MOCO_CONFIG_CONFIG_FIELDS_INTERNAL_H
#define MOCO_CONFIG_CONFIG_FIELDS_INTERNAL_H

#include "moco/config.h"

/* As moco_config_get(), but an option that the program behind a configuration does not know has its default. */
moco_status moco__config_get(const moco_config *config, const moco_option *option, char *buffer, size_t size);

#endif
