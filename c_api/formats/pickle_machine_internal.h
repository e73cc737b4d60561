/* Keeps the state of a pickle that is being read: its bytes, a stack of values with marks, and a memo of values. */
#ifndef MOCO_FORMATS_PICKLE_MACHINE_INTERNAL_H
#define MOCO_FORMATS_PICKLE_MACHINE_INTERNAL_H

#include "formats/pickle_values_internal.h"

enum { MOCO__MARKS_MAX = 1 << 12 /* nested brackets */ };

typedef struct moco__machine {
    moco__pickle *pickle;
    const uint8_t *data;
    size_t size, at;
    moco__pickle_value **stack;
    size_t depth, stack_room;
    moco__pickle_value **memo;
    size_t memo_room, memo_next;
    size_t marks[MOCO__MARKS_MAX];
    size_t mark_count;
} moco__machine;

/* Takes the next bytes; refuses a pickle that ends before. */
moco_status moco__machine_take(const uint8_t **out, moco__machine *m, size_t count);
/* Takes a little-endian number of 1, 2, 4 or 8 bytes. */
moco_status moco__machine_number(uint64_t *out, moco__machine *m, size_t bytes);

/* Fails if the value is NULL; the message is then set. */
moco_status moco__machine_push(moco__machine *m, moco__pickle_value *value);
/* Refuses a stack with fewer values above the last mark. */
moco_status moco__machine_need(const moco__machine *m, size_t count);
moco_status moco__machine_pop(moco__pickle_value **out, moco__machine *m);

moco_status moco__machine_mark(moco__machine *m);
/* Removes the last mark and the values above it, stack[*from], ... stack[*from + *count - 1], which stay readable. */
moco_status moco__machine_unmark(size_t *from, size_t *count, moco__machine *m);
/* Adds removed values to a container. */
moco_status moco__machine_add(moco__machine *m, moco__pickle_value *container, size_t from, size_t count);

/* Puts the last value into the memo. */
moco_status moco__machine_remember(moco__machine *m, uint64_t index);

#endif
