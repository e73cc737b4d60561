/*
 * Reads the command line by the tables of options: --name VALUE, --name=VALUE, --name and --no-name for switches,
 * -n VALUE, -nVALUE; "--" ends the options. The reference's names are aliases in the tables.
 */
#include "cli/options.h"

#include "cli/output.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

const moco_option common_options[] = {
    { .name = "quiet",
      .aliases = { "q" },
      MOCO_BOOL_OPTION(output_options, quiet),
      .help = "show only warnings and errors" },
    { .name = "verbose", MOCO_BOOL_OPTION(output_options, verbose), .help = "also show debug messages" },
    { .name = "help", .aliases = { "h" }, MOCO_BOOL_OPTION(output_options, help), .help = "show this help" },
};
const size_t common_option_count = sizeof common_options / sizeof common_options[0];

/* Switches of the reference that are choices here. */
static const struct {
    const char *name, *option, *value;
} reference_switches[] = {
    { "cos", "schedule", "cosine" },
    { "aug-plus", "augment", "v2" },
};

/* Options of the reference that have another form here. */
static const struct {
    const char *name, *hint;
} hints[] = {
    { "pretrained", "to test a checkpoint, use: moco linear CHECKPOINT --train DATA --val DATA" },
    { "gpu", "use --device cuda:N" },
    { "multiprocessing-distributed", "use --nproc N" },
    { "world-size", "use --nnodes HOSTS and --nproc N" },
    { "rank", "use --node-rank R" },
    { "dist-url", "use --master-addr HOST and --master-port PORT" },
    { "dist-backend", "NCCL serves CUDA and Gloo the CPU; leave it out" },
};

const moco_option *options_at(const tool_command *command, size_t index)
{
    if (index < command->option_count) {
        return &command->options[index];
    }
    index -= command->option_count;
    if (index < common_option_count) {
        return &common_options[index];
    }
    return command->takes_config ? moco_config_option(index - common_option_count) : NULL;
}

bool options_is_config(const tool_command *command, const moco_option *option)
{
    return options_values(command, option) == NULL;
}

void *options_values(const tool_command *command, const moco_option *option)
{
    for (size_t i = 0; i < command->option_count; ++i) {
        if (option == &command->options[i]) {
            return command->values;
        }
    }
    for (size_t i = 0; i < common_option_count; ++i) {
        if (option == &common_options[i]) {
            return &output_settings;
        }
    }
    return NULL;
}

/* Finds the option of a name or letter. */
static const moco_option *find(const tool_command *command, const char *name, size_t length)
{
    const moco_option *option = moco_option_find(command->options, command->option_count, name, length);
    if (option == NULL) {
        option = moco_option_find(common_options, common_option_count, name, length);
    }
    size_t count = 0;
    const moco_option *settings = moco_config_options(&count);
    return option == NULL && command->takes_config ? moco_option_find(settings, count, name, length) : option;
}

static const moco_option *find_nearest(const tool_command *command, const char *wrong)
{
    size_t errors = SIZE_MAX;
    const moco_option *nearest = moco_option_nearest(command->options, command->option_count, wrong, &errors);
    const moco_option *other = moco_option_nearest(common_options, common_option_count, wrong, &errors);
    nearest = other != NULL ? other : nearest;
    if (command->takes_config) {
        size_t count = 0;
        const moco_option *settings = moco_config_options(&count);
        other = moco_option_nearest(settings, count, wrong, &errors);
    }
    return other != NULL ? other : nearest;
}

static int unknown_option(const tool_command *command, const char *name, size_t length)
{
    char wrong[64]; /* no option name is longer */
    (void)snprintf(wrong, sizeof wrong, "%.*s", (int)length, name);
    for (size_t i = 0; command->takes_config && i < sizeof hints / sizeof hints[0]; ++i) {
        if (strcmp(wrong, hints[i].name) == 0) {
            return say_usage(command, "there is no option --%s; %s", wrong, hints[i].hint);
        }
    }
    const char *stem = strncmp(wrong, "no-", 3) == 0 ? wrong + 3 : wrong;
    const moco_option *nearest = find_nearest(command, stem);
    return nearest != NULL ? say_usage(command, "there is no option --%s; did you mean --%s%s?", wrong,
                                       stem != wrong ? "no-" : "", nearest->name)
                           : say_usage(command, "there is no option --%.*s", (int)length, name);
}

/* Sets an option of the command, or collects one of moco_config. */
static int assign(arguments *out, const tool_command *command, const moco_option *option, const char *text)
{
    void *values = options_values(command, option);
    if (values != NULL) {
        return say_refused(command, moco_option_set(values, option, text));
    }
    if (out->setting_count == MAX_SETTINGS) {
        return say_usage(command, "more than %d options are given; put them into a file for --config", MAX_SETTINGS);
    }
    out->settings[out->setting_count++] = (setting){ option, text };
    return EXIT_OK;
}

/* The words of the command line, and the next one to read. */
typedef struct words {
    int count;
    char **list;
    int next;
} words;

/* Takes the next word as a value. An option is not a value, but "-" and negative numbers are. */
static const char *take_value(words *in)
{
    const char *word = in->next < in->count ? in->list[in->next] : NULL;
    const bool is_option = word != NULL && word[0] == '-' && word[1] != '\0' && strchr("0123456789.", word[1]) == NULL;
    if (word == NULL || is_option) {
        return NULL;
    }
    ++in->next;
    return word;
}

static bool is_number(const char *word)
{
    return word[0] != '\0' && word[strspn(word, "0123456789")] == '\0';
}

/* Reads `--schedule 120 160` as the reference does: numbers are milestones. */
static int reference_schedule(arguments *out, const tool_command *command, words *in, const char *first)
{
    static char milestones[sizeof((moco_config *)0)->milestones];
    size_t used = (size_t)snprintf(milestones, sizeof milestones, "%s", first);
    while (used < sizeof milestones && in->next < in->count && is_number(in->list[in->next])) {
        used += (size_t)snprintf(milestones + used, sizeof milestones - used, ",%s", in->list[in->next++]);
    }
    if (used >= sizeof milestones) {
        return say_usage(command, "--schedule has too many milestones; give fewer");
    }
    const int code = assign(out, command, moco_config_find_option("milestones"), milestones);
    return code != EXIT_OK ? code : assign(out, command, moco_config_find_option("schedule"), "steps");
}

static int read_value(arguments *out, const tool_command *command, words *in, const moco_option *option,
                      const char *shown, const char *attached)
{
    const char *value = attached != NULL ? attached : take_value(in);
    if (value == NULL) {
        return say_usage(command, "option %s needs a value; write %s %s", shown, shown, option->argument);
    }
    if (options_is_config(command, option) && strcmp(option->name, "schedule") == 0 && value[0] >= '0' &&
        value[0] <= '9') {
        return reference_schedule(out, command, in, value);
    }
    return assign(out, command, option, value);
}

/* Whether the first @p length bytes of @p name are @p known, with underscores for dashes. */
static bool is_switch(const char *known, const char *name, size_t length)
{
    const moco_option option = { .name = known };
    return moco_option_find(&option, 1, name, length) != NULL;
}

static int read_long(arguments *out, const tool_command *command, words *in, const char *word)
{
    const char *name = word + 2;
    const size_t length = strcspn(name, "=");
    const char *attached = name[length] == '=' ? name + length + 1 : NULL;
    char shown[80];
    (void)snprintf(shown, sizeof shown, "%.*s", (int)length + 2, word);
    for (size_t i = 0; command->takes_config && i < sizeof reference_switches / sizeof reference_switches[0]; ++i) {
        if (attached == NULL && is_switch(reference_switches[i].name, name, length)) {
            return assign(out, command, moco_config_find_option(reference_switches[i].option),
                          reference_switches[i].value);
        }
    }
    const moco_option *option = find(command, name, length);
    const bool negated = option == NULL && length > 4 && strncmp(name, "no-", 3) == 0;
    if (negated) {
        option = find(command, name + 3, length - 3);
    }
    if (option == NULL) {
        return unknown_option(command, name, length);
    }
    if (negated && option->kind != MOCO_OPTION_BOOL) {
        return say_usage(command, "there is no option %s; --%s takes a value", shown, option->name);
    }
    if (option->kind == MOCO_OPTION_BOOL && (negated || attached == NULL)) {
        return attached != NULL ? say_usage(command, "option %s takes no value; remove it", shown)
                                : assign(out, command, option, negated ? "false" : "true");
    }
    return read_value(out, command, in, option, shown, attached);
}

/* Reads letters: -qh are two switches, -b64 has its value attached. */
static int read_letters(arguments *out, const tool_command *command, words *in, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; ++letter) {
        const char shown[3] = { '-', *letter, '\0' };
        const moco_option *option = find(command, letter, 1);
        if (option == NULL) {
            return say_usage(command, "there is no option %s", shown);
        }
        if (option->kind != MOCO_OPTION_BOOL) {
            return read_value(out, command, in, option, shown, letter[1] != '\0' ? letter + 1 : NULL);
        }
        const int code = assign(out, command, option, "true");
        if (code != EXIT_OK) {
            return code;
        }
    }
    return EXIT_OK;
}

/* Whether a word is the value of a switch, or a list of them. */
static bool is_truth(const char *word)
{
    return strcmp(word, "true") == 0 || strcmp(word, "false") == 0 || strcmp(word, "true,false") == 0 ||
           strcmp(word, "false,true") == 0;
}

/* Refuses a word too many, which may be due to the value of a switch. */
static int too_many(const tool_command *command, const words *in, const char *word)
{
    for (int i = 1; i < in->next; ++i) {
        const char *before = in->list[i - 1];
        if (strncmp(before, "--", 2) == 0 && strchr(before, '=') == NULL && is_truth(in->list[i])) {
            return say_usage(command, "'%s' is one argument too many; %s is a switch: write %s=%s", word, before,
                             before, in->list[i]);
        }
    }
    return say_usage(command, "'%s' is one argument too many; write moco %s %s", word, command->name,
                     command->synopsis);
}

static int read_positional(arguments *out, const tool_command *command, const words *in, const char *word)
{
    if (out->positional_count == command->max_positionals) {
        return too_many(command, in, word);
    }
    out->positional[out->positional_count++] = word;
    return EXIT_OK;
}

int options_parse(arguments *out, const tool_command *command, int argc, char **argv)
{
    words in = { argc, argv, 0 };
    bool options_end = false;
    *out = (arguments){ .help = false };
    while (in.next < in.count) {
        const char *word = in.list[in.next++];
        int code = EXIT_OK;
        if (!options_end && strcmp(word, "--") == 0) {
            options_end = true;
        } else if (!options_end && strncmp(word, "--", 2) == 0) {
            code = read_long(out, command, &in, word);
        } else if (!options_end && word[0] == '-' && word[1] != '\0') {
            code = read_letters(out, command, &in, word);
        } else {
            code = read_positional(out, command, &in, word);
        }
        if (code != EXIT_OK) {
            return code;
        }
        if (output_settings.help) {
            out->help = true;
            return EXIT_OK;
        }
    }
    if (out->positional_count < command->min_positionals) {
        return say_usage(command, "an argument is missing; write moco %s %s", command->name, command->synopsis);
    }
    return EXIT_OK;
}

int options_apply(moco_config *config, const tool_command *command, const arguments *args)
{
    for (size_t i = 0; i < args->setting_count; ++i) {
        const int code =
            say_refused(command, moco_config_set(config, args->settings[i].option->name, args->settings[i].text));
        if (code != EXIT_OK) {
            return code;
        }
    }
    return EXIT_OK;
}
