/*
 * What the files of the configuration share.
 */
#ifndef MOCO_C_API_CONFIG_INTERNAL_H
#define MOCO_C_API_CONFIG_INTERNAL_H

#include "moco/config.h"

/* Bound of the rows of the option table. */
enum { MOCO__MAX_OPTIONS = 128 };

/* Whether the text is valid UTF-8, which YAML and the headers of checkpoints must be. */
bool moco__is_utf8(const char *text, size_t length);

#endif
