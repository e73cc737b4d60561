/* Writes configurations as YAML, which config_file.c reads. */
#include "base/callback_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "config/config_fields_internal.h"
#include "config/config_read_internal.h"
#include "config/policy_list_internal.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* The text that the emitter has written so far. */
typedef struct output {
    char *text;
    size_t size, room;
    bool is_out; /* memory is */
} output;

static int append(void *payload, unsigned char *bytes, size_t count)
{
    output *out = payload;
    if (out->size + count > out->room) {
        const size_t room = 2 * (out->size + count);
        char *grown = realloc(out->text, room);
        if (grown == NULL) {
            out->is_out = true;
            return 0;
        }
        out->text = grown;
        out->room = room;
    }
    memcpy(out->text + out->size, bytes, count);
    out->size += count;
    return 1;
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
    if (moco__config_get(config, option, value, sizeof value) != MOCO_OK || !moco__yaml_scalar(emitter, key, false)) {
        return false;
    }
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    return moco__policy_list_is(option) && moco_augment_parse(&policy, value) == MOCO_OK
               ? moco__policy_list_write(emitter, &policy)
               : moco__yaml_scalar(emitter, value, quoted);
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

/* Gives the text of a configuration, which the caller frees. `path` is for messages. */
static moco_status make_text(output *out, const moco_config *config, const char *path)
{
    yaml_emitter_t emitter;
    moco_config known;
    MOCO_TRY(moco__config_read(&known, config));
    if (yaml_emitter_initialize(&emitter) != 1) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", path);
    }
    yaml_emitter_set_output(&emitter, append, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    moco_status status = MOCO_OK;
    if (!emit_config(&emitter, &known)) { /* an event that cannot be made leaves no problem */
        const bool is_out = out->is_out || emitter.problem == NULL || emitter.error == YAML_MEMORY_ERROR;
        status = is_out ? moco_error_set(MOCO_ENOMEM, "%s: out of memory", path)
                        : moco_error_set(MOCO_EINVALID, "%s: the settings cannot be written as YAML: %s", path,
                                         emitter.problem);
    }
    yaml_emitter_delete(&emitter);
    return status;
}

moco_status moco_config_save(const moco_config *config, const char *path)
{
    output out = { NULL, 0, 0, false };
    MOCO_CHECK_ARG(path);
    moco_status status = make_text(&out, config, path);
    if (status == MOCO_OK) {
        status = moco__file_write(path, out.text, out.size);
    }
    free(out.text);
    return status;
}

moco_status moco_config_save_to(moco_write_fn write, void *payload, const moco_config *config)
{
    output out = { NULL, 0, 0, false };
    MOCO_CHECK_ARG(write);
    moco_status status = make_text(&out, config, "config");
    if (status == MOCO_OK) {
        status = moco__callback_end(write(out.text, out.size, payload), "config: the write callback failed");
    }
    free(out.text);
    return status;
}
