/*
 * Fuzzes the readers of what launchers leave in the environment: the first byte picks a launcher, and each line's first
 * byte a variable, whose value is the rest. The result must fit together, or be an error with a message.
 */
#include "fuzz_file.h"

#include "../support/launch_variables.h"

#include <string.h>

static const char *const launchers[] = { "auto", "torchrun", "mpi", "slurm", "none" };

static void set_variables(const char *text, size_t size)
{
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        const size_t length = end != NULL ? (size_t)(end - text) : size;
        if (length > 0) {
            char *value = strndup(text + 1, length - 1);
            if (value == NULL || setenv(launch_variables[(uint8_t)text[0] % LAUNCH_VARIABLES], value, 1) != 0) {
                abort();
            }
            free(value);
        }
        text += length + (end != NULL ? 1 : 0);
        size -= length + (end != NULL ? 1 : 0);
    }
}

static void check(const moco_launch *l)
{
    if (l->rank < 0 || l->rank >= l->world || l->local_rank < 0 || l->local_rank >= l->local_world ||
        l->local_world > l->world || l->port < 1 || l->port > 65535 || l->address[0] == '\0' ||
        memchr(l->address, '\0', sizeof l->address) == NULL || memchr(l->attempt, '\0', sizeof l->attempt) == NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    moco_launch launch = MOCO_LAUNCH_INIT;
    for (size_t i = 0; i < LAUNCH_VARIABLES; ++i) {
        (void)unsetenv(launch_variables[i]);
    }
    if (size > 0) {
        set_variables((const char *)data + 1, size - 1);
        if (fuzz_took(
                moco_launch_from_environment(&launch, launchers[data[0] % (sizeof launchers / sizeof *launchers)]))) {
            check(&launch);
        }
    }
    return 0;
}
