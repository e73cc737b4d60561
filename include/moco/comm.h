/**
 * @file comm.h
 * Collective operations over the processes of a run, by libtorch's c10d with Gloo (CPU) and NCCL (CUDA).
 *
 * All ranks make the same calls in the same order, each from one thread at a time. If another rank fails, or does not
 * come within the time-out, any call with a communicator returns ::MOCO_EPEER; the functions below name only other
 * failures. Every later call then fails too: leave by moco_peers_fail(), which finds out which rank it was, and
 * moco_peers_free().
 */
#ifndef MOCO_COMM_H
#define MOCO_COMM_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/** One process's connections with the other processes of a run; moco_peers_comm() lends it. @since 0.1 */
typedef struct moco_comm moco_comm;

/** Returns the rank of this process, 0..world-1; 0 for NULL. @since 0.1 */
MOCO_API int32_t moco_comm_rank(const moco_comm *comm);

/** Returns the number of processes; 1 for NULL, which every call treats as one process. @since 0.1 */
MOCO_API int32_t moco_comm_world(const moco_comm *comm);

/** Waits until every rank has called it. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_barrier(moco_comm *comm);

/** Overwrites every rank's tensor with that of @p root. @return ::MOCO_EINVALID if there is no such rank @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_broadcast(moco_comm *comm, moco_tensor *tensor, int32_t root);

/** Overwrites every rank's tensor with the sum over the ranks. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_all_reduce(moco_comm *comm, moco_tensor *tensor);

/** Concatenates the ranks' tensors (N x ...) into (world N) x ... Not differentiable. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_all_gather(moco_tensor **out, moco_scope *scope, moco_comm *comm,
                                                        const moco_tensor *tensor);

/**
 * Sends rows to each rank: the first send[0] rows to rank 0, the next send[1] to rank 1, and so on.
 * @param[out] out the rows received, those of rank 0 first; receive[r] rows of rank r
 * @param scope owns the result; NULL: the caller does
 * @param comm the ranks; NULL: one process
 * @param tensor N x ...
 * @param send,receive @p world numbers of rows; send must sum to the tensor's first dimension
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_comm_all_to_all(moco_tensor **out, moco_scope *scope, moco_comm *comm,
                                                        const moco_tensor *tensor, const int64_t *send,
                                                        const int64_t *receive);

MOCO_END_DECLS

#endif
