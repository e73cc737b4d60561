/*
 * Fuzzes the reader of augmentations as lists in YAML: any bytes behind "policy:" must be a policy, which is the same
 * once written and read again, or an error with a message.
 */
#include "fuzz_file.h"

#include <string.h>

/* Writes a policy as moco does. Returns whether it is one: a text is only checked where it is used. */
static bool format(char out[MOCO_AUGMENT_TEXT_MAX], const char *text)
{
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    return fuzz_took(moco_augment_parse(&policy, text)) &&
           fuzz_took(moco_augment_format(out, MOCO_AUGMENT_TEXT_MAX, &policy));
}

static void check_equal(const char *before, const char *after)
{
    char first[MOCO_AUGMENT_TEXT_MAX];
    char second[MOCO_AUGMENT_TEXT_MAX];
    const bool is_policy = format(first, before);
    if (is_policy != format(second, after) || strcmp(is_policy ? first : before, is_policy ? second : after) != 0) {
        (void)fprintf(stderr, "%s\n%s\n", before, after);
        abort();
    }
}

/* A disk write is slow: only every so often. */
static void check_round_trip(const moco_config *config)
{
    enum { EVERY = 16 };
    static unsigned count;
    char path[2 * FUZZ_PATH_SIZE];
    moco_config again;
    check_equal(config->policy, config->policy);
    if (count++ % EVERY != 0) {
        return;
    }
    (void)snprintf(path, sizeof path, "%s/config.yaml", fuzz_folder());
    moco_config_init(&again, sizeof again);
    if (moco_config_save(config, path) != MOCO_OK || moco_config_load(&again, path) != MOCO_OK) {
        (void)fprintf(stderr, "%s\n%s\n", config->policy, moco_error_message());
        abort();
    }
    (void)remove(path);
    check_equal(config->policy, again.policy);
    check_equal(config->key_policy, again.key_policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char start[] = "policy:";
    char path[FUZZ_PATH_SIZE];
    moco_config config;
    uint8_t *file = malloc(sizeof start + size);
    if (file == NULL) {
        abort();
    }
    memcpy(file, start, sizeof start - 1);
    memcpy(file + sizeof start - 1, data, size);
    const int descriptor = fuzz_file(path, file, sizeof start - 1 + size);
    moco_config_init(&config, sizeof config);
    if (fuzz_took(moco_config_load(&config, path))) {
        check_round_trip(&config);
    }
    free(file);
    (void)close(descriptor);
    return 0;
}
