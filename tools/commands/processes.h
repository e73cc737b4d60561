/*
 * The processes of a command: their options, starting them on this host, and joining them.
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
    OPTION_INT("nproc", NULL, 1, 4096, false, "processes to start on this host, one per GPU, or several on a CPU",     \
               type, field.nproc),                                                                                     \
        OPTION_INT("nnodes", NULL, 1, 65536, false, "hosts; start the same command on each", type, field.nnodes),      \
        OPTION_INT("node-rank", NULL, 0, 65535, false, "number of this host, from 0", type, field.node_rank),          \
        OPTION_TEXT("master-addr", NULL, "HOST", "address of host 0 for the other hosts", type, field.master_addr),    \
        OPTION_INT("master-port", NULL, 1, 65535, true,                                                                \
                   "port on host 0 where processes meet; auto: the launcher's, or a free one", type,                   \
                   field.master_port),                                                                                 \
        OPTION_REAL("timeout", NULL, 0.1, 86400,                                                                       \
                    "seconds to wait for other processes, at the start and in each exchange", type, field.timeout),    \
        OPTION_CHOICE("launcher", NULL, "L", "auto|none|torchrun|mpi|slurm",                                           \
                      "launcher whose environment holds this process's rank; auto: look for one", type,                \
                      field.launcher)
/* NOLINTEND(bugprone-macro-parentheses) */

/*
 * If --nproc or --nnodes ask for several processes, starts those of this host, waits for their end, and returns true
 * with the exit code. Each of them runs the same command line, and gets false here.
 */
bool launch_start(int *code, const launch_settings *settings, const tool_command *command);

/* Joins the other processes; *out stays NULL if there are none. Messages name the rank from then on, and only rank 0
 * shows all of them. Returns EXIT_OK, or another code after a message. */
int launch_join(moco_peers **out, const launch_settings *settings, const char *device);

/* Leaves the other processes when the work has ended, and returns the exit code. After a failure among several the
 * process ends here. */
int launch_leave(moco_peers *peers, moco_status status, int code);

#endif
