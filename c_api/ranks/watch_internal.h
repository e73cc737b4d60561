/*
 * The thread that answers for a rank while the rank itself is in a collective, and finds out which rank failed.
 *
 * Keys at the store, R being a rank:
 *     alarm      set by whoever noticed a failure first
 *     here/R     the answer of R's thread to the alarm: "ENTERED INSIDE", see moco_comm_position
 *     failed/R   what went wrong with R, by its own account
 *     left/R     R has heard the others and needs the store no more
 */
#ifndef MOCO_RANKS_WATCH_INTERNAL_H
#define MOCO_RANKS_WATCH_INTERNAL_H

#include "moco/comm.h"

typedef struct moco__watch moco__watch;

/* Starts the thread, with a connection to the store of its own. The communicator must outlive it. */
moco_status moco__watch_start(moco__watch **out, const moco_store *store, const moco_comm *comm);

/*
 * Raises the alarm and waits some seconds for the others' answers. Writes which rank failed, and how, as a sentence;
 * `reason` is what this rank saw. `name_of` gives a rank's host and process.
 */
void moco__watch_explain(moco__watch *watch, char *buffer, size_t size, const char *reason,
                         const char *(*name_of)(const void *payload, int32_t rank), const void *payload);

/* Tells the others what went wrong here. */
void moco__watch_tell(moco__watch *watch, const char *message);

/* After an alarm: waits some seconds until the other living ranks have read all that they want from the store. */
void moco__watch_linger(moco__watch *watch);

/* Ends the thread; one that is stuck in a dead connection is left to itself. NULL is allowed. */
void moco__watch_stop(moco__watch *watch);

#endif
