/*
 * Keeps the list of commands.
 */
#include "cli/command_list.h"

#include <string.h>

static const tool_command *const *commands;
static size_t command_count;

void commands_register(const tool_command *const *list, size_t count)
{
    commands = list;
    command_count = count;
}

const tool_command *command_at(size_t index)
{
    return index < command_count ? commands[index] : NULL;
}

const tool_command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; ++i) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}
