/*
 * Fuzzes the readers of what launchers leave in the environment: the first byte picks a launcher, and each line's first
 * byte a variable, whose value is the rest. The result must fit together, or be an error with a message.
 */
#include "fuzz_file.h"

#include <string.h>

static const char *const variables[] = {
    "RANK",
    "WORLD_SIZE",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
    "TORCHELASTIC_USE_AGENT_STORE",
    "TORCHELASTIC_RUN_ID",
    "TORCHELASTIC_RESTART_COUNT",
    "OMPI_COMM_WORLD_RANK",
    "OMPI_COMM_WORLD_SIZE",
    "OMPI_COMM_WORLD_LOCAL_RANK",
    "OMPI_COMM_WORLD_LOCAL_SIZE",
    "OMPI_MCA_ess_base_jobid",
    "PMIX_NAMESPACE",
    "PMI_RANK",
    "PMI_SIZE",
    "MPI_LOCALRANKID",
    "MPI_LOCALNRANKS",
    "SLURM_PROCID",
    "SLURM_NTASKS",
    "SLURM_LOCALID",
    "SLURM_JOB_ID",
    "SLURM_JOB_NODELIST",
    "SLURM_STEP_ID",
    "SLURM_STEP_NODELIST",
    "SLURM_STEP_TASKS_PER_NODE",
    "MOCO_RUN_TOKEN",
};
enum { VARIABLES = sizeof variables / sizeof variables[0] };

static const char *const launchers[] = { "auto", "torchrun", "mpi", "slurm", "none" };

static void set_variables(const char *text, size_t size)
{
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        const size_t length = end != NULL ? (size_t)(end - text) : size;
        if (length > 0) {
            char *value = strndup(text + 1, length - 1);
            if (value == NULL || setenv(variables[(uint8_t)text[0] % VARIABLES], value, 1) != 0) {
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
    for (size_t i = 0; i < VARIABLES; ++i) {
        (void)unsetenv(variables[i]);
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
