/*
 * Joins the processes of a command, and lets spawn.c start those of this host.
 */
#include "commands/processes.h"

#include "cli/output.h"
#include "commands/spawn.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Returns a free port. */
static int free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof address;
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    int port = MOCO_DEFAULT_PORT;
    if (s >= 0 && bind(s, (struct sockaddr *)&address, sizeof address) == 0 &&
        getsockname(s, (struct sockaddr *)&address, &length) == 0) {
        port = ntohs(address.sin_port);
    }
    if (s >= 0) {
        (void)close(s);
    }
    return port;
}

/* Returns whether another launcher's environment already gives this process a rank. */
static bool is_launched(const launch_settings *settings)
{
    moco_launch launch = MOCO_LAUNCH_INIT;
    return strcmp(settings->launcher, "none") != 0 &&
           (moco_launch_from_environment(&launch, settings->launcher) != MOCO_OK ||
            strcmp(launch.launcher, "none") != 0);
}

static int check_usage(const launch_settings *settings, const tool_command *command)
{
    if (is_launched(settings)) {
        return say_usage(command, "--nproc and --nnodes do not work under torchrun, mpirun or srun, which started this "
                                  "process; leave them out, or add --launcher none");
    }
    if (settings->nnodes > 1 && settings->master_addr[0] == '\0') {
        return say_usage(command, "--master-addr HOST is missing: the address of host 0 for the other hosts");
    }
    if (settings->node_rank >= settings->nnodes) {
        return say_usage(command, "--node-rank %lld is not below the %lld hosts of --nnodes",
                         (long long)settings->node_rank, (long long)settings->nnodes);
    }
    return EXIT_OK;
}

/* Returns how many processes --nproc auto is: one per GPU. Under another launcher it leaves the number to that. */
static int64_t processes_of(const launch_settings *settings, const char *device)
{
    moco_device first;
    if (settings->nproc > 0 || is_launched(settings) || strchr(device, ':') != NULL ||
        moco_device_parse(&first, device) != MOCO_OK || first.type == MOCO_CPU) {
        return settings->nproc > 0 ? settings->nproc : 1; /* a device that cannot be used is reported later */
    }
    return moco_device_cuda_count(NULL);
}

bool launch_start(int *code, const launch_settings *given, const char *device, const tool_command *command)
{
    if (spawn_is_child()) {
        return false;
    }
    launch_settings counted = *given;
    const launch_settings *settings = &counted;
    counted.nproc = processes_of(given, device);
    if (settings->nproc == 1 && settings->nnodes == 1) {
        return false;
    }
    *code = check_usage(settings, command);
    if (*code != EXIT_OK) {
        return true;
    }
    const int port = settings->nnodes > 1 ? MOCO_DEFAULT_PORT : free_port();
    const spawn_plan plan = {
        .count = (int)settings->nproc,
        .first_rank = (int)(settings->node_rank * settings->nproc),
        .world = (int)(settings->nnodes * settings->nproc),
        .address = settings->master_addr[0] != '\0' ? settings->master_addr : "127.0.0.1",
        .port = settings->master_port > 0 ? (int)settings->master_port : port,
    };
    *code = spawn_run(&plan);
    return true;
}

int launch_join(moco_peers **out, const launch_settings *settings, const char *device)
{
    moco_launch launch = MOCO_LAUNCH_INIT;
    moco_peers_options options = MOCO_PEERS_OPTIONS_INIT;
    if (moco_launch_from_environment(&launch, spawn_is_child() ? "torchrun" : settings->launcher) != MOCO_OK) {
        return say_failure();
    }
    if (settings->master_port > 0) {
        launch.port = (int32_t)settings->master_port;
    }
    if (settings->master_addr[0] != '\0') {
        (void)snprintf(launch.address, sizeof launch.address, "%s", settings->master_addr);
    }
    if (launch.world == 1) {
        return EXIT_OK;
    }
    output_set_rank(launch.rank);
    options.timeout_s = settings->timeout;
    if (moco_launch_device(&options.device, device, &launch) != MOCO_OK ||
        moco_peers_join(out, &launch, &options) != MOCO_OK) {
        return say_failure();
    }
    return EXIT_OK;
}

int launch_leave(moco_peers *peers, moco_status status, int code)
{
    moco_peers_free(peers);
    if (peers != NULL && status != MOCO_OK && status != MOCO_ESTOPPED) {
        (void)fflush(NULL);
        _exit(code); /* exit() would wait for exchanges that never end */
    }
    return code;
}
