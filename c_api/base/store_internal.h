/*
 * A small key-value store over TCP at which the processes of a run meet (libtorch's TCPStore).
 */
#ifndef MOCO_BASE_STORE_INTERNAL_H
#define MOCO_BASE_STORE_INTERNAL_H

#include "moco/error.h"

MOCO_BEGIN_DECLS

/* A connection to the store, and the server if this process serves it. Several threads may use it. */
typedef struct moco_store moco_store;

/* Options of moco__store_open(). */
typedef struct moco_store_options {
    size_t struct_size;
    const char *address; /* name or IP address of the host that serves; "127.0.0.1" */
    int32_t port;        /* 29500 */
    bool serve;          /* this process serves the store; false */
    double timeout_s;    /* seconds to try to connect; 300 */
    const char *prefix;  /* put before each key, to separate runs and restarts; NULL: none */
} moco_store_options;

#define MOCO_STORE_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        sizeof(moco_store_options), "127.0.0.1", 29500, false, 300, NULL                                               \
    }

/*
 * Serves the store, or connects to it.
 * Returns MOCO_EUNAVAILABLE if the port is in use, or nothing answers within the time-out
 */
moco_status moco__store_open(moco_store **out, const moco_store_options *options);

/* Opens a second connection with the same options, for another thread; it does not serve. */
moco_status moco__store_clone(moco_store **out, const moco_store *store);

/* Closes the connection, and ends the service if this process serves; NULL is allowed. */
void moco__store_free(moco_store *store);

/*
 * Sets a key's text. The store has it when this returns, so whoever sees what is set later, over any connection, sees
 * this text too. Returns MOCO_EPEER if the store does not answer
 */
moco_status moco__store_set(moco_store *store, const char *key, const char *text);

/*
 * Reads a key's text, without waiting for it.
 * Returns MOCO_ENOTFOUND if the key is not set; MOCO_EINVALID if the text does not fit in size bytes;
 * MOCO_EPEER if the store does not answer
 */
moco_status moco__store_get(char *buffer, size_t size, moco_store *store, const char *key);

/* Adds to a key's number, which starts at 0. @param[out] out the sum; NULL is allowed */
moco_status moco__store_add(int64_t *out, moco_store *store, const char *key, int64_t value);

MOCO_END_DECLS

#endif
