/* Reads pickles: runs the opcodes that torch.save writes, in protocols 2 to 5. */
#include "formats/pickle_read_internal.h"

#include "formats/pickle_calls_internal.h"
#include "formats/pickle_machine_internal.h"
#include "formats/pickle_scalars_internal.h"

#include <stdlib.h>

static moco_status push_kind(moco__machine *m, size_t kind)
{
    return moco__machine_push(m, moco__pickle_new(m->pickle, (moco__pickle_kind)kind));
}

/* Makes a container of the values above the mark. */
static moco_status collect_marked(moco__machine *m, size_t kind)
{
    size_t from = 0;
    size_t count = 0;
    MOCO_TRY(moco__machine_unmark(&from, &count, m));
    moco__pickle_value *value = moco__pickle_new(m->pickle, (moco__pickle_kind)kind);
    if (value == NULL) {
        return MOCO_EFORMAT;
    }
    MOCO_TRY(moco__machine_add(m, value, from, count));
    return moco__machine_push(m, value);
}

static moco_status collect_tuple(moco__machine *m, size_t count)
{
    MOCO_TRY(moco__machine_need(m, count));
    moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_TUPLE);
    if (value == NULL) {
        return MOCO_EFORMAT;
    }
    m->depth -= count;
    MOCO_TRY(moco__machine_add(m, value, m->depth, count));
    return moco__machine_push(m, value);
}

/* Adds the last `count` values, or those above the mark if it is 0, to the container below them. */
static moco_status extend(moco__machine *m, moco__pickle_kind kind, size_t count)
{
    size_t from = 0;
    if (count == 0) {
        MOCO_TRY(moco__machine_unmark(&from, &count, m));
    } else {
        MOCO_TRY(moco__machine_need(m, count + 1));
        m->depth -= count;
        from = m->depth;
    }
    MOCO_TRY(moco__machine_need(m, 1));
    moco__pickle_value *container = m->stack[m->depth - 1];
    if (container->kind == MOCO__PICKLE_OTHER) {
        return MOCO_OK; /* nobody reads what is in it, as in a deque */
    }
    if (container->kind != kind) {
        return moco__pickle_refuse(m->pickle, "an item before byte %zu is added to something that is not a container",
                                   m->at);
    }
    return moco__machine_add(m, container, from, count);
}

static moco_status extend_list(moco__machine *m, size_t count)
{
    return extend(m, MOCO__PICKLE_LIST, count);
}

static moco_status extend_dict(moco__machine *m, size_t count)
{
    return extend(m, MOCO__PICKLE_DICT, count);
}

static moco_status push_global(moco__machine *m, const char *module, const char *name)
{
    moco__pickle_value *value = NULL;
    MOCO_TRY(moco__pickle_find_global(&value, m->pickle, module, name));
    return moco__machine_push(m, value);
}

static moco_status run_global(moco__machine *m, size_t unused)
{
    (void)unused;
    char *module = NULL;
    char *name = NULL;
    MOCO_TRY(moco__scalar_line(&module, m));
    MOCO_TRY(moco__scalar_line(&name, m));
    return push_global(m, module, name);
}

static moco_status run_stack_global(moco__machine *m, size_t unused)
{
    (void)unused;
    moco__pickle_value *name = NULL;
    moco__pickle_value *module = NULL;
    MOCO_TRY(moco__machine_pop(&name, m));
    MOCO_TRY(moco__machine_pop(&module, m));
    if (name->kind != MOCO__PICKLE_TEXT || module->kind != MOCO__PICKLE_TEXT) {
        return moco__pickle_refuse(m->pickle, "a name before byte %zu is not a text", m->at);
    }
    return push_global(m, module->as.text.data, name->as.text.data);
}

static moco_status run_call(moco__machine *m, size_t unused)
{
    (void)unused;
    moco__pickle_value *arguments = NULL;
    moco__pickle_value *callable = NULL;
    moco__pickle_value *result = NULL;
    MOCO_TRY(moco__machine_pop(&arguments, m));
    MOCO_TRY(moco__machine_pop(&callable, m));
    MOCO_TRY(moco__pickle_call(&result, m->pickle, callable, arguments));
    return moco__machine_push(m, result);
}

static moco_status run_persistent(moco__machine *m, size_t unused)
{
    (void)unused;
    moco__pickle_value *id = NULL;
    moco__pickle_value *storage = NULL;
    MOCO_TRY(moco__machine_pop(&id, m));
    MOCO_TRY(moco__pickle_make_storage(&storage, m->pickle, id));
    return moco__machine_push(m, storage);
}

/* Ignores the state of an object (_metadata, the options of a Namespace); plain values have none. */
static moco_status run_build(moco__machine *m, size_t unused)
{
    (void)unused;
    moco__pickle_value *state = NULL;
    MOCO_TRY(moco__machine_pop(&state, m));
    MOCO_TRY(moco__machine_need(m, 1));
    const moco__pickle_kind kind = m->stack[m->depth - 1]->kind;
    return kind == MOCO__PICKLE_DICT || kind == MOCO__PICKLE_TENSOR || kind == MOCO__PICKLE_OTHER
               ? MOCO_OK
               : moco__pickle_refuse(m->pickle, "it sets the state of something that has none");
}

static moco_status put_memo(moco__machine *m, size_t bytes)
{
    uint64_t index = 0;
    MOCO_TRY(moco__machine_number(&index, m, bytes));
    return moco__machine_remember(m, index);
}

static moco_status put_next_memo(moco__machine *m, size_t unused)
{
    (void)unused;
    return moco__machine_remember(m, m->memo_next);
}

static moco_status get_memo(moco__machine *m, size_t bytes)
{
    uint64_t index = 0;
    MOCO_TRY(moco__machine_number(&index, m, bytes));
    if (index >= m->memo_room || m->memo[index] == NULL) {
        return moco__pickle_refuse(m->pickle, "it refers to value %llu, which it does not have",
                                   (unsigned long long)index);
    }
    return moco__machine_push(m, m->memo[index]);
}

static moco_status push_mark(moco__machine *m, size_t unused)
{
    (void)unused;
    return moco__machine_mark(m);
}

static moco_status run_pop_mark(moco__machine *m, size_t unused)
{
    (void)unused;
    size_t from = 0;
    size_t count = 0;
    return moco__machine_unmark(&from, &count, m);
}

static moco_status run_duplicate(moco__machine *m, size_t unused)
{
    (void)unused;
    MOCO_TRY(moco__machine_need(m, 1));
    return moco__machine_push(m, m->stack[m->depth - 1]);
}

static moco_status run_pop(moco__machine *m, size_t unused)
{
    (void)unused;
    moco__pickle_value *dropped = NULL;
    return moco__machine_pop(&dropped, m);
}

static moco_status check_protocol(moco__machine *m, size_t bytes)
{
    uint64_t protocol = 0;
    MOCO_TRY(moco__machine_number(&protocol, m, bytes));
    return protocol >= 2 && protocol <= 5
               ? MOCO_OK
               : moco__pickle_refuse(m->pickle, "pickle protocol %llu", (unsigned long long)protocol);
}

static moco_status skip_frame(moco__machine *m, size_t bytes)
{
    uint64_t length = 0;
    return moco__machine_number(&length, m, bytes);
}

/* An opcode: its function, and the number that it gets: bytes, values, or a kind. */
typedef struct opcode {
    moco_status (*run)(moco__machine *m, size_t number);
    size_t number;
} opcode;

/* The opcodes that torch.save writes; others are refused. */
static const opcode opcodes[256] = {
    [0x80] = { check_protocol, 1 },
    [0x95] = { skip_frame, 8 },
    ['('] = { push_mark, 0 },
    ['0'] = { run_pop, 0 },
    ['1'] = { run_pop_mark, 0 },
    ['2'] = { run_duplicate, 0 },
    ['N'] = { push_kind, MOCO__PICKLE_NONE },
    [0x88] = { moco__scalar_bool, 1 },
    [0x89] = { moco__scalar_bool, 0 },
    ['J'] = { moco__scalar_int32, 4 },
    ['K'] = { moco__scalar_unsigned, 1 },
    ['M'] = { moco__scalar_unsigned, 2 },
    [0x8A] = { moco__scalar_long, 1 },
    [0x8B] = { moco__scalar_long, 4 },
    ['G'] = { moco__scalar_real, 8 },
    ['U'] = { moco__scalar_old_text, 1 },
    [0x8C] = { moco__scalar_text, 1 },
    ['T'] = { moco__scalar_old_text, 4 },
    ['X'] = { moco__scalar_text, 4 },
    [0x8D] = { moco__scalar_text, 8 },
    ['C'] = { moco__scalar_bytes, 1 },
    ['B'] = { moco__scalar_bytes, 4 },
    [0x8E] = { moco__scalar_bytes, 8 },
    [0x96] = { moco__scalar_bytes, 8 },
    [']'] = { push_kind, MOCO__PICKLE_LIST },
    ['l'] = { collect_marked, MOCO__PICKLE_LIST },
    ['a'] = { extend_list, 1 },
    ['e'] = { extend_list, 0 },
    [0x8F] = { push_kind, MOCO__PICKLE_LIST }, /* a set */
    [0x90] = { extend_list, 0 },
    [0x91] = { collect_marked, MOCO__PICKLE_LIST },
    ['}'] = { push_kind, MOCO__PICKLE_DICT },
    ['d'] = { collect_marked, MOCO__PICKLE_DICT },
    ['s'] = { extend_dict, 2 },
    ['u'] = { extend_dict, 0 },
    [')'] = { push_kind, MOCO__PICKLE_TUPLE },
    ['t'] = { collect_marked, MOCO__PICKLE_TUPLE },
    [0x85] = { collect_tuple, 1 },
    [0x86] = { collect_tuple, 2 },
    [0x87] = { collect_tuple, 3 },
    ['c'] = { run_global, 0 },
    [0x93] = { run_stack_global, 0 },
    ['R'] = { run_call, 0 },
    [0x81] = { run_call, 0 },
    ['b'] = { run_build, 0 },
    ['Q'] = { run_persistent, 0 },
    ['h'] = { get_memo, 1 },
    ['j'] = { get_memo, 4 },
    ['q'] = { put_memo, 1 },
    ['r'] = { put_memo, 4 },
    [0x94] = { put_next_memo, 0 },
};

static moco_status run_opcode(moco__machine *m, uint8_t code)
{
    return opcodes[code].run != NULL
               ? opcodes[code].run(m, opcodes[code].number)
               : moco__pickle_refuse(m->pickle, "opcode 0x%02x at byte %zu, which a file of tensors does not need",
                                     code, m->at - 1);
}

static moco_status run(const moco__pickle_value **root, moco__machine *m)
{
    for (;;) {
        const uint8_t *code = NULL;
        MOCO_TRY(moco__machine_take(&code, m, 1));
        if (*code != '.') {
            MOCO_TRY(run_opcode(m, *code));
            continue;
        }
        if (m->mark_count > 0 || m->depth != 1) {
            return moco__pickle_refuse(m->pickle, "it ends with %zu values and %zu open brackets, instead of one value",
                                       m->depth, m->mark_count);
        }
        *root = m->stack[0];
        return MOCO_OK;
    }
}

moco_status moco__pickle_read(const moco__pickle_value **root, size_t *used, moco__pickle *pickle, const uint8_t *data,
                              size_t size)
{
    moco__machine *m = calloc(1, sizeof *m);
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
