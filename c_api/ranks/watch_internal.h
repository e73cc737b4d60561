/* Answers for a rank that is inside a collective, and finds out which rank failed, in a thread. */
#ifndef MOCO_RANKS_WATCH_INTERNAL_H
#define MOCO_RANKS_WATCH_INTERNAL_H

#include "ranks/blame_internal.h"

typedef struct moco__watch moco__watch;

/* Starts the thread, which gets a separate connection to the store, and breaks off the connections between GPUs when a
 * rank has failed. The communicator must outlive it. */
moco_status moco__watch_start(moco__watch **out, const moco_store *store, moco_comm *comm);

/* Raises the alarm, waits some seconds for the answers of the others, and writes a sentence as moco__blame(). */
void moco__watch_explain(moco__watch *watch, char *buffer, size_t size, const char *reason, moco__name_of name_of,
                         const void *payload);

/* Reports to the others what went wrong here. */
void moco__watch_report(moco__watch *watch, const char *message);

/* After an alarm: waits some seconds until the other living ranks no longer need the store. */
void moco__watch_linger(moco__watch *watch);

/* Ends the thread. A thread that hangs in a dead connection is left alone. NULL is allowed. */
void moco__watch_stop(moco__watch *watch);

#endif
