/**
 * @file peers.h
 * Connects the processes of a run, and finds out which one has failed.
 *
 * Every rank keeps a thread that answers through the store while the rank itself waits in a collective. When a
 * collective fails, each rank asks the others. The error names a rank, with its host, if it does not answer, reports
 * a failure, or is behind the others.
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
    size_t struct_size; /**< set by the macro or function below */
    moco_device device; /**< device of the tensors that will be exchanged */
    double timeout_s;   /**< seconds to meet, and for each collective; 300 */
} moco_peers_options;

/** The defaults of ::moco_peers_options. */
#define MOCO_PEERS_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        sizeof(moco_peers_options), { MOCO_CPU, 0 }, 300                                                               \
    }

/**
 * Fills in what ::MOCO_PEERS_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_peers_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_peers_options_init(moco_peers_options *options, size_t struct_size);

/**
 * Meets the other ranks and connects with them. If the environment has MOCO_RUN_TOKEN, a secret of 16 to 128 bytes that
 * all ranks share, no process without it becomes one of them.
 * @param[out] out a new handle, for moco_peers_free()
 * @param launch which process this is; NULL: one process alone
 * @param options NULL for the defaults
 * @return ::MOCO_EUNAVAILABLE if the store's port is in use, if the store cannot be reached, or if ranks are missing
 * after the time-out (the message lists them); ::MOCO_EINVALID if ranks have different world sizes or tokens, or a rank
 * is there twice
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_peers_join(moco_peers **out, const moco_launch *launch,
                                                   const moco_peers_options *options);

/** Leaves. After a failure, waits some seconds until the others have read who failed. NULL is allowed. @since 0.1 */
MOCO_API void moco_peers_free(moco_peers *peers);

/** Returns the communicator; borrowed; NULL for NULL. @since 0.1 */
MOCO_API moco_comm *moco_peers_comm(const moco_peers *peers);

/** Returns how the process was started; borrowed. @since 0.1 */
MOCO_API const moco_launch *moco_peers_launch(const moco_peers *peers);

/** Returns a rank's host and process, as "node7, pid 123"; borrowed; "" if the rank does not exist. @since 0.1 */
MOCO_API const char *moco_peers_name(const moco_peers *peers, int32_t rank);

/**
 * Compares texts that must be the same on all ranks, line by line. All ranks call it, as often as they like.
 * @param peers the processes
 * @param text lines of "name: value", of at most 16 MiB
 * @return ::MOCO_EINVALID on every rank if the texts differ; the message quotes the first line that does. ::MOCO_EPEER
 * if another rank failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_peers_agree(moco_peers *peers, const char *text);

/**
 * Reports this rank's failure to the others and returns it. For ::MOCO_EPEER, finds out which rank failed instead, and
 * sets this thread's message to that. Call it once, before moco_peers_free().
 * @return @p status, or ::MOCO_EPEER if it follows from the failure of another rank
 * @since 0.1
 */
MOCO_API moco_status moco_peers_fail(moco_peers *peers, moco_status status);

MOCO_END_DECLS

#endif
