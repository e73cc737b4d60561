/*
 * Starts and joins the processes of a command, and defines their options.
 */
#ifndef MOCO_TOOLS_COMMANDS_PROCESSES_H
#define MOCO_TOOLS_COMMANDS_PROCESSES_H

#include "cli/command.h"

/* Options of the commands that can run as several processes. */
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
      .zero_is_auto = true,                                                                                            \
      .help = "processes to start on this host; auto: one per GPU, or one on a CPU" },                                 \
        { .name = "nnodes",                                                                                            \
          MOCO_INT_OPTION(type, field.nnodes, 1, 65536),                                                               \
          .help = "number of hosts; start the same command on each" },                                                 \
        { .name = "node-rank",                                                                                         \
          MOCO_INT_OPTION(type, field.node_rank, 0, 65535),                                                            \
          .help = "number of this host, from 0" },                                                                     \
        { .name = "master-addr",                                                                                       \
          MOCO_TEXT_OPTION(type, field.master_addr, "HOST"),                                                           \
          .help = "address of host 0 for the other hosts" },                                                           \
        { .name = "master-port",                                                                                       \
          MOCO_INT_OPTION(type, field.master_port, 1, 65535),                                                          \
          .zero_is_auto = true,                                                                                        \
          .help = "port of host 0 at which processes connect; auto: the launcher's, or a free one" },                  \
        { .name = "timeout",                                                                                           \
          MOCO_REAL_OPTION(type, field.timeout, 0.1, 86400),                                                           \
          .help = "seconds to wait for other processes, at the start and in each exchange" },                          \
    {                                                                                                                  \
        .name = "launcher",                                                                                            \
        MOCO_NAME_OPTION(type, field.launcher, "L", MOCO_NAMES("auto", "none", "torchrun", "mpi", "slurm")),           \
        .help = "launcher whose environment variables give the rank of a process; auto: find out"                      \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

/*
 * If --nproc or --nnodes ask for several processes, starts those of this host, waits for their end, and returns true
 * with the exit code. Each of them runs the same command line, and gets false here. `device` is what --device says.
 */
bool launch_start(int *code, const launch_settings *settings, const char *device, const tool_command *command);

/* Joins the other processes; *out stays NULL if there are none. Messages name the rank from then on, and only rank 0
 * shows all of them. Returns EXIT_OK, or another code after a message. */
int launch_join(moco_peers **out, const launch_settings *settings, const char *device);

/* Leaves the other processes when the work has ended, and returns the exit code. After a failure among several the
 * process ends here. */
int launch_leave(moco_peers *peers, moco_status status, int code);

#endif
