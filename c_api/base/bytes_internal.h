/* Keeps bytes in memory that grows and is reused. */
#ifndef MOCO_BASE_BYTES_INTERNAL_H
#define MOCO_BASE_BYTES_INTERNAL_H

#include "moco/error.h"

typedef struct moco__bytes {
    uint8_t *data;
    size_t size, room;
} moco__bytes;

/* Sets the size. Old bytes stay, new bytes are undefined. The data may move. */
moco_status moco__bytes_resize(moco__bytes *bytes, size_t size);
/* Adds bytes at the end. */
moco_status moco__bytes_append(moco__bytes *bytes, const void *data, size_t size);
void moco__bytes_free(moco__bytes *bytes);

/* Returns the buffer of the calling thread, which lives as long as the thread, so that reading files soon allocates
 * nothing. Returns NULL with the message set if memory is out. */
moco__bytes *moco__bytes_of_thread(void);

/* Returns the little-endian number in up to 8 bytes. */
static inline uint64_t moco__little_endian(const uint8_t *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = count; i > 0; --i) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

#endif
