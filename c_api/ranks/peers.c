/* Knows the processes of a run, and finds out who failed. */
#include "ranks/peers_internal.h"

#include "base/clock_internal.h"
#include "base/handle_internal.h"
#include "ranks/store_keys_internal.h"

#include <stdlib.h>

enum { MESSAGE_SIZE = 2048 }; /* bytes of an error message */

void moco_peers_free(moco_peers *peers)
{
    if (peers == NULL) {
        return;
    }
    if (peers->failed) {
        moco__watch_linger(peers->watch);
    }
    moco__watch_stop(peers->watch);
    moco__comm_free(peers->comm);
    moco__store_free(peers->store);
    free(peers->names);
    moco__handle_free(peers);
}

moco_comm *moco_peers_comm(const moco_peers *peers)
{
    return peers != NULL ? peers->comm : NULL;
}

const moco_launch *moco_peers_launch(const moco_peers *peers)
{
    return peers != NULL ? &peers->launch : NULL;
}

const char *moco_peers_name(const moco_peers *peers, int32_t rank)
{
    return peers != NULL && rank >= 0 && rank < peers->launch.world ? peers->names[rank] : "";
}

moco_status moco__peers_wait_for(char *buffer, size_t size, moco_peers *peers, const char *key)
{
    const double deadline = moco__now() + peers->timeout_s;
    char alarm[8];
    for (;;) {
        /* What ends the wait is looked at before the key. A rank may go on from the key, fail and raise the alarm, all
         * between the two looks; then the key was set first, and counts. */
        const bool alarmed = moco__store_get(alarm, sizeof alarm, peers->store, MOCO__ALARM_KEY) == MOCO_OK;
        const bool late = moco__now() > deadline;
        const moco_status status = moco__store_get(buffer, size, peers->store, key);
        if (status != MOCO_ENOTFOUND) {
            return status;
        }
        if (alarmed) {
            return moco_error_set(MOCO_EPEER, "peers: another rank failed while this one waited for \"%s\"", key);
        }
        if (late) {
            return moco_error_set(MOCO_EPEER, "peers: waited %g s for \"%s\", which no rank set", peers->timeout_s,
                                  key);
        }
        moco__store_pause();
    }
}

static const char *name_of(const void *payload, int32_t rank)
{
    return moco_peers_name(payload, rank);
}

moco_status moco_peers_fail(moco_peers *peers, moco_status status)
{
    if (peers == NULL || peers->launch.world == 1 || status == MOCO_OK || peers->failed) {
        return status;
    }
    char message[MESSAGE_SIZE];
    peers->failed = true;
    /* Once the connections between GPUs are broken off, what a GPU holds is worthless, and so are errors about it. */
    if (status != MOCO_EINVALID && moco__comm_check(peers->comm) == MOCO_EPEER) {
        status = MOCO_EPEER;
    }
    if (status != MOCO_EPEER) {
        moco__watch_report(peers->watch, moco_error_message());
        return status;
    }
    moco__watch_explain(peers->watch, message, sizeof message, moco_error_message(), name_of, peers);
    return moco_error_set(MOCO_EPEER, "%s", message);
}
