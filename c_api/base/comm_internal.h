/* What the library itself does with communicators. */
#ifndef MOCO_BASE_COMM_INTERNAL_H
#define MOCO_BASE_COMM_INTERNAL_H

#include "base/store_internal.h"

#include "moco/comm.h"

MOCO_BEGIN_DECLS

/* Options of moco__comm_create(). */
typedef struct moco_comm_options {
    size_t struct_size;
    moco_store *store;   /* borrowed, outlives the communicator; NULL is allowed for one process */
    int32_t rank;        /* 0 */
    int32_t world;       /* 1 */
    moco_device device;  /* of the tensors; tensors on the CPU work too */
    double timeout_s;    /* seconds for each collective; 300 */
    const char *address; /* of this host's network interface; "127.0.0.1" */
} moco_comm_options;

#define MOCO_COMM_OPTIONS_INIT                                                                                         \
    {                                                                                                                  \
        sizeof(moco_comm_options), NULL, 0, 1, { MOCO_CPU, 0 }, 300, "127.0.0.1"                                       \
    }

/* Connects the ranks with each other. @param options NULL: one process */
moco_status moco__comm_create(moco_comm **out, const moco_comm_options *options);

/* Frees a communicator; NULL is allowed. */
void moco__comm_free(moco_comm *comm);

/*
 * Connects the ranks' GPUs with each other, once all have come; the first collective does so otherwise. Does nothing on
 * the CPU. All ranks call it.
 */
moco_status moco__comm_connect(moco_comm *comm);

/*
 * Breaks off the connections between the GPUs, so that a thread that waits for its GPU continues although another rank
 * never sends. What the GPU then holds is worthless, and every later collective returns ::MOCO_EPEER. Does nothing on
 * the CPU, where a collective ends without this. Any thread may call it, also while another is in a collective.
 */
void moco__comm_abort(moco_comm *comm);

/*
 * Finds out whether what came from the GPUs can be trusted.
 * Returns ::MOCO_EPEER if the connections between the GPUs broke or were aborted
 */
moco_status moco__comm_check(const moco_comm *comm);

/*
 * Does the same as moco_comm_all_gather(), and is *differentiable*: the gradient of a rank's rows is the sum of what
 * all ranks have for them. So all ranks must run the backward pass.
 */
moco_status moco__comm_all_gather_grad(moco_tensor **out, moco_scope *scope, moco_comm *comm,
                                       const moco_tensor *tensor);

/* Computes the largest of the ranks' numbers, through host memory: it does not wait for a device. */
moco_status moco__comm_largest(int64_t *out, moco_comm *comm, int64_t value);

/*
 * Starts to compute the largest of the ranks' numbers, and returns: for a question that is asked at every step and may
 * be answered a step later. moco__comm_largest_wait() gives the answer, before the next question.
 */
moco_status moco__comm_largest_start(moco_comm *comm, int64_t value);

/* Waits for the answer to the last question; 0 if there is none that has not been answered. */
moco_status moco__comm_largest_wait(int64_t *out, moco_comm *comm);

/* How many collectives this rank has begun. */
typedef struct moco_comm_position {
    uint64_t entered; /* collectives begun so far */
    bool inside;      /* the last of them has not ended */
} moco_comm_position;

/* Returns this rank's position. Any thread may call it, also while another is in a collective. */
moco_comm_position moco__comm_where(const moco_comm *comm);

MOCO_END_DECLS

#endif
