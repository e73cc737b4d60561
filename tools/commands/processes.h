/*
 * Several processes: where this one stands among them, starting them on this host, and joining them.
 */
#ifndef MOCO_TOOLS_COMMANDS_PROCESSES_H
#define MOCO_TOOLS_COMMANDS_PROCESSES_H

#include "cli/command.h"

/* Options of the commands that may run as several processes. */
typedef struct launch_settings {
    int64_t nproc, nnodes, node_rank, master_port;
    double timeout;
    char master_addr[256], launcher[16];
} launch_settings;

#define LAUNCH_SETTINGS_INIT                                                                                           \
    {                                                                                                                  \
        .nproc = 1, .nnodes = 1, .timeout = 300, .launcher = "auto"                                                    \
    }

/* NOLINTBEGIN(bugprone-macro-parentheses): offsetof() takes a bare name.
 * Rows of a command's table; `field` is the launch_settings in the struct of its values. */
#define LAUNCH_OPTIONS(type, field)                                                                                    \
    { .name = "nproc",                                                                                                 \
      MOCO_INT_OPTION(type, field.nproc, 1, 4096),                                                                     \
      .help = "processes to start on this host, one a GPU or some a CPU" },                                            \
        { .name = "nnodes",                                                                                            \
          MOCO_INT_OPTION(type, field.nnodes, 1, 65536),                                                               \
          .help = "hosts, each started by hand with the same command" },                                               \
        { .name = "node-rank",                                                                                         \
          MOCO_INT_OPTION(type, field.node_rank, 0, 65535),                                                            \
          .help = "which of the hosts this is, from 0" },                                                              \
        { .name = "master-addr",                                                                                       \
          MOCO_TEXT_OPTION(type, field.master_addr, "HOST"),                                                           \
          .help = "host 0, as the others reach it" },                                                                  \
        { .name = "master-port",                                                                                       \
          MOCO_INT_OPTION(type, field.master_port, 1, 65535),                                                          \
          .zero_is_auto = true,                                                                                        \
          .help = "port of host 0 at which processes meet; auto: the launcher's, or a free one" },                     \
        { .name = "timeout",                                                                                           \
          MOCO_REAL_OPTION(type, field.timeout, 0.1, 86400),                                                           \
          .help = "seconds to wait for the other processes, at the start and in each exchange" },                      \
    {                                                                                                                  \
        .name = "launcher",                                                                                            \
        MOCO_NAME_OPTION(type, field.launcher, "L", MOCO_NAMES("auto", "none", "torchrun", "mpi", "slurm")),           \
        .help = "whose environment tells this process's rank; auto: looks for one"                                     \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

/*
 * Where --nproc or --nnodes ask for it, starts this host's processes, waits for their end and returns true with the
 * exit code; each of them runs the same command line, and gets false here.
 */
bool launch_start(int *code, const launch_settings *settings, const tool_command *command);

/* Joins the other processes, if there are any: *out stays NULL for one alone. From then on messages name the rank, and
 * only rank 0's are shown in full. Returns EXIT_OK, or another code after a message. */
int launch_join(moco_peers **out, const launch_settings *settings, const char *device);

/* Leaves the other processes once the work has ended, and returns the exit code; after a failure among several the
 * process ends here. */
int launch_leave(moco_peers *peers, moco_status status, int code);

#endif
