/* Reads JSON, and distinguishes out of memory from text that is not JSON. */
#include "base/json_read_internal.h"

#include <errno.h>

moco_status moco__json_read(json_t **out, const char *text, size_t size, size_t flags, json_error_t *error)
{
    errno = 0; /* jansson gives other reasons when malloc() fails */
    *out = json_loadb(text, size, flags, error);
    return *out == NULL && errno == ENOMEM ? moco_error_set(MOCO_ENOMEM, "out of memory for JSON of %zu bytes", size)
                                           : MOCO_OK;
}
