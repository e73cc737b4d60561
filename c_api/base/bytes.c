/* Keeps bytes in memory that grows and is reused. */
#include "base/bytes_internal.h"

#include "base/handle_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_key_t thread_key;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;
static bool thread_key_made;

moco_status moco__bytes_resize(moco__bytes *bytes, size_t size)
{
    if (size > bytes->room) {
        const size_t room = size > SIZE_MAX / 2 ? size : size + size / 2;
        uint8_t *larger = realloc(bytes->data, room);
        if (larger == NULL) {
            return moco_error_set(MOCO_ENOMEM, "out of memory for %zu bytes", room);
        }
        bytes->data = larger;
        bytes->room = room;
    }
    bytes->size = size;
    return MOCO_OK;
}

moco_status moco__bytes_append(moco__bytes *bytes, const void *data, size_t size)
{
    const size_t before = bytes->size;
    MOCO_TRY(moco__bytes_resize(bytes, before + size));
    if (size > 0) {
        memcpy(bytes->data + before, data, size);
    }
    return MOCO_OK;
}

void moco__bytes_free(moco__bytes *bytes)
{
    free(bytes->data);
    *bytes = (moco__bytes){ NULL, 0, 0 };
}

static void free_of_thread(void *value)
{
    moco__bytes_free(value);
    free(value);
}

static void make_key(void)
{
    thread_key_made = pthread_key_create(&thread_key, free_of_thread) == 0;
}

moco__bytes *moco__bytes_of_thread(void)
{
    (void)pthread_once(&thread_once, make_key);
    moco__bytes *bytes = thread_key_made ? pthread_getspecific(thread_key) : NULL;
    if (bytes != NULL) {
        return bytes;
    }
    bytes = moco__calloc(1, sizeof *bytes);
    if (bytes == NULL || !thread_key_made || pthread_setspecific(thread_key, bytes) != 0) {
        free(bytes);
        (void)moco_error_set(MOCO_ENOMEM, "out of memory for the buffer of a thread");
        return NULL;
    }
    return bytes;
}
