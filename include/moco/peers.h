/**
 * @file peers.h
 * The processes of a run: how they meet, and how one learns which other failed.
 *
 * Every rank keeps a thread that answers at the store while the rank itself waits in a collective. When a collective
 * fails, the ranks ask each other: one that does not answer, says what went wrong with it, or is behind the others is
 * named, with its host.
 */
#ifndef MOCO_PEERS_H
#define MOCO_PEERS_H

#include "comm.h"
#include "launch.h"

MOCO_BEGIN_DECLS

/** The processes of a run, connected. @since 0.1 */
typedef struct moco_peers moco_peers;

/** Options of moco_peers_join(). @since 0.1 */
typedef struct moco_peers_options {
    size_t struct_size;
    moco_device device; /**< of the tensors that will be exchanged */
    double timeout_s;   /**< to meet, and of each collective; 300 */
} moco_peers_options;

#define MOCO_PEERS_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        sizeof(moco_peers_options), { MOCO_CPU, 0 }, 300                                                               \
    }

/**
 * Meets the other ranks and connects with them.
 * @return ::MOCO_EUNAVAILABLE where the store's port is in use, where it cannot be reached, or where ranks do not come
 * in time: the message lists them. ::MOCO_EINVALID where ranks were started with another world size, or twice.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_peers_join(moco_peers **out, const moco_launch *launch,
                                                   const moco_peers_options *options);

/** Leaves; after a failure it waits some seconds for the others to have read who failed. NULL is allowed. @since 0.1 */
MOCO_API void moco_peers_free(moco_peers *peers);

/** The communicator; borrowed; NULL for NULL. @since 0.1 */
MOCO_API moco_comm *moco_peers_comm(const moco_peers *peers);

/** As the process was started; borrowed. @since 0.1 */
MOCO_API const moco_launch *moco_peers_launch(const moco_peers *peers);

/** A rank's host and process, as "node7, pid 123"; borrowed; "" out of range. @since 0.1 */
MOCO_API const char *moco_peers_name(const moco_peers *peers, int32_t rank);

/**
 * Compares texts that must be the same on all ranks, line by line. A collective call.
 * @param text lines of "name: value"
 * @return ::MOCO_EINVALID on every rank where they differ, naming the first difference
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_peers_agree(moco_peers *peers, const char *text);

/**
 * Gives every rank the text of rank 0. A collective call.
 * @param[in,out] text NUL-terminated; of @p size bytes on every rank
 * @return ::MOCO_EPEER where rank 0 failed before
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_peers_share(moco_peers *peers, char *text, size_t size);

/**
 * Tells the others of this rank's failure and returns it; for ::MOCO_EPEER finds out who failed and says so in this
 * thread's message. To be called once, on the way out.
 * @since 0.1
 */
MOCO_API moco_status moco_peers_fail(moco_peers *peers, moco_status status);

MOCO_END_DECLS

#endif
