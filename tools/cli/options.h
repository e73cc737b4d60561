/*
 * The command line, read by the tables of options.
 */
#ifndef MOCO_TOOLS_CLI_OPTIONS_H
#define MOCO_TOOLS_CLI_OPTIONS_H

#include "cli/command.h"

/* A command's options in the order of the help: its own, the common ones, those of moco_config. NULL beyond the last.
 */
const moco_option *options_at(const tool_command *command, size_t index);

/* Whether an option of the command belongs to moco_config. */
bool options_is_config(const tool_command *command, const moco_option *option);

/* The struct that an option's offset counts in; NULL for those of moco_config. */
void *options_values(const tool_command *command, const moco_option *option);

/*
 * Reads what follows the command's name. Own and common options are set at once, those of moco_config are collected.
 * Returns EXIT_OK, or EXIT_USAGE after a message.
 */
int options_parse(arguments *out, const tool_command *command, int argc, char **argv);

/* Applies the collected settings in order; EXIT_OK, or EXIT_USAGE after a message. */
int options_apply(moco_config *config, const tool_command *command, const arguments *args);

#endif
