/* Allocates handles and arrays. */
#include "base/handle_internal.h"

#include "base/live_internal.h"

#include <stdlib.h>

void *moco__calloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        (void)moco_error_set(MOCO_ENOMEM, "out of memory for %zu x %zu bytes", count, size);
    }
    return memory;
}

void *moco__handle_alloc(size_t size)
{
    void *handle = moco__calloc(1, size);
    if (handle != NULL) {
        moco__live_add();
    }
    return handle;
}

void *moco__grown(void *array, size_t *room, size_t used, size_t more, size_t item)
{
    if (used + more <= *room) {
        return array;
    }
    const size_t wanted = 2 * (used + more) + 64;
    void *larger = realloc(array, wanted * item);
    if (larger == NULL) {
        (void)moco_error_set(MOCO_ENOMEM, "out of memory for a list of %zu items", wanted);
        return NULL;
    }
    *room = wanted;
    return larger;
}

void moco__handle_free(void *handle)
{
    if (handle != NULL) {
        moco__live_remove();
        free(handle);
    }
}
