/*
 * What all handles of the C side share: allocation that counts towards moco_live_handles(), and checks of arguments
 * that name the argument.
 */
#ifndef MOCO_BASE_HANDLE_INTERNAL_H
#define MOCO_BASE_HANDLE_INTERNAL_H

#include "moco/error.h"

#ifdef __clang_analyzer__
/* clang's analyzer cannot see that a failure's status is what moco_error_set() returns. NOLINTNEXTLINE */
#define moco_error_set(status, ...) ((void)moco_error_set((status), __VA_ARGS__), (status))
#endif

/* Returns ::MOCO_EINVALID from the calling function where a pointer argument is NULL. */
#define MOCO_CHECK_ARG(argument)                                                                                       \
    do {                                                                                                               \
        if ((argument) == NULL) {                                                                                      \
            return moco_error_set(MOCO_EINVALID, "%s: argument %s is NULL", __func__, #argument);                      \
        }                                                                                                              \
    } while (0)

/* Goes to `done` with `status` set where @p call fails; for functions that own something. */
#define MOCO_TRY_GOTO(call)                                                                                            \
    do {                                                                                                               \
        status = (call);                                                                                               \
        if (status != MOCO_OK) {                                                                                       \
            goto done;                                                                                                 \
        }                                                                                                              \
    } while (0)

/* Zeroed memory of a handle, counted as alive; NULL with the message set where memory is out. */
void *moco__handle_alloc(size_t size);
/* Frees a handle made by moco__handle_alloc(); NULL is allowed. */
void moco__handle_free(void *handle);

/* calloc that sets the message; for arrays. */
void *moco__calloc(size_t count, size_t size);

/* An array with room for @p more beyond @p used items, moved where that takes more memory; NULL with the message set
 * where memory is out, and the array stands. */
void *moco__grown(void *array, size_t *room, size_t used, size_t more, size_t item);

/* Makes room in an array whose pointer and number of places are given, or returns from the calling function. */
#define MOCO_GROW(array, room, used, more)                                                                             \
    do {                                                                                                               \
        void *larger = moco__grown((array), &(room), (used), (more), sizeof *(array));                                 \
        if (larger == NULL) {                                                                                          \
            return MOCO_ENOMEM;                                                                                        \
        }                                                                                                              \
        (array) = larger;                                                                                              \
    } while (0)

#endif
