/*
 * Fuzzes settings as texts: each line's first byte picks an option, and the rest is its value. A value that is taken is
 * the same once it is read back and set again; any other is an error with a message.
 */
#include "fuzz_file.h"

#include <string.h>

enum { LINES_MAX = 64 };

static void set(moco_config *config, const moco_option *option, const char *value)
{
    char first[MOCO_PATH_MAX];
    char second[MOCO_PATH_MAX];
    if (!fuzz_took(moco_config_set(config, option->name, value)) ||
        !fuzz_took(moco_config_get(config, option, first, sizeof first))) {
        return;
    }
    if (!fuzz_took(moco_config_set(config, option->name, first)) ||
        !fuzz_took(moco_config_get(config, option, second, sizeof second)) || strcmp(first, second) != 0) {
        (void)fprintf(stderr, "%s: %s\n%s\n%s\n", option->name, first, second, moco_error_message());
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    moco_config config;
    size_t count = 0;
    const char *text = (const char *)data;
    (void)moco_config_options(&count);
    moco_config_init(&config, sizeof config);
    for (size_t lines = 0; size > 0 && lines < LINES_MAX; ++lines) {
        const char *end = memchr(text, '\n', size);
        const size_t length = end != NULL ? (size_t)(end - text) : size;
        if (length > 0) {
            char *value = strndup(text + 1, length - 1);
            if (value == NULL) {
                abort();
            }
            set(&config, moco_config_option((uint8_t)text[0] % count), value);
            free(value);
        }
        text += length + (end != NULL ? 1 : 0);
        size -= length + (end != NULL ? 1 : 0);
    }
    (void)fuzz_took(moco_config_check(&config));
    return 0;
}
