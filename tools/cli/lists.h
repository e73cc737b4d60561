/*
 * Reads lists of numbers, as "1,5,20".
 */
#ifndef MOCO_TOOLS_CLI_LISTS_H
#define MOCO_TOOLS_CLI_LISTS_H

#include "cli/command.h"

/*
 * Reads at most @p room numbers from min to max; only whole numbers if @p whole is set. Returns EXIT_OK, or EXIT_USAGE
 * after a message that names the option.
 */
int list_parse(double *numbers, size_t *count, size_t room, const char *text, double min, double max, bool whole,
               const char *option, const tool_command *command);

#endif
