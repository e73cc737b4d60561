/*
 * Help texts, made from the tables of commands and options.
 */
#ifndef MOCO_TOOLS_CLI_HELP_H
#define MOCO_TOOLS_CLI_HELP_H

#include "cli/command.h"

/* Prints the tool's help. */
void help_tool(void);

/* Prints a command's help. */
void help_command(const tool_command *command);

/* "-b, --batch, --batch-size N", as help and man page show it. */
const char *help_option_names(char *buffer, size_t size, const moco_option *option);

/* What an option is for, with its choices or range and its default. */
const char *help_option_text(char *buffer, size_t size, const tool_command *command, const moco_option *option);

#endif
