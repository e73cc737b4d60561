/* Reads JSON, and tells a lack of memory from text that is no JSON. */
#ifndef MOCO_BASE_JSON_READ_INTERNAL_H
#define MOCO_BASE_JSON_READ_INTERNAL_H

#include "moco/error.h"

#include <jansson.h>

/*
 * Parses a text; `flags` and `error` are those of json_loadb(), and `error` may be NULL. Sets *out to NULL if it is no
 * JSON, which is no failure. Returns ::MOCO_ENOMEM if memory is out. The caller owns *out.
 */
moco_status moco__json_read(json_t **out, const char *text, size_t size, size_t flags, json_error_t *error);

#endif
