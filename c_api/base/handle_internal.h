/*
 * Allocates handles, which moco_live_handles() counts, and checks arguments.
 */
#ifndef MOCO_BASE_HANDLE_INTERNAL_H
#define MOCO_BASE_HANDLE_INTERNAL_H

#include "moco/error.h"

#ifdef __clang_analyzer__
/* The analyzer of clang does not see which status moco_error_set() returns. NOLINTNEXTLINE */
#define moco_error_set(status, ...) ((void)moco_error_set((status), __VA_ARGS__), (status))
#endif

/* Returns ::MOCO_EINVALID from the calling function if a pointer argument is NULL. */
#define MOCO_CHECK_ARG(argument)                                                                                       \
    do {                                                                                                               \
        if ((argument) == NULL) {                                                                                      \
            return moco_error_set(MOCO_EINVALID, "%s: argument %s is NULL", __func__, #argument);                      \
        }                                                                                                              \
    } while (0)

/* Goes to `done` with `status` set if @p call fails; for functions that own something. */
#define MOCO_TRY_GOTO(call)                                                                                            \
    do {                                                                                                               \
        status = (call);                                                                                               \
        if (status != MOCO_OK) {                                                                                       \
            goto done;                                                                                                 \
        }                                                                                                              \
    } while (0)

/* Returns zeroed memory for a handle and counts it as alive; NULL with the message set if memory is out. */
void *moco__handle_alloc(size_t size);
/* Frees a handle of moco__handle_alloc(); NULL is allowed. */
void moco__handle_free(void *handle);

/* Returns zeroed memory for an array; NULL with the message set if memory is out. */
void *moco__calloc(size_t count, size_t size);

/* Returns an array with room for @p more items after the @p used ones, which may have moved; NULL with the message set
 * if memory is out, and then the array is unchanged. */
void *moco__grown(void *array, size_t *room, size_t used, size_t more, size_t item);

/* Makes room in an array, or returns ::MOCO_ENOMEM from the calling function. */
#define MOCO_GROW(array, room, used, more)                                                                             \
    do {                                                                                                               \
        void *larger = moco__grown((array), &(room), (used), (more), sizeof *(array));                                 \
        if (larger == NULL) {                                                                                          \
            return MOCO_ENOMEM;                                                                                        \
        }                                                                                                              \
        (array) = larger;                                                                                              \
    } while (0)

#endif
