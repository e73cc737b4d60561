/**
 * @file error.h
 * Defines status codes, error messages and the log callback.
 *
 * Each call that can fail returns a ::moco_status. A call that fails changes no output and leaves nothing to clean up;
 * moco_error_message() then says what is wrong, with which value, and what to do. The library never exits, aborts or
 * prints.
 *
 * Any call may return ::MOCO_EINVALID for its arguments, ::MOCO_ENOMEM, or ::MOCO_EINTERNAL. Calls that use images or
 * tensors may also return ::MOCO_ETORCH, and ::MOCO_EUNAVAILABLE in a forked process. So the comments of functions name
 * ::MOCO_EINVALID only where its cause is worth a word, and other failures where they can happen.
 *
 * Callbacks return to the library: a C++ exception or a longjmp() must not leave them.
 */
#ifndef MOCO_ERROR_H
#define MOCO_ERROR_H

#include "common.h"

MOCO_BEGIN_DECLS

/** Every status: identifier, value, text. */
#define MOCO_STATUS_MAP(X)                                                                                             \
    X(MOCO_OK, 0, "success")                                                                                           \
    X(MOCO_EINVALID, -1, "invalid argument")                                                                           \
    X(MOCO_ENOTFOUND, -2, "not found")                                                                                 \
    X(MOCO_EEXISTS, -3, "already exists")                                                                              \
    X(MOCO_EIO, -4, "input or output failed")                                                                          \
    X(MOCO_EFORMAT, -5, "damaged or unsupported file")                                                                 \
    X(MOCO_ENOMEM, -6, "out of memory")                                                                                \
    X(MOCO_EUNAVAILABLE, -7, "device or feature not available")                                                        \
    X(MOCO_ESTOPPED, -8, "stopped by a callback")                                                                      \
    X(MOCO_ETORCH, -9, "libtorch failed")                                                                              \
    X(MOCO_EINTERNAL, -10, "internal error")                                                                           \
    X(MOCO_EDIVERGED, -11, "training diverged")                                                                        \
    X(MOCO_EPEER, -12, "another process of the run failed")

/** What a call returns; ::MOCO_OK is zero, failures are negative. @since 0.1 */
typedef enum moco_status {
#define MOCO_STATUS_ENUM(name, value, text) name = (value),
    MOCO_STATUS_MAP(MOCO_STATUS_ENUM)
#undef MOCO_STATUS_ENUM
} moco_status;

/** Returns from the calling function with the status of @p call unless that is ::MOCO_OK. @since 0.1 */
#define MOCO_TRY(call)                                                                                                 \
    do {                                                                                                               \
        const moco_status moco_try_status = (call);                                                                    \
        if (moco_try_status != MOCO_OK) {                                                                              \
            return moco_try_status;                                                                                    \
        }                                                                                                              \
    } while (0)

/**
 * The message of this thread's last failure.
 * @return borrowed, never NULL, empty before the first failure; overwritten by the next failure on this thread.
 * @since 0.1
 */
MOCO_API const char *moco_error_message(void);

/**
 * Sets this thread's error message, for callbacks of the application that fail.
 * @param status the status to return
 * @param format as printf
 * @return @p status, so that `return moco_error_set(MOCO_EIO, "...")` reads well
 * @since 0.1
 */
MOCO_API moco_status moco_error_set(moco_status status, const char *format, ...) MOCO_PRINTF(2, 3);

/** The identifier of a status, as "MOCO_EIO"; borrowed, static; "MOCO_UNKNOWN" for other values. @since 0.1 */
MOCO_API const char *moco_status_name(moco_status status);

/** The meaning of a status in a few words; borrowed, static. @since 0.1 */
MOCO_API const char *moco_status_text(moco_status status);

/** Severity of a log line. @since 0.1 */
typedef enum moco_log_level {
    MOCO_LOG_DEBUG,   /**< for those who look for a fault */
    MOCO_LOG_INFO,    /**< what is done */
    MOCO_LOG_WARNING, /**< what looks wrong, and is done all the same */
    MOCO_LOG_ERROR    /**< what failed */
} moco_log_level;

/**
 * Receives a log line without its newline. Any thread may call it, one call at a time. It must not call the library: a
 * call that logs would wait for itself.
 * @since 0.1
 */
typedef void (*moco_log_fn)(moco_log_level level, const char *message, void *payload);

/**
 * Sets the function that receives log lines; NULL, the default, drops them. It holds for the process. Any thread may
 * call this; afterwards the old function is called no more.
 * @since 0.1
 */
MOCO_API void moco_log_set_callback(moco_log_fn callback, void *payload);

/** Sends a line to the log callback, which this thread calls. @since 0.1 */
MOCO_API void moco_log(moco_log_level level, const char *format, ...) MOCO_PRINTF(2, 3);

MOCO_END_DECLS

#endif
