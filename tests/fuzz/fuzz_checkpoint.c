/*
 * Fuzzes the reader of what a checkpoint stores beside its tensors: any bytes as the header of its file must be
 * settings and a position, or an error with a message. Settings that are taken can be read back.
 */
#include "fuzz_file.h"

#include <string.h>

static void read_back(const moco_config *config)
{
    const moco_option *option;
    char text[MOCO_PATH_MAX];
    for (size_t i = 0; (option = moco_config_option(i)) != NULL; ++i) {
        if (!fuzz_took(moco_config_get(config, option, text, sizeof text))) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH_SIZE];
    moco_config config;
    moco_position position = { 0 };
    const uint64_t length = size;
    uint8_t *file = malloc(sizeof length + size);
    if (file == NULL) {
        abort();
    }
    memcpy(file, &length, sizeof length);
    memcpy(file + sizeof length, data, size);
    const int descriptor = fuzz_file(path, file, sizeof length + size);
    free(file);
    moco_config_init(&config, sizeof config);
    if (fuzz_took(moco_checkpoint_read_config(&config, &position, path))) {
        read_back(&config);
        (void)fuzz_took(moco_config_check(&config));
    }
    (void)close(descriptor);
    return 0;
}
