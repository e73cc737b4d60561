/* Names settings as options. */
#include "cli/setting_names.h"

#include <moco.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool ends_word(char c)
{
    return c == '\0' || strchr(" ,;:)\n", c) != NULL;
}

/* Whether the text begins with an option's name, whose words a program joins by an underscore. */
static bool begins_with(const char *text, const char *option)
{
    size_t i = 0;
    for (; option[i] != '\0'; ++i) {
        if (text[i] != option[i] && (option[i] != '-' || text[i] != '_')) {
            return false;
        }
    }
    return ends_word(text[i]);
}

/* Whether the text before `at` ends with a verb that asks for a change. */
static bool follows_verb(const char *message, const char *at)
{
    static const char *const verbs[] = { "use ",      "lower ",   "raise ", "add ", "change ",
                                         "consider ", "without ", "or ",    "by ",  "(" };
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; ++i) {
        const size_t length = strlen(verbs[i]);
        if ((size_t)(at - message) >= length && strncmp(at - length, verbs[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* `last`: the end of the last option in the message; after a comma the next one may follow. */
static const moco_option *option_at(const char *message, const char *at, const char *last)
{
    const moco_option *option = NULL;
    const bool starts_word = at > message && (at[-1] == ' ' || at[-1] == '(');
    const bool is_asked = follows_verb(message, at) || (at - last == 2 && last > message && *last == ',');
    for (size_t i = 0; starts_word && (option = moco_config_option(i)) != NULL; ++i) {
        if (begins_with(at, option->name) && (strchr(option->name, '-') != NULL || is_asked)) {
            return option;
        }
    }
    return NULL;
}

/* A call of the library, and what a person does in its place. */
typedef struct call_name {
    const char *call, *command;
} call_name;

static const call_name *call_at(const char *at)
{
    static const call_name calls[] = {
        { "moco_resume()", "moco resume" },
        { "data_changed", "--data-changed" },
        { "launcher none", "--launcher none" },
        { "moco_shards_pack()", "moco pack" },
        { "short_side", "--short-side" },
        { "moco_shards_index()", "moco index" },
        { "moco_encoder_arch()", "--arch in moco train --help" },
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; ++i) {
        if (strncmp(at, calls[i].call, strlen(calls[i].call)) == 0) {
            return &calls[i];
        }
    }
    return NULL;
}

void name_settings_as_options(char *out, size_t size, const char *message)
{
    size_t used = 0;
    const char *at = message;
    const char *last = message;
    while (*at != '\0' && used + 1 < size) {
        const call_name *call = call_at(at);
        const moco_option *option = call == NULL ? option_at(message, at, last) : NULL;
        int written;
        if (call != NULL) {
            written = snprintf(out + used, size - used, "%s", call->command);
            at += strlen(call->call);
        } else if (option != NULL) {
            written = snprintf(out + used, size - used, "--%s", option->name);
            at += strlen(option->name);
            last = at;
        } else {
            written = snprintf(out + used, size - used, "%c", *at++);
        }
        used += (size_t)written < size - used ? (size_t)written : size - used - 1;
    }
    out[used] = '\0';
}
