/* Reads and writes policies as lists in YAML, through their text. */
#include "config/policy_list_internal.h"

#include "base/handle_internal.h"
#include "loader/augment_policy_internal.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 16, NUMBERS_SIZE = 256, NUMBER_SIZE = 32 };

/* An operation as it is read. */
typedef struct item {
    size_t line;
    char operation[NUMBER_SIZE];
    char probability[NUMBER_SIZE];
    char numbers[NUMBERS_SIZE]; /* "0.2, 1" */
} item;

moco_status moco__yaml_next(yaml_event_t *event, yaml_parser_t *parser, const char *path)
{
    if (yaml_parser_parse(parser, event) == 1) {
        return MOCO_OK;
    }
    if (parser->error == YAML_MEMORY_ERROR) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", path);
    }
    return moco_error_set(MOCO_EFORMAT, "%s:%zu: this is not YAML: %s", path, parser->problem_mark.line + 1,
                          parser->problem != NULL ? parser->problem : "unknown problem");
}

bool moco__yaml_scalar(yaml_emitter_t *emitter, const char *text, bool quoted)
{
    yaml_event_t event;
    const yaml_scalar_style_t style = quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;
    return yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1,
                                        style) == 1 &&
           yaml_emitter_emit(emitter, &event) == 1;
}

bool moco__policy_list_is(const moco_option *option)
{
    return option->offset == offsetof(moco_config, policy) || option->offset == offsetof(moco_config, key_policy);
}

/* ---- Reading ---- */

/* Where a list is read. */
typedef struct source {
    yaml_parser_t *parser;
    const char *path;
} source;

static moco_status wrong(const source *in, size_t line, const char *what)
{
    return moco_error_set(MOCO_EINVALID,
                          "%s:%zu: %s; write each operation as {operation: RandomGrayscale, probability: 0.2, "
                          "parameters: [numbers]}",
                          in->path, line, what);
}

static moco_status unknown(const source *in, size_t line, const char *what, const char *name, const char *const *names,
                           size_t count)
{
    const char *near = moco_nearest_name(name, names, count);
    return near != NULL ? moco_error_set(MOCO_EINVALID, "%s:%zu: there is no %s '%.60s'; did you mean '%s'?", in->path,
                                         line, what, name, near)
                        : moco_error_set(MOCO_EINVALID, "%s:%zu: there is no %s '%.60s'", in->path, line, what, name);
}

static moco_status check_operation(const source *in, const item *of)
{
    const char *names[NAMES_MAX] = { "Size", "Normalize" };
    size_t count = 2;
    for (size_t kind = 0; count < NAMES_MAX && moco__augment_kind_name(kind) != NULL; ++kind) {
        names[count++] = moco__augment_kind_name(kind);
    }
    for (size_t i = 0; i < count; ++i) {
        if (strcmp(names[i], of->operation) == 0) {
            return MOCO_OK;
        }
    }
    return of->operation[0] == '\0' ? wrong(in, of->line, "there is no operation: NAME")
                                    : unknown(in, of->line, "operation", of->operation, names, count);
}

/* Reads a plain scalar of at most `size` bytes. */
static moco_status read_scalar(char *out, size_t size, const source *in, const yaml_event_t *event)
{
    const size_t line = event->start_mark.line + 1;
    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.tag != NULL || event->data.scalar.anchor != NULL) {
        return wrong(in, line, "there is no plain name or number here");
    }
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length || event->data.scalar.length >= size) {
        return wrong(in, line, "this name or number is too long");
    }
    memcpy(out, text, event->data.scalar.length + 1);
    return MOCO_OK;
}

/* Reads a number; it is checked with the whole text. */
static moco_status read_number(char out[NUMBER_SIZE], const source *in, const yaml_event_t *event)
{
    MOCO_TRY(read_scalar(out, NUMBER_SIZE, in, event));
    if (out[0] == '\0' || out[strspn(out, "+-.0123456789eE")] != '\0') {
        return moco_error_set(MOCO_EINVALID, "%s:%zu: '%s' is not a number", in->path, event->start_mark.line + 1, out);
    }
    return MOCO_OK;
}

static moco_status read_numbers(item *out, const source *in)
{
    for (;;) {
        yaml_event_t event;
        char number[NUMBER_SIZE] = "";
        const size_t used = strlen(out->numbers);
        MOCO_TRY(moco__yaml_next(&event, in->parser, in->path));
        const bool end = event.type == YAML_SEQUENCE_END_EVENT;
        const size_t line = event.start_mark.line + 1;
        const moco_status status = end ? MOCO_OK : read_number(number, in, &event);
        yaml_event_delete(&event);
        if (end || status != MOCO_OK) {
            return status;
        }
        if (used + strlen(number) + 3 > sizeof out->numbers) {
            return wrong(in, line, "there are too many numbers");
        }
        (void)snprintf(out->numbers + used, sizeof out->numbers - used, "%s%s", used > 0 ? ", " : "", number);
    }
}

/* Reads the value of a key. */
static moco_status read_value(item *out, const source *in, const char *key, const yaml_event_t *event)
{
    static const char *const keys[] = { "operation", "probability", "parameters" };
    if (strcmp(key, keys[0]) == 0) {
        return read_scalar(out->operation, sizeof out->operation, in, event);
    }
    if (strcmp(key, keys[1]) == 0) {
        return read_number(out->probability, in, event);
    }
    if (strcmp(key, keys[2]) != 0) {
        return unknown(in, event->start_mark.line + 1, "key", key, keys, sizeof keys / sizeof keys[0]);
    }
    return event->type == YAML_SEQUENCE_START_EVENT ? read_numbers(out, in) : read_number(out->numbers, in, event);
}

/* Reads an operation up to the end of its map. */
static moco_status read_item(item *out, const source *in)
{
    char key[NUMBER_SIZE] = "";
    for (;;) {
        yaml_event_t event;
        MOCO_TRY(moco__yaml_next(&event, in->parser, in->path));
        const bool end = event.type == YAML_MAPPING_END_EVENT;
        moco_status status = MOCO_OK;
        if (!end && key[0] == '\0') {
            status = read_scalar(key, sizeof key, in, &event);
        } else if (!end) {
            status = read_value(out, in, key, &event);
            key[0] = '\0';
        }
        yaml_event_delete(&event);
        if (end || status != MOCO_OK) {
            return status;
        }
    }
}

static moco_status add_item(char text[MOCO_AUGMENT_TEXT_MAX], const source *in, const item *one)
{
    const size_t used = strlen(text);
    MOCO_TRY(check_operation(in, one));
    const bool sure = one->probability[0] == '\0';
    const int length = snprintf(text + used, MOCO_AUGMENT_TEXT_MAX - used, "%s%s(%s)%s%s", used > 0 ? " " : "",
                                one->operation, one->numbers, sure ? "" : " @ ", one->probability);
    return length >= 0 && used + (size_t)length < MOCO_AUGMENT_TEXT_MAX
               ? MOCO_OK
               : wrong(in, one->line, "there are too many operations");
}

moco_status moco__policy_list_read(char text[MOCO_AUGMENT_TEXT_MAX], yaml_parser_t *parser, const char *path)
{
    const source in = { parser, path };
    text[0] = '\0';
    for (;;) {
        yaml_event_t event;
        item one = { .line = 0 };
        MOCO_TRY(moco__yaml_next(&event, parser, path));
        const yaml_event_type_t type = event.type;
        one.line = event.start_mark.line + 1;
        yaml_event_delete(&event);
        if (type == YAML_SEQUENCE_END_EVENT) {
            return MOCO_OK;
        }
        MOCO_TRY(type == YAML_MAPPING_START_EVENT ? read_item(&one, &in)
                                                  : wrong(&in, one.line, "this is not an operation"));
        MOCO_TRY(add_item(text, &in, &one));
    }
}

/* ---- Writing ---- */

static bool emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
    return made == 1 && yaml_emitter_emit(emitter, event) == 1;
}

/* Writes "0.2, 1" as a list. */
static bool write_numbers(yaml_emitter_t *emitter, char *numbers)
{
    yaml_event_t event;
    char *rest = NULL;
    bool fine =
        emit(emitter, &event, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_FLOW_SEQUENCE_STYLE));
    for (char *one = strtok_r(numbers, ", ", &rest); fine && one != NULL; one = strtok_r(NULL, ", ", &rest)) {
        fine = moco__yaml_scalar(emitter, one, false);
    }
    return fine && emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

/* Writes the operation that a text begins with, "NAME(numbers) [@ probability]", and moves behind it. */
static bool write_item(yaml_emitter_t *emitter, char **text)
{
    yaml_event_t event;
    char *name = *text;
    char *numbers = strchr(name, '(');
    char *end = strchr(name, ')');
    *numbers++ = *end++ = '\0';
    char *probability = strncmp(end, " @ ", 3) == 0 ? end + 3 : NULL;
    *text = probability != NULL ? probability + strcspn(probability, " ") : end;
    if (**text == ' ') {
        *(*text)++ = '\0';
    }
    bool fine =
        emit(emitter, &event, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_FLOW_MAPPING_STYLE)) &&
        moco__yaml_scalar(emitter, "operation", false) && moco__yaml_scalar(emitter, name, false);
    if (fine && probability != NULL) {
        fine = moco__yaml_scalar(emitter, "probability", false) && moco__yaml_scalar(emitter, probability, false);
    }
    if (fine && numbers[0] != '\0') {
        fine = moco__yaml_scalar(emitter, "parameters", false) && write_numbers(emitter, numbers);
    }
    return fine && emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

bool moco__policy_list_write(yaml_emitter_t *emitter, const moco_augment_policy *policy)
{
    char text[MOCO_AUGMENT_TEXT_MAX];
    yaml_event_t event;
    char *at = text;
    bool fine =
        moco_augment_format(text, sizeof text, policy) == MOCO_OK &&
        emit(emitter, &event, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
    while (fine && *at != '\0') {
        fine = write_item(emitter, &at);
    }
    return fine && emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}
