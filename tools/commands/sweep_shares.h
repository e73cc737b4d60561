/*
 * Shares the cores or GPUs of this host between the runs of a sweep.
 */
#ifndef MOCO_TOOLS_COMMANDS_SWEEP_SHARES_H
#define MOCO_TOOLS_COMMANDS_SWEEP_SHARES_H

#include "commands/sweep_grid.h"

/* How many runs go at a time, and what each gets. */
typedef struct sweep_shares {
    size_t slots;
    int64_t threads; /* for --threads and --workers; 0: they are not given */
    int64_t nproc;   /* processes of a run */
    int32_t gpus;    /* 0: on a CPU, or on a GPU that was named */
} sweep_shares;

/* @param parallel runs at a time; 0: as many as fit */
sweep_shares sweep_share_out(const sweep_grid *grid, int64_t parallel, int64_t nproc);

/* Lists the GPUs of a slot for CUDA_VISIBLE_DEVICES, of those that this process may use. */
void sweep_list_gpus(char *out, size_t size, const sweep_shares *s, size_t slot);

#endif
