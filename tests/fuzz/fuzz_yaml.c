/*
 * Fuzzes the reader of configuration files: any bytes must be settings, which are the same once written and read
 * again, or an error with a message.
 */
#include "fuzz_file.h"

#include <string.h>

static void check_equal(const moco_config *one, const moco_config *other)
{
    const moco_option *option;
    char a[MOCO_PATH_MAX];
    char b[MOCO_PATH_MAX];
    for (size_t i = 0; (option = moco_config_option(i)) != NULL; ++i) {
        if (moco_config_get(one, option, a, sizeof a) != MOCO_OK ||
            moco_config_get(other, option, b, sizeof b) != MOCO_OK || strcmp(a, b) != 0) {
            abort();
        }
    }
}

/* A disk write is slow: only every so often. */
static void check_round_trip(const moco_config *config)
{
    enum { EVERY = 64 };
    static unsigned count;
    char path[2 * FUZZ_PATH_SIZE];
    moco_config again;
    if (count++ % EVERY != 0) {
        return;
    }
    (void)snprintf(path, sizeof path, "%s/config.yaml", fuzz_folder());
    moco_config_init(&again, sizeof again);
    if (moco_config_save(config, path) != MOCO_OK || moco_config_load(&again, path) != MOCO_OK) {
        (void)fprintf(stderr, "%s\n", moco_error_message());
        abort();
    }
    (void)remove(path);
    check_equal(config, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH_SIZE];
    moco_config config;
    const int descriptor = fuzz_file(path, data, size);
    moco_config_init(&config, sizeof config);
    if (fuzz_took(moco_config_load(&config, path))) {
        check_round_trip(&config);
        (void)fuzz_took(moco_config_check(&config));
    }
    (void)close(descriptor);
    return 0;
}
