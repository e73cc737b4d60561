/**
 * @file launch.h
 * Which of the run's processes this one is, as the program that started it says in the environment.
 */
#ifndef MOCO_LAUNCH_H
#define MOCO_LAUNCH_H

#include "device.h"

MOCO_BEGIN_DECLS

/** The place of a process among those of a run. @since 0.1 */
typedef struct moco_launch {
    size_t struct_size;
    int32_t rank;        /**< 0..world-1, over all hosts */
    int32_t world;       /**< number of processes; 1: this one alone */
    int32_t local_rank;  /**< 0..local_world-1, on this host: which GPU is this process's */
    int32_t local_world; /**< processes on this host */
    int32_t port;        /**< where the store is served */
    bool store_served;   /**< by the launcher: every rank is its client; false: rank 0 serves it */
    char address[256];   /**< name or IP address of the host that serves the store */
    char attempt[128];   /**< of a launcher that restarts ranks: tells one start from the next */
    char launcher[16];   /**< "none", "torchrun", "mpi" or "slurm" */
} moco_launch;

#define MOCO_LAUNCH_INIT                                                                                               \
    {                                                                                                                  \
        sizeof(moco_launch), 0, 1, 0, 1, MOCO_DEFAULT_PORT, false, "127.0.0.1", "", "none"                             \
    }

/** The port of the store unless another is given; torchrun's own. @since 0.1 */
#define MOCO_DEFAULT_PORT 29500

/**
 * Reads the environment that a launcher leaves: torchrun (RANK, WORLD_SIZE, MASTER_ADDR, ...), Open MPI's mpirun or
 * another that sets PMI_RANK, and SLURM's srun, whose SLURM_JOB_NODELIST gives the address. MASTER_ADDR and MASTER_PORT
 * win over what is derived.
 * @param launcher "auto" (or NULL), "none", "torchrun", "mpi" or "slurm"
 * @return ::MOCO_EINVALID for an unknown launcher, and for variables that are missing or contradict each other
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_launch_from_environment(moco_launch *out, const char *launcher);

/**
 * The first host of a list as SLURM writes it: "gpu[07-09,12],login" gives "gpu07".
 * @param[out] buffer NUL-terminated
 * @return ::MOCO_EINVALID where the list is malformed or the name does not fit
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_launch_first_host(char *buffer, size_t size, const char *list);

/**
 * Reads a device as moco_device_parse(), but where several processes share a host "cuda" gives each its own GPU.
 * @return ::MOCO_EUNAVAILABLE where there are more processes than GPUs
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_launch_device(moco_device *out, const char *text, const moco_launch *launch);

/** Refuses a launch whose numbers do not fit together, saying which. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_launch_check(const moco_launch *launch);

MOCO_END_DECLS

#endif
