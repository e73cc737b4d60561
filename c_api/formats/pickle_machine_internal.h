/* The state of a pickle in reading: its bytes, a stack of values, marks on it, and a memo of values to refer to. */
#ifndef MOCO_FORMATS_PICKLE_MACHINE_INTERNAL_H
#define MOCO_FORMATS_PICKLE_MACHINE_INTERNAL_H

#include "formats/pickle_internal.h"

enum { MOCO__MARKS_MAX = 1 << 12 /* of nested brackets */ };

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

/* The next bytes; refuses a pickle that ends before. */
moco_status moco__machine_take(const uint8_t **out, moco__machine *m, size_t count);
/* A little-endian number of 1, 2, 4 or 8 bytes. */
moco_status moco__machine_number(uint64_t *out, moco__machine *m, size_t bytes);

/* A failure where the value is NULL: the message is set then. */
moco_status moco__machine_push(moco__machine *m, moco__pickle_value *value);
/* Refuses a stack with fewer values above the last mark. */
moco_status moco__machine_need(const moco__machine *m, size_t count);
moco_status moco__machine_pop(moco__pickle_value **out, moco__machine *m);

moco_status moco__machine_mark(moco__machine *m);
/* Takes the last mark away; the values above it are stack[*from], ... stack[*from + *count - 1], off the stack. */
moco_status moco__machine_unmark(size_t *from, size_t *count, moco__machine *m);
/* Adds values that were above the stack's end to a container. */
moco_status moco__machine_add(moco__machine *m, moco__pickle_value *container, size_t from, size_t count);

/* Keeps the last value under a number. */
moco_status moco__machine_remember(moco__machine *m, uint64_t index);

#endif
