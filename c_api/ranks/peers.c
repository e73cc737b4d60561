/* The processes of a run: how they meet, agree, and part. */
#include "moco/peers.h"

#include "base/clock_internal.h"
#include "base/handle_internal.h"
#include "ranks/watch_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <math.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    POLL_MS = 50,
    NAME_SIZE = 320, /* "host, pid N" */
    KEY_SIZE = 48,
    TEXT_SIZE = 16384, /* of what ranks must agree on */
    MESSAGE_SIZE = 2048
};

struct moco_peers {
    moco_launch launch;
    moco_store *store;
    moco_comm *comm;
    moco__watch *watch;
    char (*names)[NAME_SIZE]; /* world */
    double timeout_s;
    int32_t shared; /* texts so far */
    bool failed;
};

static void pause_poll(void)
{
    const struct timespec time = { 0, POLL_MS * 1000000L };
    (void)nanosleep(&time, NULL);
}

static const char *key_of(char key[KEY_SIZE], const char *what, int32_t rank)
{
    (void)snprintf(key, KEY_SIZE, "%s/%d", what, rank);
    return key;
}

/* ---- This host's address ---- */

static moco_status address_of_interface(char *buffer, size_t size, const char *name)
{
    struct ifaddrs *all;
    if (getifaddrs(&all) != 0) {
        return moco_error_set(MOCO_EUNAVAILABLE, "peers: cannot list network interfaces: %s", strerror(errno));
    }
    bool found = false;
    for (const struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
        if (i->ifa_addr != NULL && i->ifa_addr->sa_family == AF_INET && strcmp(i->ifa_name, name) == 0) {
            found = getnameinfo(i->ifa_addr, sizeof(struct sockaddr_in), buffer, (socklen_t)size, NULL, 0,
                                NI_NUMERICHOST) == 0;
        }
    }
    freeifaddrs(all);
    return found ? MOCO_OK
                 : moco_error_set(MOCO_EUNAVAILABLE,
                                  "peers: GLOO_SOCKET_IFNAME is \"%s\", no interface with an address", name);
}

/* The address that this host has on the way to another: what the others can reach it by. Nothing is sent. */
static moco_status address_towards(char *buffer, size_t size, const char *host, int32_t port)
{
    struct addrinfo *found;
    char service[16];
    const struct addrinfo wanted = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
    (void)snprintf(service, sizeof service, "%d", port);
    const int error = getaddrinfo(host, service, &wanted, &found);
    if (error != 0) {
        return moco_error_set(MOCO_EUNAVAILABLE, "peers: the master's address \"%s\" is not known: %s", host,
                              gai_strerror(error));
    }
    bool done = false;
    for (const struct addrinfo *i = found; i != NULL && !done; i = i->ai_next) {
        struct sockaddr_storage own;
        socklen_t length = sizeof own;
        const int s = socket(i->ai_family, i->ai_socktype | SOCK_CLOEXEC, i->ai_protocol);
        done = s >= 0 && connect(s, i->ai_addr, i->ai_addrlen) == 0 &&
               getsockname(s, (struct sockaddr *)&own, &length) == 0 &&
               getnameinfo((struct sockaddr *)&own, length, buffer, (socklen_t)size, NULL, 0, NI_NUMERICHOST) == 0;
        if (s >= 0) {
            (void)close(s);
        }
    }
    freeaddrinfo(found);
    return done ? MOCO_OK
                : moco_error_set(MOCO_EUNAVAILABLE, "peers: there is no route from this host to the master \"%s\"",
                                 host);
}

static moco_status own_address(char *buffer, size_t size, const moco_launch *launch)
{
    const char *interface = getenv("GLOO_SOCKET_IFNAME");
    if (interface != NULL && *interface != '\0') {
        return address_of_interface(buffer, size, interface);
    }
    return address_towards(buffer, size, launch->address, launch->port);
}

/* ---- Meeting ---- */

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
    return moco_store_open(&peers->store, &options);
}

/* Says who this is, and how many it expects. */
static moco_status announce(moco_peers *peers)
{
    char key[KEY_SIZE];
    char host[256] = "unknown host";
    char text[NAME_SIZE];
    int64_t times;
    const int32_t rank = peers->launch.rank;
    MOCO_TRY(moco_store_add(&times, peers->store, key_of(key, "started", rank), 1));
    if (times > 1) {
        if (moco_store_get(text, sizeof text, peers->store, key_of(key, "name", rank)) != MOCO_OK) {
            (void)snprintf(text, sizeof text, "another process");
        }
        return moco_error_set(MOCO_EINVALID,
                              "peers: there are two processes of rank %d, this one and %s; give each its own rank",
                              rank, text);
    }
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(text, sizeof text, "%s, pid %ld", host, (long)getpid());
    MOCO_TRY(moco_store_set(peers->store, key_of(key, "name", rank), text));
    (void)snprintf(text, sizeof text, "%d", peers->launch.world);
    return moco_store_set(peers->store, key_of(key, "world", rank), text);
}

/* Whether a rank has come; one that expects another number of processes is an error. */
static moco_status look_for(bool *here, moco_peers *peers, int32_t rank)
{
    char key[KEY_SIZE];
    char text[32];
    const moco_status status = moco_store_get(text, sizeof text, peers->store, key_of(key, "world", rank));
    if (status == MOCO_ENOTFOUND) {
        return MOCO_OK;
    }
    MOCO_TRY(status);
    MOCO_TRY(moco_store_get(peers->names[rank], NAME_SIZE, peers->store, key_of(key, "name", rank)));
    if (strtol(text, NULL, 10) != peers->launch.world) {
        return moco_error_set(MOCO_EINVALID, "peers: rank %d (%s) was started for %s processes, this one for %d", rank,
                              peers->names[rank], text, peers->launch.world);
    }
    *here = true;
    return MOCO_OK;
}

static moco_status say_missing(const moco_peers *peers, const bool *here, int32_t count)
{
    char list[512];
    size_t used = 0;
    for (int32_t r = 0; r < peers->launch.world && used + 16 < sizeof list; ++r) {
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
        if (moco__now() > deadline) {
            return say_missing(peers, here, count);
        }
        pause_poll();
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

static moco_status connect_all(moco_peers *peers, moco_device device)
{
    moco_comm_options options = MOCO_COMM_OPTIONS_INIT;
    char address[NI_MAXHOST];
    options.rank = peers->launch.rank;
    options.world = peers->launch.world;
    options.device = device;
    options.timeout_s = peers->timeout_s;
    if (options.world == 1) {
        return moco_comm_create(&peers->comm, &options);
    }
    MOCO_TRY(own_address(address, sizeof address, &peers->launch));
    MOCO_TRY(meet(peers));
    options.store = peers->store;
    options.address = address;
    MOCO_TRY(moco_comm_create(&peers->comm, &options));
    return moco__watch_start(&peers->watch, peers->store, peers->comm);
}

moco_status moco_peers_join(moco_peers **out, const moco_launch *launch, const moco_peers_options *options)
{
    const moco_launch alone = MOCO_LAUNCH_INIT;
    const moco_peers_options defaults = MOCO_PEERS_OPTIONS_INIT;
    const moco_launch *l = launch != NULL ? launch : &alone;
    const moco_peers_options *o = options != NULL ? options : &defaults;
    MOCO_CHECK_ARG(out);
    MOCO_TRY(moco_launch_check(l));
    if (!(o->timeout_s > 0) || !isfinite(o->timeout_s)) {
        return moco_error_set(MOCO_EINVALID, "peers: a time-out of %g s; use more than 0", o->timeout_s);
    }
    moco_peers *peers = moco__handle_alloc(sizeof *peers);
    if (peers == NULL) {
        return MOCO_ENOMEM;
    }
    peers->launch = *l;
    peers->timeout_s = o->timeout_s;
    peers->names = moco__calloc((size_t)l->world, sizeof *peers->names);
    const moco_status status = peers->names != NULL ? connect_all(peers, o->device) : MOCO_ENOMEM;
    if (status != MOCO_OK) {
        moco_peers_free(peers);
        return status;
    }
    *out = peers;
    return MOCO_OK;
}

void moco_peers_free(moco_peers *peers)
{
    if (peers == NULL) {
        return;
    }
    if (peers->failed) {
        moco__watch_linger(peers->watch);
    }
    moco__watch_stop(peers->watch);
    moco_comm_free(peers->comm);
    moco_store_free(peers->store);
    free(peers->names);
    moco__handle_free(peers);
}

moco_comm *moco_peers_comm(const moco_peers *peers)
{
    return peers != NULL ? peers->comm : NULL;
}

const moco_launch *moco_peers_launch(const moco_peers *peers)
{
    return &peers->launch;
}

const char *moco_peers_name(const moco_peers *peers, int32_t rank)
{
    return rank >= 0 && rank < peers->launch.world ? peers->names[rank] : "";
}

/* ---- Agreeing ---- */

/* The first line in which two texts differ; false where there is none. */
static bool first_difference(const char *a, const char *b, char line_a[256], char line_b[256])
{
    while (*a != '\0' || *b != '\0') {
        const size_t length_a = strcspn(a, "\n");
        const size_t length_b = strcspn(b, "\n");
        if (length_a != length_b || memcmp(a, b, length_a) != 0) {
            (void)snprintf(line_a, 256, "%.*s", (int)length_a, a);
            (void)snprintf(line_b, 256, "%.*s", (int)length_b, b);
            return true;
        }
        a += length_a + (a[length_a] == '\n');
        b += length_b + (b[length_b] == '\n');
    }
    return false;
}

static moco_status wait_for_text(char *buffer, size_t size, moco_peers *peers, const char *key)
{
    const double deadline = moco__now() + peers->timeout_s;
    char alarm[8];
    for (;;) {
        const moco_status status = moco_store_get(buffer, size, peers->store, key);
        if (status != MOCO_ENOTFOUND) {
            return status;
        }
        if (moco_store_get(alarm, sizeof alarm, peers->store, "alarm") == MOCO_OK) {
            return moco_error_set(MOCO_EPEER, "peers: a rank failed while this one waited for %s", key);
        }
        if (moco__now() > deadline) {
            return moco_error_set(MOCO_EPEER, "peers: waited %g s in vain for %s", peers->timeout_s, key);
        }
        pause_poll();
    }
}

/* Rank 0's part: compares all texts with its own; the verdict is empty where they are the same. */
static moco_status judge(char *verdict, size_t size, moco_peers *peers, const char *text, char *other)
{
    char key[KEY_SIZE];
    char mine[256];
    char theirs[256];
    verdict[0] = '\0';
    for (int32_t r = 1; r < peers->launch.world && verdict[0] == '\0'; ++r) {
        MOCO_TRY(wait_for_text(other, TEXT_SIZE, peers, key_of(key, "text", r)));
        if (first_difference(text, other, mine, theirs)) {
            (void)snprintf(verdict, size, "the ranks differ: rank 0 (%s) has \"%s\", rank %d (%s) has \"%s\"",
                           peers->names[0], mine, r, peers->names[r], theirs);
        }
    }
    return moco_store_set(peers->store, "verdict", verdict);
}

moco_status moco_peers_agree(moco_peers *peers, const char *text)
{
    MOCO_CHECK_ARG(text);
    char key[KEY_SIZE];
    char verdict[MESSAGE_SIZE];
    if (peers == NULL || peers->launch.world == 1) {
        return MOCO_OK;
    }
    if (strlen(text) >= TEXT_SIZE) {
        return moco_error_set(MOCO_EINVALID, "peers: a text of %zu bytes to agree on is too long", strlen(text));
    }
    if (peers->launch.rank == 0) {
        char *other = moco__calloc(TEXT_SIZE, 1);
        if (other == NULL) {
            return MOCO_ENOMEM;
        }
        const moco_status status = judge(verdict, sizeof verdict, peers, text, other);
        free(other);
        MOCO_TRY(status);
    } else {
        MOCO_TRY(moco_store_set(peers->store, key_of(key, "text", peers->launch.rank), text));
        MOCO_TRY(wait_for_text(verdict, sizeof verdict, peers, "verdict"));
    }
    /* Rank 0 serves the store, and must not leave before all have read it. */
    return verdict[0] == '\0' ? moco_comm_barrier(peers->comm) : moco_error_set(MOCO_EINVALID, "%s", verdict);
}

moco_status moco_peers_share(moco_peers *peers, char *text, size_t size)
{
    MOCO_CHECK_ARG(text);
    char key[KEY_SIZE];
    if (peers == NULL || peers->launch.world == 1) {
        return MOCO_OK;
    }
    (void)key_of(key, "shared", peers->shared++);
    MOCO_TRY(peers->launch.rank == 0 ? moco_store_set(peers->store, key, text) : wait_for_text(text, size, peers, key));
    return moco_comm_barrier(peers->comm);
}

/* ---- Failing ---- */

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
    if (status != MOCO_EPEER) {
        moco__watch_tell(peers->watch, moco_error_message());
        return status;
    }
    moco__watch_explain(peers->watch, message, sizeof message, moco_error_message(), name_of, peers);
    return moco_error_set(MOCO_EPEER, "%s", message);
}
