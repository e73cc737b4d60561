/*
 * Reads the command line by the tables of options.
 */
#ifndef MOCO_TOOLS_CLI_OPTIONS_H
#define MOCO_TOOLS_CLI_OPTIONS_H

#include "cli/command.h"

/* The options that every command has. */
extern const moco_option common_options[];
extern const size_t common_option_count;

/*
 * Returns a command's options in the order of the help: its own, the common ones, those of moco_config; NULL after the
 * last.
 */
const moco_option *options_at(const tool_command *command, size_t index);

/* Whether an option of the command belongs to moco_config. */
bool options_is_config(const tool_command *command, const moco_option *option);

/* Returns the struct of an option's field; NULL for options of moco_config. */
void *options_values(const tool_command *command, const moco_option *option);

/*
 * Reads the words after the command's name. Sets own and common options at once, and collects those of moco_config.
 * Returns EXIT_OK, or EXIT_USAGE after a message.
 */
int options_parse(arguments *out, const tool_command *command, int argc, char **argv);

/* Applies the collected settings in order. Returns EXIT_OK, or EXIT_USAGE after a message. */
int options_apply(moco_config *config, const tool_command *command, const arguments *args);

#endif
