/* Reads which process of a run this is from the variables that torchrun, mpirun and srun set. */
#include "ranks/launch_internal.h"

#include "base/handle_internal.h"
#include "base/hash_internal.h"
#include "base/options_read_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_JOB_PORT = 20000, /* ports that are derived from a job's name */
    JOB_PORTS = 10000,
    TOKEN_MIN = 16, /* characters of a token */
    TOKEN_MAX = 128
};

/* Reads a number from the environment; `fallback` if the variable is not set. */
static moco_status read_number(int32_t *out, const char *name, int32_t fallback)
{
    const char *text = getenv(name);
    if (text == NULL || *text == '\0') {
        *out = fallback;
        return MOCO_OK;
    }
    char *end = NULL;
    const long value = strtol(text, &end, 10);
    if (*end != '\0' || value < 0 || value > INT_MAX) {
        return moco_error_set(MOCO_EINVALID, "launch: %s is \"%s\"; it must be a whole number from 0 to %d", name, text,
                              INT_MAX);
    }
    *out = (int32_t)value;
    return MOCO_OK;
}

static moco_status need_number(int32_t *out, const char *name)
{
    if (getenv(name) == NULL) {
        return moco_error_set(MOCO_EINVALID,
                              "launch: %s is not set; start the processes with a launcher, or use launcher none", name);
    }
    return read_number(out, name, 0);
}

static moco_status copy_text(char *out, size_t size, const char *name, const char *text)
{
    const size_t length = strlen(text);
    if (length >= size) {
        return moco_error_set(MOCO_EINVALID, "launch: %s is longer than %zu bytes: \"%.64s...\"; use a shorter one",
                              name, size - 1, text);
    }
    memcpy(out, text, length + 1);
    return MOCO_OK;
}

/* MASTER_ADDR and MASTER_PORT override what the launcher's other variables say. */
static moco_status read_master(moco_launch *launch)
{
    const char *address = getenv("MASTER_ADDR");
    if (address != NULL && *address != '\0') {
        MOCO_TRY(copy_text(launch->address, sizeof launch->address, "MASTER_ADDR", address));
    }
    return read_number(&launch->port, "MASTER_PORT", launch->port);
}

/* Returns a port that jobs on the same host are unlikely to share. */
static int32_t port_of_job(const char *job)
{
    if (job == NULL) {
        return MOCO_DEFAULT_PORT;
    }
    return FIRST_JOB_PORT + (int32_t)(moco__hash(MOCO__HASH_START, job, strlen(job)) % JOB_PORTS);
}

static moco_status from_torchrun(moco_launch *launch)
{
    MOCO_TRY(need_number(&launch->rank, "RANK"));
    MOCO_TRY(need_number(&launch->world, "WORLD_SIZE"));
    MOCO_TRY(read_number(&launch->local_rank, "LOCAL_RANK", 0));
    MOCO_TRY(read_number(&launch->local_world, "LOCAL_WORLD_SIZE", 1));
    const char *served = getenv("TORCHELASTIC_USE_AGENT_STORE");
    launch->store_served = served != NULL && strcmp(served, "True") == 0;
    const char *id = getenv("TORCHELASTIC_RUN_ID");
    const char *restarts = getenv("TORCHELASTIC_RESTART_COUNT");
    char attempt[2 * sizeof launch->attempt];
    (void)snprintf(attempt, sizeof attempt, "%s/%s", id != NULL ? id : "", restarts != NULL ? restarts : "0");
    MOCO_TRY(copy_text(launch->attempt, sizeof launch->attempt, "TORCHELASTIC_RUN_ID", attempt));
    return read_master(launch);
}

static moco_status from_mpi(moco_launch *launch)
{
    const bool open_mpi = getenv("OMPI_COMM_WORLD_SIZE") != NULL;
    MOCO_TRY(need_number(&launch->rank, open_mpi ? "OMPI_COMM_WORLD_RANK" : "PMI_RANK"));
    MOCO_TRY(need_number(&launch->world, open_mpi ? "OMPI_COMM_WORLD_SIZE" : "PMI_SIZE"));
    MOCO_TRY(read_number(&launch->local_rank, open_mpi ? "OMPI_COMM_WORLD_LOCAL_RANK" : "MPI_LOCALRANKID", 0));
    MOCO_TRY(
        read_number(&launch->local_world, open_mpi ? "OMPI_COMM_WORLD_LOCAL_SIZE" : "MPI_LOCALNRANKS", launch->world));
    const char *job = getenv("PMIX_NAMESPACE");
    launch->port = port_of_job(job != NULL ? job : getenv("OMPI_MCA_ess_base_jobid"));
    if (launch->local_world < launch->world && getenv("MASTER_ADDR") == NULL) {
        return moco_error_set(
            MOCO_EINVALID,
            "launch: mpirun started processes on several hosts, but MASTER_ADDR is not set; name the host of "
            "rank 0: mpirun -x MASTER_ADDR=HOST ...");
    }
    return read_master(launch);
}

/* srun gives its tasks a step. The script of sbatch and the shell of salloc have the numbers of the job's tasks too, as
 * if they were the first of these. */
static bool is_slurm_task(void)
{
    static const char *const of_steps[] = { "SLURM_STEP_ID", "SLURM_STEPID", "SLURM_STEP_NUM_TASKS",
                                            "SLURM_STEP_TASKS_PER_NODE", "SLURM_STEP_NODELIST" };
    for (size_t i = 0; i < sizeof of_steps / sizeof of_steps[0]; ++i) {
        if (getenv(of_steps[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Refuses a job of several tasks whose script starts a single process. */
static moco_status check_slurm_script(void)
{
    int32_t tasks = 1;
    MOCO_TRY(read_number(&tasks, "SLURM_NTASKS", 1));
    return tasks <= 1 ? MOCO_OK
                      : moco_error_set(MOCO_EINVALID,
                                       "launch: SLURM gave this job %d tasks, but this process is none of them: it is "
                                       "in the script or shell of the job; start it by srun, or use launcher none for "
                                       "one process",
                                       tasks);
}

static moco_status from_slurm(moco_launch *launch)
{
    MOCO_TRY(need_number(&launch->rank, "SLURM_PROCID"));
    MOCO_TRY(need_number(&launch->world, "SLURM_NTASKS"));
    MOCO_TRY(read_number(&launch->local_rank, "SLURM_LOCALID", 0));
    /* "2(x3),1" is read as 2, the tasks of the first host. If hosts differ, only the default number of threads is
     * wrong. */
    const char *per_host = getenv("SLURM_STEP_TASKS_PER_NODE");
    launch->local_world = per_host != NULL ? (int32_t)strtol(per_host, NULL, 10) : launch->local_rank + 1;
    const char *steps = getenv("SLURM_STEP_NODELIST");
    const char *hosts = steps != NULL ? steps : getenv("SLURM_JOB_NODELIST");
    if (hosts != NULL) {
        MOCO_TRY(moco__launch_first_host(launch->address, sizeof launch->address, hosts));
    } else if (launch->world > 1 && getenv("MASTER_ADDR") == NULL) {
        return moco_error_set(
            MOCO_EINVALID,
            "launch: neither SLURM_JOB_NODELIST nor MASTER_ADDR is set; set MASTER_ADDR to the host of rank 0");
    }
    launch->port = port_of_job(getenv("SLURM_JOB_ID"));
    return read_master(launch);
}

typedef struct source {
    const char *name;
    const char *sign[2]; /* this launcher started the process if either variable is set */
    moco_status (*read)(moco_launch *launch);
} source;

/* The order matters: srun may start torchrun or mpirun. */
static const source sources[] = {
    { "torchrun", { "WORLD_SIZE", "RANK" }, from_torchrun },
    { "mpi", { "OMPI_COMM_WORLD_SIZE", "PMI_RANK" }, from_mpi },
    { "slurm", { "SLURM_PROCID", "SLURM_PROCID" }, from_slurm },
};

enum { SOURCE_COUNT = sizeof sources / sizeof sources[0] };

static const source *find_source(const char *launcher)
{
    const bool automatic = launcher == NULL || strcmp(launcher, "auto") == 0;
    for (size_t i = 0; i < SOURCE_COUNT; ++i) {
        if (automatic ? getenv(sources[i].sign[0]) != NULL || getenv(sources[i].sign[1]) != NULL
                      : strcmp(launcher, sources[i].name) == 0) {
            return &sources[i];
        }
    }
    return NULL;
}

/* The message must not quote the token. */
moco_status moco__launch_token(const char **out)
{
    const char *token = getenv("MOCO_RUN_TOKEN");
    const size_t length = token != NULL ? strlen(token) : 0;
    if (length > 0 && (length < TOKEN_MIN || length > TOKEN_MAX)) {
        return moco_error_set(MOCO_EINVALID,
                              "launch: MOCO_RUN_TOKEN has %zu bytes; give it %d to %d, drawn at random, the same on "
                              "every host",
                              length, TOKEN_MIN, TOKEN_MAX);
    }
    *out = length > 0 ? token : NULL;
    return MOCO_OK;
}

MOCO__DEFINE_INIT(moco_launch, MOCO_LAUNCH_INIT)

moco_status moco_launch_from_environment(moco_launch *out, const char *launcher)
{
    moco_launch launch;
    MOCO_CHECK_ARG(out);
    MOCO__READ_OPTIONS(&launch, out, MOCO_LAUNCH_INIT); /* only for its struct_size */
    moco_launch_init(&launch, sizeof launch);
    const source *from = find_source(launcher);
    const bool automatic = launcher == NULL || strcmp(launcher, "auto") == 0;
    if (automatic && from != NULL && from->read == from_slurm && !is_slurm_task()) {
        MOCO_TRY(check_slurm_script());
        from = NULL;
    }
    if (from != NULL) {
        (void)snprintf(launch.launcher, sizeof launch.launcher, "%s", from->name);
        MOCO_TRY(from->read(&launch));
        MOCO_TRY(moco__launch_check(&launch));
    } else if (!automatic && strcmp(launcher, "none") != 0) {
        return moco_error_set(MOCO_EINVALID, "launch: unknown launcher \"%s\"; use auto, none, torchrun, mpi or slurm",
                              launcher);
    }
    moco__options_write(out, &launch, sizeof launch);
    return MOCO_OK;
}

static moco_status check(const moco_launch *launch)
{
    if (launch->world < 1 || launch->rank < 0 || launch->rank >= launch->world) {
        return moco_error_set(MOCO_EINVALID,
                              "launch: rank is %d and the number of processes %d; use a rank from 0 to one less",
                              launch->rank, launch->world);
    }
    if (launch->local_rank < 0 || launch->local_world < 1 || launch->local_rank >= launch->local_world ||
        launch->local_world > launch->world) {
        return moco_error_set(
            MOCO_EINVALID,
            "launch: local rank %d of %d processes on this host does not fit a run of %d processes; check "
            "LOCAL_RANK and LOCAL_WORLD_SIZE",
            launch->local_rank, launch->local_world, launch->world);
    }
    if (launch->port < 1 || launch->port > 65535) {
        return moco_error_set(MOCO_EINVALID, "launch: port is %d; use 1 to 65535", launch->port);
    }
    return MOCO_OK;
}

static moco_status read_launch(moco_launch *out, const moco_launch *launch)
{
    if (launch == NULL) {
        return moco_error_set(MOCO_EINVALID, "launch: argument launch is NULL");
    }
    MOCO__READ_OPTIONS(out, launch, MOCO_LAUNCH_INIT);
    return check(out);
}

moco_status moco__launch_check(const moco_launch *launch)
{
    moco_launch known;
    return read_launch(&known, launch);
}

/* "gpu[07-09,12]" becomes "gpu07": the text before the bracket, the first number, and what follows the bracket. */
moco_status moco__launch_first_host(char *buffer, size_t size, const char *list)
{
    MOCO_CHECK_ARG(buffer);
    MOCO_CHECK_ARG(list);
    const size_t prefix = strcspn(list, ",[");
    size_t digits = 0;
    size_t suffix = 0;
    const char *after = list + prefix;
    if (*after == '[') {
        const char *end = strchr(after, ']');
        digits = strspn(after + 1, "0123456789");
        if (end == NULL || digits == 0) {
            return moco_error_set(MOCO_EINVALID,
                                  "launch: \"%.64s\" is not a list of hosts as SLURM writes it; set MASTER_ADDR", list);
        }
        suffix = strcspn(end + 1, ",[");
        if (prefix + digits + suffix < size) {
            (void)snprintf(buffer, size, "%.*s%.*s%.*s", (int)prefix, list, (int)digits, after + 1, (int)suffix,
                           end + 1);
        }
    } else if (prefix < size) {
        (void)snprintf(buffer, size, "%.*s", (int)prefix, list);
    }
    if (prefix + digits + suffix == 0 || prefix + digits + suffix >= size) {
        return moco_error_set(MOCO_EINVALID,
                              "launch: \"%.64s\" names no host, or its name is longer than %zu bytes; set MASTER_ADDR",
                              list, size - 1);
    }
    return MOCO_OK;
}

/* SLURM and mpirun may show each process its own GPU alone; torchrun shows all of them to all. */
static bool sees_its_own(const moco_launch *launch, int32_t count)
{
    return count == 1 && strcmp(launch->launcher, "torchrun") != 0;
}

moco_status moco__launch_gpu(int32_t *out, const moco_launch *launch, int32_t count)
{
    const bool has_own = sees_its_own(launch, count);
    if (!has_own && launch->local_world > count) {
        return moco_error_set(MOCO_EUNAVAILABLE,
                              "launch: %d processes on this host, but %d GPU%s; start one process per GPU, or use "
                              "device cpu",
                              launch->local_world, count, count == 1 ? "" : "s");
    }
    *out = has_own ? 0 : launch->local_rank;
    return MOCO_OK;
}

moco_status moco_launch_device(moco_device *out, const char *text, const moco_launch *launch)
{
    moco_launch l;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(text);
    MOCO_TRY(read_launch(&l, launch));
    moco_device device;
    MOCO_TRY(moco_device_parse(&device, text));
    if (device.type == MOCO_CUDA && l.local_world > 1) {
        const int32_t count = moco_device_cuda_count(NULL);
        if (strchr(text, ':') != NULL && !sees_its_own(&l, count)) {
            return moco_error_set(MOCO_EINVALID,
                                  "launch: device %s is one GPU, but there are %d processes on this host; use cuda, "
                                  "which gives each process its own",
                                  text, l.local_world);
        }
        MOCO_TRY(moco__launch_gpu(&device.index, &l, count));
    }
    *out = device;
    return MOCO_OK;
}
