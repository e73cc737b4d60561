/**
 * @file launch.h
 * Reads which process of a run this is from the environment that its launcher set.
 */
#ifndef MOCO_LAUNCH_H
#define MOCO_LAUNCH_H

#include "device.h"

MOCO_BEGIN_DECLS

/** Which process of a run this is. @since 0.1 */
typedef struct moco_launch {
    size_t struct_size;  /**< set by the macro or function below */
    int32_t rank;        /**< 0..world-1, over all hosts */
    int32_t world;       /**< number of processes */
    int32_t local_rank;  /**< 0..local_world-1, on this host; selects the GPU */
    int32_t local_world; /**< processes on this host */
    int32_t port;        /**< of the store */
    bool store_served;   /**< the launcher serves the store; false: rank 0 serves it */
    char address[256];   /**< name or IP address of the host that serves the store */
    char attempt[128];   /**< differs from restart to restart, if the launcher restarts ranks */
    char launcher[16];   /**< "none", "torchrun", "mpi" or "slurm" */
} moco_launch;

/** The defaults of ::moco_launch. */
#define MOCO_LAUNCH_INIT                                                                                               \
    {                                                                                                                  \
        sizeof(moco_launch), 0, 1, 0, 1, MOCO_DEFAULT_PORT, false, "127.0.0.1", "", "none"                             \
    }

/**
 * Fills in what ::MOCO_LAUNCH_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_launch) of the caller
 * @since 0.2
 */
MOCO_API void moco_launch_init(moco_launch *options, size_t struct_size);

/** The default port of the store, the same as torchrun's. @since 0.1 */
#define MOCO_DEFAULT_PORT 29500

/**
 * Reads the environment of torchrun (RANK, WORLD_SIZE, MASTER_ADDR, ...), of Open MPI's mpirun or another launcher that
 * sets PMI_RANK, or of SLURM's srun, whose SLURM_JOB_NODELIST gives the address. MASTER_ADDR and MASTER_PORT override
 * derived values.
 * @param[in,out] out start from ::MOCO_LAUNCH_INIT
 * @param launcher "auto" (or NULL), "none", "torchrun", "mpi" or "slurm"
 * @return ::MOCO_EINVALID for an unknown launcher, and if variables are missing or contradict each other
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_launch_from_environment(moco_launch *out, const char *launcher);

/**
 * Reads a device as moco_device_parse(), but "cuda" and "auto" give each of several processes on a host its own GPU. A
 * process of SLURM or mpirun that sees one GPU takes that one, since each task may see its own alone.
 * @return ::MOCO_EUNAVAILABLE if there are more processes than GPUs; ::MOCO_EINVALID if several processes on a host are
 * to share "cuda:N"; or as moco_device_parse()
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_launch_device(moco_device *out, const char *text, const moco_launch *launch);

MOCO_END_DECLS

#endif
