/*
 * Reads configurations from YAML: one flat map of options, of which a policy may be a list. Anything else is refused
 * with its line.
 */
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "config/config_fields_internal.h"
#include "config/config_read_internal.h"
#include "config/policy_list_internal.h"

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
    const size_t index = (size_t)(option - moco_config_options(NULL));
    if (in->seen[index]) {
        return moco_error_set(MOCO_EINVALID, "%s:%zu: '%s' is given a second time; remove one", in->path,
                              line_of(event), option->name);
    }
    in->seen[index] = true;
    *out = option;
    return MOCO_OK;
}

/* Sets a policy from a list, whose first event has been read. */
static moco_status set_list(reader *in, const moco_option *option, size_t line)
{
    char text[MOCO_AUGMENT_TEXT_MAX] = "";
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    MOCO_TRY(moco__policy_list_read(text, &in->parser, in->path));
    const moco_status status = moco_augment_parse(&policy, text);
    if (status != MOCO_OK) {
        return moco_error_set(status, "%s:%zu: %s: %s", in->path, line, option->name, moco_error_message());
    }
    return moco_option_set(&in->config, option, text);
}

static moco_status set_value(reader *in, const moco_option *option, const yaml_event_t *event)
{
    if (event->type == YAML_SEQUENCE_START_EVENT && moco__policy_list_is(option)) {
        return set_list(in, option, line_of(event));
    }
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
        MOCO_TRY(moco__yaml_next(&event, &in->parser, in->path));
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
        MOCO_TRY(moco__yaml_next(&event, &in->parser, in->path));
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
    size_t options = 0;
    (void)moco_config_options(&options);
    bool *seen = moco__calloc(options, sizeof *seen);
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
