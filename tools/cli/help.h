/*
 * Writes help texts from the tables of commands and options.
 */
#ifndef MOCO_TOOLS_CLI_HELP_H
#define MOCO_TOOLS_CLI_HELP_H

#include "cli/command.h"

/* Prints the tool's help. */
void help_tool(void);

/* Prints a command's help. */
void help_command(const tool_command *command);

/* Returns the letter of an option, as b for -b; NUL if it has none. */
char help_option_letter(const moco_option *option);

/* Writes "-b, --batch, --batch-size N", as help and man page show it. */
const char *help_option_names(char *buffer, size_t size, const moco_option *option);

/* Writes what an option is for, with its choices or range and its default. */
const char *help_option_text(char *buffer, size_t size, const tool_command *command, const moco_option *option);

#endif
