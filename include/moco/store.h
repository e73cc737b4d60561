/**
 * @file store.h
 * A small key-value store over TCP that the processes of a run meet at (libtorch's TCPStore).
 */
#ifndef MOCO_STORE_H
#define MOCO_STORE_H

#include "error.h"

MOCO_BEGIN_DECLS

/** A connection to the store, with the server where this process serves it. Safe to use from several threads. @since
 * 0.1 */
typedef struct moco_store moco_store;

/** Options of moco_store_open(). @since 0.1 */
typedef struct moco_store_options {
    size_t struct_size;
    const char *address; /**< name or IP address of the host that serves; "127.0.0.1" */
    int32_t port;        /**< 29500 */
    bool serve;          /**< this process is the one that serves */
    double timeout_s;    /**< how long to try to connect; 300 */
    const char *prefix;  /**< put before each key, so that runs and restarts do not meet; NULL: none */
} moco_store_options;

#define MOCO_STORE_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        sizeof(moco_store_options), "127.0.0.1", 29500, false, 300, NULL                                               \
    }

/**
 * Serves the store, or connects to it.
 * @return ::MOCO_EUNAVAILABLE where the port is in use, or nothing answers within the time-out
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_store_open(moco_store **out, const moco_store_options *options);

/** Another connection with the same options, for another thread; it serves nothing. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_store_clone(moco_store **out, const moco_store *store);

/** Closes the connection, and ends the service where this process gives it; NULL is allowed. @since 0.1 */
MOCO_API void moco_store_free(moco_store *store);

/** Sets a key's text. @return ::MOCO_EPEER where the store is gone @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_store_set(moco_store *store, const char *key, const char *text);

/**
 * A key's text, cut to @p size bytes, without waiting.
 * @return ::MOCO_ENOTFOUND where the key is not set, ::MOCO_EPEER where the store is gone; neither is logged
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_store_get(char *buffer, size_t size, moco_store *store, const char *key);

/** Adds to a key's number, which starts at 0; the sum goes to @p out. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_store_add(int64_t *out, moco_store *store, const char *key, int64_t value);

MOCO_END_DECLS

#endif
