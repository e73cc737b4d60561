/* Defines the handle of a run's processes, and waits for a text in the store. */
#ifndef MOCO_RANKS_PEERS_INTERNAL_H
#define MOCO_RANKS_PEERS_INTERNAL_H

#include "moco/peers.h"

#include "ranks/watch_internal.h"

enum { MOCO__PEER_NAME_SIZE = 320 }; /* bytes of "HOST, pid N" */

struct moco_peers {
    moco_launch launch;
    moco_store *store; /* NULL if this process is alone */
    moco_comm *comm;
    moco__watch *watch;
    char (*names)[MOCO__PEER_NAME_SIZE]; /* world */
    double timeout_s;
    int32_t shared; /* calls of moco__peers_share() so far */
    int32_t agreed; /* calls of moco_peers_agree() so far */
    bool failed;
};

/* Reads a key's text, waiting until it is set. Returns ::MOCO_EPEER after the time-out or if a rank raised the alarm.
 */
moco_status moco__peers_wait_for(char *buffer, size_t size, moco_peers *peers, const char *key);

/*
 * Gives every rank the text of rank 0. All ranks call it.
 * @param[in,out] text NUL-terminated
 * @param size bytes that text has room for
 * Returns ::MOCO_EINVALID if the text does not fit; ::MOCO_EPEER if another rank failed
 */
moco_status moco__peers_share(moco_peers *peers, char *text, size_t size);

#endif
