/* Checks UTF-8. */
#ifndef MOCO_BASE_UTF8_INTERNAL_H
#define MOCO_BASE_UTF8_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the bytes of the first character; 0 if it is truncated, overlong, a surrogate or too large. */
size_t moco__utf8_length(const char *text, size_t left);

/* Whether the text is valid UTF-8. YAML and the headers of checkpoints must be. */
bool moco__is_utf8(const char *text, size_t length);

#endif
