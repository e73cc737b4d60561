/* The pickle machine: a stack, marks and a memo, and the opcodes that torch.save writes (protocols 2 to 5). */
#include "pickle_internal.h"

#include "utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
    STACK_MAX = 1 << 20,
    MEMO_MAX = 1 << 22,
    MARKS_MAX = 1 << 12 /* of nested brackets */
};

typedef struct machine {
    moco__pickle *pickle;
    const uint8_t *data;
    size_t size, at;
    moco__pickle_value **stack;
    size_t depth, stack_room;
    moco__pickle_value **memo;
    size_t memo_room, memo_next;
    size_t marks[MARKS_MAX];
    size_t mark_count;
} machine;

static moco_status take(const uint8_t **out, machine *m, size_t count)
{
    if (count > m->size - m->at) {
        return moco__pickle_refuse(m->pickle, "it ends in the middle, at byte %zu", m->size);
    }
    *out = m->data + m->at;
    m->at += count;
    return MOCO_OK;
}

/* A little-endian number of 1, 2, 4 or 8 bytes. */
static moco_status take_number(uint64_t *out, machine *m, size_t bytes)
{
    const uint8_t *data = NULL;
    MOCO_TRY(take(&data, m, bytes));
    *out = 0;
    for (size_t i = bytes; i > 0; --i) {
        *out = *out << 8 | data[i - 1];
    }
    return MOCO_OK;
}

/* Makes room for an index in an array of pointers. */
static moco_status reserve(machine *m, moco__pickle_value ***array, size_t *room, size_t index, size_t max)
{
    if (index < *room) {
        return MOCO_OK;
    }
    if (index >= max) {
        return moco__pickle_refuse(m->pickle, "its stack or memo would have more than %zu places", max);
    }
    const size_t wanted = 2 * index + 64;
    moco__pickle_value **grown = realloc(*array, wanted * sizeof **array);
    if (grown == NULL) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory for %zu values", m->pickle->path, wanted);
    }
    memset(grown + *room, 0, (wanted - *room) * sizeof *grown);
    *array = grown;
    *room = wanted;
    return MOCO_OK;
}

static moco_status push(machine *m, moco__pickle_value *value)
{
    if (value == NULL) {
        return MOCO_EFORMAT; /* the message is set */
    }
    MOCO_TRY(reserve(m, &m->stack, &m->stack_room, m->depth, STACK_MAX));
    m->stack[m->depth++] = value;
    return MOCO_OK;
}

/* Values above the last mark. */
static size_t above_mark(const machine *m)
{
    return m->depth - (m->mark_count > 0 ? m->marks[m->mark_count - 1] : 0);
}

static moco_status need(const machine *m, size_t count)
{
    return above_mark(m) >= count ? MOCO_OK
                                  : moco__pickle_refuse(m->pickle, "an opcode at byte %zu lacks operands", m->at);
}

static moco_status pop(moco__pickle_value **out, machine *m)
{
    MOCO_TRY(need(m, 1));
    *out = m->stack[--m->depth];
    return MOCO_OK;
}

static moco_status push_kind(machine *m, moco__pickle_kind kind)
{
    return push(m, moco__pickle_new(m->pickle, kind));
}

static moco_status push_bool(machine *m, bool truth)
{
    moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_BOOL);
    if (value != NULL) {
        value->as.boolean = truth;
    }
    return push(m, value);
}

static moco_status push_int(machine *m, int64_t number)
{
    moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_INT);
    if (value != NULL) {
        value->as.integer = number;
    }
    return push(m, value);
}

static moco_status push_unsigned(machine *m, size_t bytes)
{
    uint64_t number = 0;
    MOCO_TRY(take_number(&number, m, bytes));
    return push_int(m, (int64_t)number);
}

static moco_status push_int32(machine *m)
{
    uint64_t number = 0;
    MOCO_TRY(take_number(&number, m, 4));
    return push_int(m, (int32_t)(uint32_t)number);
}

/* LONG1: a count, then that many bytes of two's complement. */
static moco_status push_long(machine *m)
{
    uint64_t count = 0;
    const uint8_t *bytes = NULL;
    MOCO_TRY(take_number(&count, m, 1));
    MOCO_TRY(take(&bytes, m, (size_t)count));
    if (count > sizeof(int64_t)) {
        moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_BIG);
        if (value != NULL) {
            value->as.text.data = (const char *)bytes;
            value->as.text.size = (size_t)count;
        }
        return push(m, value);
    }
    uint64_t number = count > 0 && (bytes[count - 1] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = (size_t)count; i > 0; --i) {
        number = number << 8 | bytes[i - 1];
    }
    return push_int(m, (int64_t)number);
}

static moco_status push_real(machine *m)
{
    const uint8_t *bytes = NULL;
    uint64_t bits = 0;
    MOCO_TRY(take(&bytes, m, 8));
    for (size_t i = 0; i < 8; ++i) {
        bits = bits << 8 | bytes[i];
    }
    moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_REAL);
    if (value != NULL) {
        memcpy(&value->as.real, &bits, sizeof bits);
    }
    return push(m, value);
}

static moco_status copy_text(char **out, machine *m, const uint8_t *bytes, size_t count)
{
    if (memchr(bytes, '\0', count) != NULL || !moco__is_utf8((const char *)bytes, count)) {
        return moco__pickle_refuse(m->pickle, "a text before byte %zu is not UTF-8", m->at);
    }
    *out = moco__pickle_alloc(m->pickle, count + 1);
    if (*out == NULL) {
        return MOCO_EFORMAT;
    }
    memcpy(*out, bytes, count);
    return MOCO_OK;
}

static moco_status push_text(machine *m, size_t length_bytes)
{
    uint64_t count = 0;
    const uint8_t *bytes = NULL;
    char *text = NULL;
    MOCO_TRY(take_number(&count, m, length_bytes));
    MOCO_TRY(take(&bytes, m, count > SIZE_MAX ? SIZE_MAX : (size_t)count));
    MOCO_TRY(copy_text(&text, m, bytes, (size_t)count));
    moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_TEXT);
    if (value != NULL) {
        value->as.text.data = text;
        value->as.text.size = (size_t)count;
    }
    return push(m, value);
}

static moco_status push_mark(machine *m)
{
    if (m->mark_count == MARKS_MAX) {
        return moco__pickle_refuse(m->pickle, "brackets are nested more than %d deep", (int)MARKS_MAX);
    }
    m->marks[m->mark_count++] = m->depth;
    return MOCO_OK;
}

/* Takes the last mark away; the values above it are stack[*from], ... stack[*from + *count - 1], off the stack. */
static moco_status pop_mark(size_t *from, size_t *count, machine *m)
{
    if (m->mark_count == 0) {
        return moco__pickle_refuse(m->pickle, "a bracket is closed at byte %zu that was not opened", m->at);
    }
    *from = m->marks[--m->mark_count];
    *count = m->depth - *from;
    m->depth = *from;
    return MOCO_OK;
}

/* Adds values that were above the stack's end to a container. */
static moco_status add_all(machine *m, moco__pickle_value *container, size_t from, size_t count)
{
    if (container->kind == MOCO__PICKLE_DICT && count % 2 != 0) {
        return moco__pickle_refuse(m->pickle, "a key at byte %zu has no value", m->at);
    }
    for (size_t i = 0; i < count; ++i) {
        MOCO_TRY(moco__pickle_push(m->pickle, container, m->stack[from + i]));
    }
    return MOCO_OK;
}

/* A new container of the values above the mark. */
static moco_status collect_marked(machine *m, moco__pickle_kind kind)
{
    size_t from = 0;
    size_t count = 0;
    MOCO_TRY(pop_mark(&from, &count, m));
    moco__pickle_value *value = moco__pickle_new(m->pickle, kind);
    if (value == NULL) {
        return MOCO_EFORMAT;
    }
    MOCO_TRY(add_all(m, value, from, count));
    return push(m, value);
}

static moco_status collect_tuple(machine *m, size_t count)
{
    MOCO_TRY(need(m, count));
    moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_TUPLE);
    if (value == NULL) {
        return MOCO_EFORMAT;
    }
    m->depth -= count;
    MOCO_TRY(add_all(m, value, m->depth, count));
    return push(m, value);
}

/* Adds the last `count` values, or those above the mark, to the container below them. */
static moco_status extend(machine *m, moco__pickle_kind kind, bool marked, size_t count)
{
    size_t from = 0;
    if (marked) {
        MOCO_TRY(pop_mark(&from, &count, m));
    } else {
        MOCO_TRY(need(m, count + 1));
        m->depth -= count;
        from = m->depth;
    }
    MOCO_TRY(need(m, 1));
    moco__pickle_value *container = m->stack[m->depth - 1];
    if (container->kind != kind) {
        return moco__pickle_refuse(m->pickle, "an item at byte %zu is added to what is no container", m->at);
    }
    return add_all(m, container, from, count);
}

static moco_status push_global(machine *m, const char *module, const char *name)
{
    size_t row = 0;
    MOCO_TRY(moco__pickle_find_global(&row, m->pickle, module, name));
    moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_GLOBAL);
    if (value != NULL) {
        value->as.global = row;
    }
    return push(m, value);
}

/* A text up to a newline. */
static moco_status take_line(char **out, machine *m)
{
    const uint8_t *start = m->data + m->at;
    const uint8_t *end = memchr(start, '\n', m->size - m->at);
    if (end == NULL) {
        return moco__pickle_refuse(m->pickle, "it ends in the middle of a name");
    }
    m->at += (size_t)(end - start) + 1;
    return copy_text(out, m, start, (size_t)(end - start));
}

static moco_status run_global(machine *m)
{
    char *module = NULL;
    char *name = NULL;
    MOCO_TRY(take_line(&module, m));
    MOCO_TRY(take_line(&name, m));
    return push_global(m, module, name);
}

static moco_status run_stack_global(machine *m)
{
    moco__pickle_value *name = NULL;
    moco__pickle_value *module = NULL;
    MOCO_TRY(pop(&name, m));
    MOCO_TRY(pop(&module, m));
    if (name->kind != MOCO__PICKLE_TEXT || module->kind != MOCO__PICKLE_TEXT) {
        return moco__pickle_refuse(m->pickle, "a name at byte %zu is no text", m->at);
    }
    return push_global(m, module->as.text.data, name->as.text.data);
}

static moco_status run_call(machine *m)
{
    moco__pickle_value *arguments = NULL;
    moco__pickle_value *callable = NULL;
    moco__pickle_value *result = NULL;
    MOCO_TRY(pop(&arguments, m));
    MOCO_TRY(pop(&callable, m));
    MOCO_TRY(moco__pickle_call(&result, m->pickle, callable, arguments));
    return push(m, result);
}

static moco_status run_persistent(machine *m)
{
    moco__pickle_value *id = NULL;
    moco__pickle_value *storage = NULL;
    MOCO_TRY(pop(&id, m));
    MOCO_TRY(moco__pickle_make_storage(&storage, m->pickle, id));
    return push(m, storage);
}

/* State of an object: of dictionaries alone, whose attributes (_metadata, the options of a Namespace) are left out. */
static moco_status run_build(machine *m)
{
    moco__pickle_value *state = NULL;
    MOCO_TRY(pop(&state, m));
    MOCO_TRY(need(m, 1));
    return m->stack[m->depth - 1]->kind == MOCO__PICKLE_DICT
               ? MOCO_OK
               : moco__pickle_refuse(m->pickle, "it sets the state of what is no dictionary");
}

static moco_status put_memo(machine *m, uint64_t index)
{
    MOCO_TRY(need(m, 1));
    MOCO_TRY(reserve(m, &m->memo, &m->memo_room, (size_t)index, MEMO_MAX));
    m->memo[index] = m->stack[m->depth - 1];
    m->memo_next += 1;
    return MOCO_OK;
}

static moco_status run_memo(machine *m, size_t bytes, bool get)
{
    uint64_t index = 0;
    MOCO_TRY(take_number(&index, m, bytes));
    if (!get) {
        return put_memo(m, index);
    }
    if (index >= m->memo_room || m->memo[index] == NULL) {
        return moco__pickle_refuse(m->pickle, "it refers to value %llu, which it does not have",
                                   (unsigned long long)index);
    }
    return push(m, m->memo[index]);
}

static moco_status run_pop_mark(machine *m)
{
    size_t from = 0;
    size_t count = 0;
    return pop_mark(&from, &count, m);
}

static moco_status run_duplicate(machine *m)
{
    MOCO_TRY(need(m, 1));
    return push(m, m->stack[m->depth - 1]);
}

static moco_status run_pop(machine *m)
{
    moco__pickle_value *unused = NULL;
    return pop(&unused, m);
}

static moco_status check_protocol(machine *m)
{
    uint64_t protocol = 0;
    MOCO_TRY(take_number(&protocol, m, 1));
    return protocol >= 2 && protocol <= 5
               ? MOCO_OK
               : moco__pickle_refuse(m->pickle, "pickle protocol %llu", (unsigned long long)protocol);
}

static moco_status skip_frame(machine *m)
{
    uint64_t length = 0;
    return take_number(&length, m, 8);
}

static moco_status run_opcode(machine *m, uint8_t opcode)
{
    switch (opcode) {
    case 0x80:
        return check_protocol(m);
    case 0x95:
        return skip_frame(m);
    case '(':
        return push_mark(m);
    case '0':
        return run_pop(m);
    case '1':
        return run_pop_mark(m);
    case '2':
        return run_duplicate(m);
    case 'N':
        return push_kind(m, MOCO__PICKLE_NONE);
    case 0x88:
        return push_bool(m, true);
    case 0x89:
        return push_bool(m, false);
    case 'J':
        return push_int32(m);
    case 'K':
        return push_unsigned(m, 1);
    case 'M':
        return push_unsigned(m, 2);
    case 0x8A:
        return push_long(m);
    case 'G':
        return push_real(m);
    case 'U':
        return push_text(m, 1);
    case 0x8C:
        return push_text(m, 1);
    case 'T':
        return push_text(m, 4);
    case 'X':
        return push_text(m, 4);
    case 0x8D:
        return push_text(m, 8);
    case ']':
        return push_kind(m, MOCO__PICKLE_LIST);
    case 'l':
        return collect_marked(m, MOCO__PICKLE_LIST);
    case 'a':
        return extend(m, MOCO__PICKLE_LIST, false, 1);
    case 'e':
        return extend(m, MOCO__PICKLE_LIST, true, 0);
    case '}':
        return push_kind(m, MOCO__PICKLE_DICT);
    case 'd':
        return collect_marked(m, MOCO__PICKLE_DICT);
    case 's':
        return extend(m, MOCO__PICKLE_DICT, false, 2);
    case 'u':
        return extend(m, MOCO__PICKLE_DICT, true, 0);
    case ')':
        return push_kind(m, MOCO__PICKLE_TUPLE);
    case 't':
        return collect_marked(m, MOCO__PICKLE_TUPLE);
    case 0x85:
        return collect_tuple(m, 1);
    case 0x86:
        return collect_tuple(m, 2);
    case 0x87:
        return collect_tuple(m, 3);
    case 'c':
        return run_global(m);
    case 0x93:
        return run_stack_global(m);
    case 'R':
        return run_call(m);
    case 0x81:
        return run_call(m);
    case 'b':
        return run_build(m);
    case 'Q':
        return run_persistent(m);
    case 'h':
        return run_memo(m, 1, true);
    case 'j':
        return run_memo(m, 4, true);
    case 'q':
        return run_memo(m, 1, false);
    case 'r':
        return run_memo(m, 4, false);
    case 0x94:
        return put_memo(m, m->memo_next);
    default:
        return moco__pickle_refuse(m->pickle, "opcode 0x%02x at byte %zu, which a file of tensors does not need",
                                   opcode, m->at - 1);
    }
}

static moco_status run(const moco__pickle_value **root, machine *m)
{
    for (;;) {
        const uint8_t *opcode = NULL;
        MOCO_TRY(take(&opcode, m, 1));
        if (*opcode != '.') {
            MOCO_TRY(run_opcode(m, *opcode));
            continue;
        }
        if (m->mark_count > 0 || m->depth != 1) {
            return moco__pickle_refuse(m->pickle, "it ends with %zu values in place of one", m->depth);
        }
        *root = m->stack[0];
        return MOCO_OK;
    }
}

moco_status moco__pickle_read(const moco__pickle_value **root, size_t *used, moco__pickle *pickle, const uint8_t *data,
                              size_t size)
{
    machine *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", pickle->path);
    }
    m->pickle = pickle;
    m->data = data;
    m->size = size;
    const moco_status status = run(root, m);
    if (status == MOCO_OK && used != NULL) {
        *used = m->at;
    }
    free(m->stack);
    free(m->memo);
    free(m);
    return status;
}
