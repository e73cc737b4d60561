/*
 * Keeps the list of commands.
 */
#ifndef MOCO_TOOLS_CLI_COMMAND_LIST_H
#define MOCO_TOOLS_CLI_COMMAND_LIST_H

#include "cli/command.h"

/* Sets the list, which must stay valid. main() does this first. */
void commands_register(const tool_command *const *list, size_t count);

/* Returns the index-th command; NULL after the last. */
const tool_command *command_at(size_t index);

/* Returns the command of a name; NULL if there is none. */
const tool_command *command_find(const char *name);

#endif
