/*
 * The list of commands, and the options that all of them have.
 */
#include "cli/command.h"

#include "cli/output.h"

#include <string.h>

static const tool_command *const *commands;
static size_t command_count;

const moco_option common_options[] = {
    OPTION_FLAG("quiet", "q", "only warnings and errors", output_options, quiet),
    OPTION_FLAG("verbose", NULL, "what helps to find a fault, too", output_options, verbose),
    OPTION_FLAG("help", "h", "this help", output_options, help),
};
const size_t common_option_count = sizeof common_options / sizeof common_options[0];

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
