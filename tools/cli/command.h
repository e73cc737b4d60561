/*
 * A command of the tool: its texts, its options, and what it does.
 */
#ifndef MOCO_TOOLS_CLI_COMMAND_H
#define MOCO_TOOLS_CLI_COMMAND_H

#include <moco.h>

/* What a command ends the process with. A stopped run ends with 128 + the signal's number. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SIGNAL_BASE = 128 };

enum { MAX_SETTINGS = 256, MAX_POSITIONALS = 4 };

/* An option of moco_config that the command line sets; applied after presets and configuration files. */
typedef struct setting {
    const moco_option *option;
    const char *text;
} setting;

/* What the command line says, apart from the command's own options. */
typedef struct arguments {
    const char *positional[MAX_POSITIONALS];
    size_t positional_count;
    setting settings[MAX_SETTINGS];
    size_t setting_count;
    bool help;
} arguments;

typedef struct tool_command {
    const char *name;
    const char *synopsis; /* what follows the name, as "DATA --out RUN [options]" */
    const char *summary;  /* one line for the list of commands */
    const char *text;     /* what it does, in a paragraph */
    const moco_option *options;
    size_t option_count;
    void *values;      /* the struct that the options' offsets count in; holds the defaults */
    bool takes_config; /* whether the options of moco_config are the command's too */
    size_t min_positionals, max_positionals;
    int (*run)(const arguments *args); /* returns the exit code */
} tool_command;

/* Tells which commands there are. main() does so first; the list is borrowed for good. */
void commands_register(const tool_command *const *list, size_t count);
/* The index-th command, NULL beyond the last. */
const tool_command *command_at(size_t index);
const tool_command *command_find(const char *name);

/* Options that every command has. */
extern const moco_option common_options[];
extern const size_t common_option_count;

/* Rows of a table of a command's own options. */
#define OPTION_FIELD(type, field) offsetof(type, field), sizeof(((type *)0)->field)
#define OPTION_FLAG(name, alias, help, type, field)                                                                    \
    {                                                                                                                  \
        name, alias, MOCO_OPTION_BOOL, NULL, NULL, help, NULL, 0, 1, false, OPTION_FIELD(type, field)                  \
    }
#define OPTION_PATH(name, alias, argument, help, type, field)                                                          \
    {                                                                                                                  \
        name, alias, MOCO_OPTION_PATH, NULL, argument, help, NULL, 0, 0, false, OPTION_FIELD(type, field)              \
    }
#define OPTION_TEXT(name, alias, argument, help, type, field)                                                          \
    {                                                                                                                  \
        name, alias, MOCO_OPTION_TEXT, NULL, argument, help, NULL, 0, 0, false, OPTION_FIELD(type, field)              \
    }
#define OPTION_CHOICE(name, alias, argument, choices, help, type, field)                                               \
    {                                                                                                                  \
        name, alias, MOCO_OPTION_CHOICE, NULL, argument, help, choices, 0, 0, false, OPTION_FIELD(type, field)         \
    }
#define OPTION_INT(name, alias, min, max, zero_is_auto, help, type, field)                                             \
    {                                                                                                                  \
        name, alias, MOCO_OPTION_INT, NULL, "N", help, NULL, min, max, zero_is_auto, OPTION_FIELD(type, field)         \
    }
#define OPTION_REAL(name, alias, min, max, help, type, field)                                                          \
    {                                                                                                                  \
        name, alias, MOCO_OPTION_REAL, NULL, "X", help, NULL, min, max, false, OPTION_FIELD(type, field)               \
    }

#endif
