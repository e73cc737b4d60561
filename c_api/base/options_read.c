/* Reads and fills in structs of options, whose size the caller gives. */
#include "base/options_read_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The size of a struct of a later version is at most this; a larger one is garbage, behind which nothing may be read.
 */
static size_t largest(size_t size)
{
    return 2 * size + 1024;
}

/* "MOCO_SGD_OPTIONS_INIT" gives "moco_sgd_options". */
static void name_of(char *name, size_t room, const char *start)
{
    const size_t length = strlen(start) - strlen("_INIT");
    (void)snprintf(name, room, "%.*s", (int)length, start);
    for (char *c = name; *c != '\0'; ++c) {
        *c = (char)tolower((unsigned char)*c);
    }
}

static moco_status refuse_size(size_t given, const char *start)
{
    char name[64];
    name_of(name, sizeof name, start);
    const bool is_macro = isupper((unsigned char)start[0]) != 0; /* moco_config has only the function */
    return moco_error_set(MOCO_EINVALID, "%s: struct_size is %zu; start from %s%s%s_init(), which set it to sizeof(%s)",
                          name, given, is_macro ? start : "", is_macro ? " or " : "", name, name);
}

/* Members that this library does not know must be unused. */
static moco_status check_rest(const unsigned char *bytes, size_t given, size_t size, const char *start)
{
    for (size_t i = size; i < given; ++i) {
        if (bytes[i] != 0) {
            char name[64];
            name_of(name, sizeof name, start);
            return moco_error_set(MOCO_EINVALID,
                                  "%s: byte %zu is set, but this library knows %zu bytes; leave newer members at zero, "
                                  "or use a newer library",
                                  name, i, size);
        }
    }
    return MOCO_OK;
}

moco_status moco__options_read(void *out, const void *options, const void *defaults, size_t size, const char *start)
{
    size_t given = size;
    if (options != NULL) {
        memcpy(&given, options, sizeof given);
        if (given < sizeof given || given % sizeof given != 0 || given > largest(size)) {
            return refuse_size(given, start);
        }
        MOCO_TRY(check_rest(options, given, size, start));
    }
    memmove(out, defaults, size);
    if (options != NULL) {
        memcpy(out, options, given < size ? given : size);
    }
    memcpy(out, &size, sizeof size);
    return MOCO_OK;
}

void moco__options_write(void *options, const void *full, size_t size)
{
    size_t given = 0;
    memcpy(&given, options, sizeof given);
    memcpy((char *)options + sizeof given, (const char *)full + sizeof given,
           (given < size ? given : size) - sizeof given);
}

void moco__options_init(void *options, size_t struct_size, const void *defaults, size_t size)
{
    if (options == NULL || struct_size < sizeof struct_size || struct_size > largest(size)) {
        return; /* a call with the options refuses them */
    }
    memset(options, 0, struct_size);
    memcpy(options, defaults, struct_size < size ? struct_size : size);
    memcpy(options, &struct_size, sizeof struct_size);
}
