/*
 * Describes a command of the tool: its texts, its options, and what it does.
 */
#ifndef MOCO_TOOLS_CLI_COMMAND_H
#define MOCO_TOOLS_CLI_COMMAND_H

#include <moco.h>

/* Exit codes. A run that a signal stopped ends with 128 + the signal's number. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SIGNAL_BASE = 128 };

enum { MAX_SETTINGS = 256, MAX_POSITIONALS = 4 };

/* An option of moco_config on the command line, applied after presets and configuration files. */
typedef struct setting {
    const moco_option *option;
    const char *text;
} setting;

/* What the command line gives, apart from the command's own options. */
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
    const char *text;     /* one paragraph on what it does */
    const moco_option *options;
    size_t option_count;
    void *values;      /* the struct of the options' fields, with the defaults */
    bool takes_config; /* whether it also takes the options of moco_config */
    size_t min_positionals, max_positionals;
    int (*run)(const arguments *args); /* returns the exit code */
} tool_command;

#endif
