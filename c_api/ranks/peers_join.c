/* Meets the other processes of a run and connects with them. */
#include "base/clock_internal.h"
#include "base/comm_internal.h"
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "base/store_seal_internal.h"
#include "ranks/launch_internal.h"
#include "ranks/own_address_internal.h"
#include "ranks/peers_internal.h"
#include "ranks/store_keys_internal.h"

#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* c10d's threads end the process where they cannot open a connection. 2 and 8 ranks on one host were seen to hold 21
 * and 41 files at rank 0, 10 and 18 at the others. */
static moco_status check_open_files(const moco_launch *launch, bool serve)
{
    const rlim_t needed = (rlim_t)(serve ? 24 + 4 * launch->world : 16 + 2 * launch->world);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) {
        return MOCO_OK;
    }
    return moco_error_set(
        MOCO_EUNAVAILABLE,
        "peers: rank %d of %d may have %llu files open, and takes up to %llu; raise the limit (ulimit "
        "-n %llu)",
        launch->rank, launch->world, (unsigned long long)limit.rlim_cur, (unsigned long long)needed,
        (unsigned long long)needed);
}

static moco_status open_store(moco_peers *peers)
{
    const moco_launch *launch = &peers->launch;
    char prefix[sizeof launch->attempt + 8];
    (void)snprintf(prefix, sizeof prefix, "moco/%s", launch->attempt);
    moco_store_options options = MOCO_STORE_OPTIONS_INIT;
    options.address = launch->address;
    options.port = launch->port;
    options.serve = launch->rank == 0 && !launch->store_served;
    options.timeout_s = peers->timeout_s;
    options.prefix = prefix;
    const char *token = NULL;
    MOCO_TRY(check_open_files(launch, options.serve));
    MOCO_TRY(moco__launch_token(&token));
    MOCO_TRY(moco__store_open(&peers->store, &options));
    return token != NULL ? moco__store_seal(peers->store, token) : MOCO_OK;
}

static moco_status two_of_one_rank(const moco_peers *peers)
{
    char key[MOCO__STORE_KEY_SIZE];
    char other[MOCO__PEER_NAME_SIZE];
    const int32_t rank = peers->launch.rank;
    if (moco__store_get(other, sizeof other, peers->store, moco__store_key(key, "name", rank)) != MOCO_OK) {
        (void)snprintf(other, sizeof other, "another process");
    }
    return moco_error_set(MOCO_EINVALID,
                          "peers: there are two processes of rank %d, this one and %s; give each process its own rank",
                          rank, other);
}

/* Sets this rank's name and the number of processes that it expects. */
static moco_status announce(moco_peers *peers)
{
    char key[MOCO__STORE_KEY_SIZE];
    char host[256] = "unknown host";
    char text[MOCO__PEER_NAME_SIZE];
    int64_t times;
    const int32_t rank = peers->launch.rank;
    MOCO_TRY(moco__store_add(&times, peers->store, moco__store_key(key, "started", rank), 1));
    if (times > 1) {
        return two_of_one_rank(peers);
    }
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(text, sizeof text, "%s, pid %ld", host, (long)getpid());
    MOCO_TRY(moco__store_set(peers->store, moco__store_key(key, "name", rank), text));
    (void)snprintf(text, sizeof text, "%d", peers->launch.world);
    return moco__store_set(peers->store, moco__store_key(key, "world", rank), text);
}

/* Sets @p here if a rank has announced itself. Refuses one that expects another number of processes. */
static moco_status look_for(bool *here, moco_peers *peers, int32_t rank)
{
    char key[MOCO__STORE_KEY_SIZE];
    char text[32];
    const moco_status status = moco__store_get(text, sizeof text, peers->store, moco__store_key(key, "world", rank));
    if (status == MOCO_ENOTFOUND) {
        return MOCO_OK;
    }
    MOCO_TRY(status);
    MOCO_TRY(
        moco__store_get(peers->names[rank], MOCO__PEER_NAME_SIZE, peers->store, moco__store_key(key, "name", rank)));
    if (strtol(text, NULL, 10) != peers->launch.world) {
        return moco_error_set(MOCO_EINVALID,
                              "peers: rank %d (%s) was started for %s processes, this one for %d; start all with the "
                              "same world size",
                              rank, peers->names[rank], text, peers->launch.world);
    }
    *here = true;
    return MOCO_OK;
}

static moco_status report_missing(const moco_peers *peers, const bool *here, int32_t count)
{
    char list[512];
    size_t used = 0;
    for (int32_t r = 0; r < peers->launch.world; ++r) {
        if (!here[r] && used + 24 >= sizeof list) {
            (void)snprintf(list + used, sizeof list - used, ", ...");
            break;
        }
        if (!here[r]) {
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%d", used > 0 ? ", " : "", r);
        }
    }
    return moco_error_set(
        MOCO_EUNAVAILABLE,
        "peers: of %d processes only %d came to %s:%d within %g s; missing: rank %s. Were all started, "
        "with the same world size, address and port?",
        peers->launch.world, count, peers->launch.address, peers->launch.port, peers->timeout_s, list);
}

static moco_status wait_for_all(moco_peers *peers, bool *here)
{
    const double deadline = moco__now() + peers->timeout_s;
    for (;;) {
        const bool late = moco__now() > deadline; /* before the look at the others, so that the last look comes last */
        int32_t count = 0;
        for (int32_t r = 0; r < peers->launch.world; ++r) {
            if (!here[r]) {
                MOCO_TRY(look_for(&here[r], peers, r));
            }
            count += here[r] ? 1 : 0;
        }
        if (count == peers->launch.world) {
            return MOCO_OK;
        }
        if (late) {
            return report_missing(peers, here, count);
        }
        moco__store_pause();
    }
}

static moco_status meet(moco_peers *peers)
{
    MOCO_TRY(open_store(peers));
    MOCO_TRY(announce(peers));
    bool *here = moco__calloc((size_t)peers->launch.world, sizeof *here);
    if (here == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status = wait_for_all(peers, here);
    free(here);
    return status;
}

/* Runs under the watch, so that a rank that does not come is named. */
static moco_status connect_devices(moco_peers *peers, moco_device device)
{
    MOCO_TRY(moco_peers_agree(peers, device.type == MOCO_CUDA ? "device: cuda\n" : "device: cpu\n"));
    return moco__comm_connect(peers->comm);
}

static moco_status connect_all(moco_peers *peers, moco_device device)
{
    moco_comm_options options = MOCO_COMM_OPTIONS_INIT;
    char address[NI_MAXHOST];
    options.rank = peers->launch.rank;
    options.world = peers->launch.world;
    options.device = device;
    options.timeout_s = peers->timeout_s;
    if (options.world == 1) {
        return moco__comm_create(&peers->comm, &options);
    }
    MOCO_TRY(moco__own_address(address, sizeof address, &peers->launch));
    MOCO_TRY(meet(peers));
    options.store = peers->store;
    options.address = address;
    MOCO_TRY(moco__comm_create(&peers->comm, &options));
    MOCO_TRY(moco__watch_start(&peers->watch, peers->store, peers->comm));
    return moco_peers_fail(peers, connect_devices(peers, device));
}

MOCO__DEFINE_INIT(moco_peers_options, MOCO_PEERS_OPTIONS_INIT)

moco_status moco_peers_join(moco_peers **out, const moco_launch *launch, const moco_peers_options *options)
{
    moco_launch l;
    moco_peers_options o;
    MOCO_CHECK_ARG(out);
    MOCO__READ_OPTIONS(&l, launch, MOCO_LAUNCH_INIT);
    MOCO__READ_OPTIONS(&o, options, MOCO_PEERS_OPTIONS_INIT);
    MOCO_TRY(moco__launch_check(&l));
    if (!(o.timeout_s > 0) || !isfinite(o.timeout_s)) {
        return moco_error_set(MOCO_EINVALID, "peers: the time-out is %g s; use more than 0", o.timeout_s);
    }
    moco_peers *peers = moco__handle_alloc(sizeof *peers);
    if (peers == NULL) {
        return MOCO_ENOMEM;
    }
    peers->launch = l;
    peers->timeout_s = o.timeout_s;
    peers->names = moco__calloc((size_t)l.world, sizeof *peers->names);
    const moco_status status = peers->names != NULL ? connect_all(peers, o.device) : MOCO_ENOMEM;
    if (status != MOCO_OK) {
        moco_peers_free(peers);
        return status;
    }
    *out = peers;
    return MOCO_OK;
}
