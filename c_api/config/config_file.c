/*
 * Reads and writes configurations as YAML: one flat map of options. Anything else is refused with its line.
 */
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "config/config_fields_internal.h"
#include "config/config_read_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* What the reader of a file keeps. */
typedef struct reader {
    const char *path;
    yaml_parser_t parser;
    moco_config config;
    bool *seen; /* for each option whether it was read */
} reader;

static size_t line_of(const yaml_event_t *event)
{
    return event->start_mark.line + 1;
}

/* Reads the next event, which the caller deletes. */
static moco_status next_event(reader *in, yaml_event_t *event)
{
    if (yaml_parser_parse(&in->parser, event) == 1) {
        return MOCO_OK;
    }
    const yaml_parser_t *parser = &in->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", in->path);
    }
    return moco_error_set(MOCO_EFORMAT, "%s:%zu: this is not YAML: %s", in->path, parser->problem_mark.line + 1,
                          parser->problem != NULL ? parser->problem : "unknown problem");
}

/* Names what is found in the place of a plain text. */
static const char *event_name(yaml_event_type_t type)
{
    switch (type) {
    case YAML_SEQUENCE_START_EVENT:
        return "a list";
    case YAML_MAPPING_START_EVENT:
        return "a nested map";
    case YAML_ALIAS_EVENT:
        return "an alias";
    default:
        return "something else";
    }
}

/* A key or value must be an untagged scalar without NUL bytes. */
static moco_status check_scalar(const reader *in, const yaml_event_t *event, const char *role)
{
    if (event->type != YAML_SCALAR_EVENT) {
        return moco_error_set(MOCO_EFORMAT, "%s:%zu: %s is %s; only `name: value` lines are read", in->path,
                              line_of(event), role, event_name(event->type));
    }
    if (event->data.scalar.tag != NULL || event->data.scalar.anchor != NULL) {
        return moco_error_set(MOCO_EFORMAT, "%s:%zu: %s has a tag or anchor; only `name: value` lines are read",
                              in->path, line_of(event), role);
    }
    if (memchr(event->data.scalar.value, '\0', event->data.scalar.length) != NULL) {
        return moco_error_set(MOCO_EFORMAT, "%s:%zu: %s contains a NUL byte", in->path, line_of(event), role);
    }
    return MOCO_OK;
}

static moco_status unknown_key(const reader *in, const yaml_event_t *event)
{
    const char *key = (const char *)event->data.scalar.value;
    const char *near = moco_config_suggest(key);
    char suggestion[64] = "";
    (void)snprintf(suggestion, sizeof suggestion, "%s", near != NULL ? near : "");
    for (char *dash = strchr(suggestion, '-'); dash != NULL; dash = strchr(dash, '-')) {
        *dash = '_';
    }
    return near != NULL
               ? moco_error_set(MOCO_EINVALID, "%s:%zu: there is no option '%s'; did you mean '%s'?", in->path,
                                line_of(event), key, suggestion)
               : moco_error_set(MOCO_EINVALID, "%s:%zu: there is no option '%s'", in->path, line_of(event), key);
}

/* Finds the option of a key, which must not have come before. */
static moco_status find_key(reader *in, const yaml_event_t *event, const moco_option **out)
{
    MOCO_TRY(check_scalar(in, event, "a key"));
    const moco_option *option = moco_config_find_option((const char *)event->data.scalar.value);
    if (option == NULL) {
        return unknown_key(in, event);
    }
    const size_t index = (size_t)(option - moco_config_option(0));
    if (in->seen[index]) {
        return moco_error_set(MOCO_EINVALID, "%s:%zu: '%s' is given a second time; remove one", in->path,
                              line_of(event), option->name);
    }
    in->seen[index] = true;
    *out = option;
    return MOCO_OK;
}

static moco_status set_value(reader *in, const moco_option *option, const yaml_event_t *event)
{
    MOCO_TRY(check_scalar(in, event, option->name));
    const char *text = (const char *)event->data.scalar.value;
    const bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    const bool is_text = option->kind == MOCO_OPTION_TEXT || option->kind == MOCO_OPTION_PATH ||
                         option->kind == MOCO_OPTION_CHOICE || option->kind == MOCO_OPTION_NAME;
    if (plain && (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0)) {
        return moco_error_set(MOCO_EINVALID, "%s:%zu: '%s' has no value; give one, or remove the line", in->path,
                              line_of(event), option->name);
    }
    if (!plain && !is_text) {
        return moco_error_set(MOCO_EINVALID, "%s:%zu: %s: \"%s\" is a text because of its quotes; remove them",
                              in->path, line_of(event), option->name, text);
    }
    const moco_status status = moco_option_set(&in->config, option, text);
    if (status != MOCO_OK) {
        return moco_error_set(status, "%s:%zu: %s", in->path, line_of(event), moco_error_message());
    }
    return MOCO_OK;
}

/* Reads pairs `name: value` up to the end of the map. */
static moco_status read_pairs(reader *in)
{
    const moco_option *option = NULL;
    for (;;) {
        yaml_event_t event;
        MOCO_TRY(next_event(in, &event));
        const bool end = option == NULL && event.type == YAML_MAPPING_END_EVENT;
        moco_status status = MOCO_OK;
        if (!end && option == NULL) {
            status = find_key(in, &event, &option);
        } else if (!end) {
            status = set_value(in, option, &event);
            option = NULL;
        }
        yaml_event_delete(&event);
        if (end || status != MOCO_OK) {
            return status;
        }
    }
}

/* Reads the one map of the file; an empty file is an empty map. */
static moco_status read_stream(reader *in)
{
    size_t documents = 0;
    for (;;) {
        yaml_event_t event;
        MOCO_TRY(next_event(in, &event));
        const yaml_event_type_t type = event.type;
        moco_status status = MOCO_OK;
        if (type == YAML_DOCUMENT_START_EVENT && ++documents > 1) {
            status = moco_error_set(MOCO_EFORMAT, "%s:%zu: a second document starts here; a file must hold only one",
                                    in->path, line_of(&event));
        } else if (type == YAML_MAPPING_START_EVENT) {
            status = read_pairs(in);
        } else if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT || type == YAML_ALIAS_EVENT) {
            status = moco_error_set(MOCO_EFORMAT, "%s:%zu: this is not a list of lines `name: value`", in->path,
                                    line_of(&event));
        }
        yaml_event_delete(&event);
        if (status != MOCO_OK || type == YAML_STREAM_END_EVENT) {
            return status;
        }
    }
}

moco_status moco_config_load(moco_config *config, const char *path)
{
    MOCO_CHECK_ARG(config);
    MOCO_CHECK_ARG(path);
    moco_config known;
    MOCO_TRY(moco__config_read(&known, config));
    char *text = NULL;
    size_t size = 0;
    MOCO_TRY(moco__file_read(&text, &size, path));
    moco_status status = MOCO_OK;
    reader *in = moco__calloc(1, sizeof *in);
    bool *seen = moco__calloc(moco_config_option_count(), sizeof *seen);
    if (in == NULL || seen == NULL) {
        free(seen);
        free(in);
        free(text);
        return MOCO_ENOMEM;
    }
    in->path = path;
    in->seen = seen;
    in->config = known;
    if (yaml_parser_initialize(&in->parser) == 1) {
        yaml_parser_set_input_string(&in->parser, (const unsigned char *)text, size);
        status = read_stream(in);
        yaml_parser_delete(&in->parser);
    } else {
        status = moco_error_set(MOCO_ENOMEM, "%s: out of memory", path);
    }
    if (status == MOCO_OK) {
        moco__config_write(config, &in->config);
    }
    free(seen);
    free(in);
    free(text);
    return status;
}

/* The text that the emitter has written so far. */
typedef struct output {
    char *text;
    size_t size, room;
} output;

static int append(void *payload, unsigned char *bytes, size_t count)
{
    output *out = payload;
    if (out->size + count > out->room) {
        const size_t room = 2 * (out->size + count);
        char *grown = realloc(out->text, room);
        if (grown == NULL) {
            return 0;
        }
        out->text = grown;
        out->room = room;
    }
    memcpy(out->text + out->size, bytes, count);
    out->size += count;
    return 1;
}

/* Writes a scalar. The emitter owns the event even if it fails. */
static bool emit_scalar(yaml_emitter_t *emitter, const char *text, bool quoted)
{
    yaml_event_t event;
    const yaml_scalar_style_t style = quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;
    return yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1,
                                        style) == 1 &&
           yaml_emitter_emit(emitter, &event) == 1;
}

static bool emit_option(yaml_emitter_t *emitter, const moco_config *config, const moco_option *option)
{
    char key[64];
    char value[MOCO_PATH_MAX + 1];
    size_t i = 0;
    for (; option->name[i] != '\0' && i + 1 < sizeof key; ++i) {
        key[i] = option->name[i] == '-' ? '_' : option->name[i];
    }
    key[i] = '\0';
    const bool quoted = option->kind == MOCO_OPTION_TEXT || option->kind == MOCO_OPTION_PATH;
    return moco__config_get(config, option, value, sizeof value) == MOCO_OK && emit_scalar(emitter, key, false) &&
           emit_scalar(emitter, value, quoted);
}

static bool emit_config(yaml_emitter_t *emitter, const moco_config *config)
{
    yaml_event_t event;
    bool fine = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) == 1 &&
                yaml_emitter_emit(emitter, &event) == 1 &&
                yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) == 1 &&
                yaml_emitter_emit(emitter, &event) == 1 &&
                yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE) == 1 &&
                yaml_emitter_emit(emitter, &event) == 1;
    const moco_option *option = NULL;
    for (size_t i = 0; fine && (option = moco_config_option(i)) != NULL; ++i) {
        fine = moco__config_leaves_out(config, option) || emit_option(emitter, config, option);
    }
    return fine && yaml_mapping_end_event_initialize(&event) == 1 && yaml_emitter_emit(emitter, &event) == 1 &&
           yaml_document_end_event_initialize(&event, 1) == 1 && yaml_emitter_emit(emitter, &event) == 1 &&
           yaml_stream_end_event_initialize(&event) == 1 && yaml_emitter_emit(emitter, &event) == 1;
}

moco_status moco_config_save(const moco_config *config, const char *path)
{
    moco_config known;
    MOCO_CHECK_ARG(path);
    MOCO_TRY(moco__config_read(&known, config));
    output out = { NULL, 0, 0 };
    yaml_emitter_t emitter;
    if (yaml_emitter_initialize(&emitter) != 1) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", path);
    }
    yaml_emitter_set_output(&emitter, append, &out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    moco_status status = MOCO_OK;
    if (emit_config(&emitter, &known)) {
        status = moco__file_write(path, out.text, out.size);
    } else {
        status = moco_error_set(MOCO_EINVALID, "%s: the settings cannot be written as YAML: %s", path,
                                emitter.problem != NULL ? emitter.problem : "out of memory");
    }
    yaml_emitter_delete(&emitter);
    free(out.text);
    return status;
}
