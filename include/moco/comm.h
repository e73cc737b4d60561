/**
 * @file comm.h
 * Collective operations over the processes of a run, by libtorch's c10d with Gloo (CPU) and NCCL (CUDA).
 *
 * All ranks make the same calls in the same order. If another rank fails, or does not come within the time-out, a call
 * returns ::MOCO_EPEER. The communicator can then only be freed; peers.h finds out which rank it was.
 */
#ifndef MOCO_COMM_H
#define MOCO_COMM_H

#include "store.h"
#include "tensor.h"

MOCO_BEGIN_DECLS

/** One process's connections with the other processes of a run. @since 0.1 */
typedef struct moco_comm moco_comm;

/** Options of moco_comm_create(). @since 0.1 */
typedef struct moco_comm_options {
    size_t struct_size;
    moco_store *store;   /**< borrowed, outlives the communicator; NULL is allowed for one process */
    int32_t rank;        /**< 0 */
    int32_t world;       /**< 1 */
    moco_device device;  /**< of the tensors; tensors on the CPU work too */
    double timeout_s;    /**< seconds for each collective; 300 */
    const char *address; /**< of this host's network interface; "127.0.0.1" */
} moco_comm_options;

#define MOCO_COMM_OPTIONS_INIT                                                                                         \
    {                                                                                                                  \
        sizeof(moco_comm_options), NULL, 0, 1, { MOCO_CPU, 0 }, 300, "127.0.0.1"                                       \
    }

/** Fills in what ::MOCO_COMM_OPTIONS_INIT holds. @param struct_size sizeof(moco_comm_options) of the caller @since 0.2
 */
MOCO_API void moco_comm_options_init(moco_comm_options *options, size_t struct_size);

/** Connects the ranks with each other. @param options NULL: one process @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_create(moco_comm **out, const moco_comm_options *options);

/**
 * Connects the ranks' GPUs with each other, once all have come; the first collective does so otherwise. Does nothing on
 * the CPU. All ranks call it.
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_connect(moco_comm *comm);

/**
 * Breaks off the connections between the GPUs, so that a thread that waits for its GPU continues although another rank
 * never sends. What the GPU then holds is worthless, and every later collective returns ::MOCO_EPEER. Does nothing on
 * the CPU, where a collective ends without this. Any thread may call it, also while another is in a collective.
 * @since 0.2
 */
MOCO_API void moco_comm_abort(moco_comm *comm);

/**
 * Finds out whether what came from the GPUs can be trusted.
 * @return ::MOCO_EPEER if the connections between the GPUs broke or were aborted
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_check(const moco_comm *comm);

/** Frees a communicator; NULL is allowed. @since 0.1 */
MOCO_API void moco_comm_free(moco_comm *comm);

/** Returns the rank of this process, 0..world-1; 0 for NULL. @since 0.1 */
MOCO_API int32_t moco_comm_rank(const moco_comm *comm);

/** Returns the number of processes; 1 for NULL, which every call treats as one process. @since 0.1 */
MOCO_API int32_t moco_comm_world(const moco_comm *comm);

/** Waits until every rank has called it. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_barrier(moco_comm *comm);

/** Overwrites every rank's tensor with that of @p root. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_broadcast(moco_comm *comm, moco_tensor *tensor, int32_t root);

/** Overwrites every rank's tensor with the sum over the ranks. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_all_reduce(moco_comm *comm, moco_tensor *tensor);

/** Concatenates the ranks' tensors (N x ...) into (world N) x ... Not differentiable. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_all_gather(moco_tensor **out, moco_scope *scope, moco_comm *comm,
                                                        const moco_tensor *tensor);

/**
 * Sends rows to each rank: the first send[0] rows to rank 0, the next send[1] to rank 1, and so on.
 * @param[out] out the rows received, those of rank 0 first; receive[r] rows of rank r
 * @param send,receive @p world numbers of rows; send must sum to the tensor's first dimension
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_all_to_all(moco_tensor **out, moco_scope *scope, moco_comm *comm,
                                                        const moco_tensor *tensor, const int64_t *send,
                                                        const int64_t *receive);

/** Computes the largest of the ranks' numbers, through host memory: it does not wait for a device. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_largest(int64_t *out, moco_comm *comm, int64_t value);

/**
 * Starts to compute the largest of the ranks' numbers, and returns: for a question that is asked at every step and may
 * be answered a step later. moco_comm_largest_wait() gives the answer, before the next question.
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_largest_start(moco_comm *comm, int64_t value);

/** Waits for the answer to the last question; 0 if there is none that has not been answered. @since 0.2 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_largest_wait(int64_t *out, moco_comm *comm);

/** How many collectives this rank has begun. @since 0.1 */
typedef struct moco_comm_position {
    uint64_t entered; /**< collectives begun so far */
    bool inside;      /**< the last of them has not ended */
} moco_comm_position;

/** Returns this rank's position. Any thread may call it, also while another is in a collective. @since 0.1 */
MOCO_API moco_comm_position moco_comm_where(const moco_comm *comm);

MOCO_END_DECLS

#endif
