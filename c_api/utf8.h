/* Whether bytes are UTF-8. */
#ifndef MOCO_C_API_UTF8_H
#define MOCO_C_API_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the text is valid UTF-8, which YAML and the headers of checkpoints must be. */
bool moco__is_utf8(const char *text, size_t length);

#endif
