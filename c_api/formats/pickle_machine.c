/* Keeps the stack, the marks and the memo of a pickle that is being read, each within a limit. */
#include "formats/pickle_machine_internal.h"

#include "base/bytes_internal.h"

#include <stdlib.h>
#include <string.h>

/* Places. */
enum { STACK_MAX = 1 << 20, MEMO_MAX = 1 << 22 };

moco_status moco__machine_take(const uint8_t **out, moco__machine *m, size_t count)
{
    if (count > m->size - m->at) {
        return moco__pickle_refuse(m->pickle, "it ends in the middle, at byte %zu", m->size);
    }
    *out = m->data + m->at;
    m->at += count;
    return MOCO_OK;
}

moco_status moco__machine_number(uint64_t *out, moco__machine *m, size_t bytes)
{
    const uint8_t *data = NULL;
    MOCO_TRY(moco__machine_take(&data, m, bytes));
    *out = moco__little_endian(data, bytes);
    return MOCO_OK;
}

/* Makes room for an index in an array of pointers. */
static moco_status reserve(moco__machine *m, moco__pickle_value ***array, size_t *room, size_t index, size_t max)
{
    if (index >= max) {
        return moco__pickle_refuse(m->pickle, "its stack or memo would have more than %zu places", max);
    }
    if (index < *room) {
        return MOCO_OK;
    }
    const size_t wanted = 2 * index + 64;
    moco__pickle_value **grown = realloc(*array, wanted * sizeof(void *));
    if (grown == NULL) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory for %zu values", m->pickle->path, wanted);
    }
    memset(grown + *room, 0, (wanted - *room) * sizeof(void *));
    *array = grown;
    *room = wanted;
    return MOCO_OK;
}

moco_status moco__machine_push(moco__machine *m, moco__pickle_value *value)
{
    if (value == NULL) {
        return MOCO_EFORMAT; /* the message is set */
    }
    MOCO_TRY(reserve(m, &m->stack, &m->stack_room, m->depth, STACK_MAX));
    m->stack[m->depth++] = value;
    return MOCO_OK;
}

/* Counts the values above the last mark. */
static size_t above_mark(const moco__machine *m)
{
    return m->depth - (m->mark_count > 0 ? m->marks[m->mark_count - 1] : 0);
}

moco_status moco__machine_need(const moco__machine *m, size_t count)
{
    return above_mark(m) >= count ? MOCO_OK
                                  : moco__pickle_refuse(m->pickle, "an opcode before byte %zu lacks operands", m->at);
}

moco_status moco__machine_pop(moco__pickle_value **out, moco__machine *m)
{
    MOCO_TRY(moco__machine_need(m, 1));
    *out = m->stack[--m->depth];
    return MOCO_OK;
}

moco_status moco__machine_mark(moco__machine *m)
{
    if (m->mark_count == MOCO__MARKS_MAX) {
        return moco__pickle_refuse(m->pickle, "brackets are nested more than %d deep", (int)MOCO__MARKS_MAX);
    }
    m->marks[m->mark_count++] = m->depth;
    return MOCO_OK;
}

moco_status moco__machine_unmark(size_t *from, size_t *count, moco__machine *m)
{
    if (m->mark_count == 0) {
        return moco__pickle_refuse(m->pickle, "a bracket is closed at byte %zu that was not opened", m->at);
    }
    *from = m->marks[--m->mark_count];
    *count = m->depth - *from;
    m->depth = *from;
    return MOCO_OK;
}

moco_status moco__machine_add(moco__machine *m, moco__pickle_value *container, size_t from, size_t count)
{
    if (container->kind == MOCO__PICKLE_DICT && count % 2 != 0) {
        return moco__pickle_refuse(m->pickle, "a key at byte %zu has no value", m->at);
    }
    for (size_t i = 0; i < count; ++i) {
        MOCO_TRY(moco__pickle_push(m->pickle, container, m->stack[from + i]));
    }
    return MOCO_OK;
}

moco_status moco__machine_remember(moco__machine *m, uint64_t index)
{
    MOCO_TRY(moco__machine_need(m, 1));
    MOCO_TRY(reserve(m, &m->memo, &m->memo_room, (size_t)index, MEMO_MAX));
    m->memo[index] = m->stack[m->depth - 1];
    m->memo_next += 1;
    return MOCO_OK;
}
