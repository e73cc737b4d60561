/*
 * The tool `moco`: finds the command and runs it.
 */
#include "cli/command_list.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "commands/commands.h"
#include "commands/spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const tool_command *const all_commands[] = {
    &command_train, &command_resume, &command_knn,    &command_linear,     &command_finetune,
    &command_embed, &command_sweep,  &command_runs,   &command_report,     &command_plot,
    &command_info,  &command_export, &command_import, &command_pack,       &command_index,
    &command_bench, &command_doctor, &command_man,    &command_completion,
};

enum { COMMAND_COUNT = sizeof all_commands / sizeof all_commands[0] };

static int unknown_command(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; ++i) {
        names[i] = all_commands[i]->name;
    }
    if (name[0] == '-') {
        return say_usage(NULL, "there is no option %s before a command", name);
    }
    const char *near = moco_nearest_name(name, names, COMMAND_COUNT);
    return near != NULL ? say_usage(NULL, "there is no command '%s'; did you mean '%s'?", name, near)
                        : say_usage(NULL, "there is no command '%s'", name);
}

static int run_command(const char *name, int argc, char **argv)
{
    arguments args;
    const tool_command *found = command_find(name);
    if (found == NULL) {
        return unknown_command(name);
    }
    const int code = options_parse(&args, found, argc, argv);
    if (code != EXIT_OK) {
        return code;
    }
    if (args.help) {
        help_command(found);
        return EXIT_OK;
    }
    return found->run(&args);
}

static int show_help(const char *name)
{
    const tool_command *found = name != NULL ? command_find(name) : NULL;
    if (name != NULL && found == NULL) {
        return unknown_command(name);
    }
    if (found != NULL) {
        help_command(found);
    } else {
        help_tool();
    }
    return EXIT_OK;
}

static int dispatch(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : NULL;
    if (first == NULL) {
        return say_usage(NULL, "give a command, such as train; moco --help lists them");
    }
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || strcmp(first, "help") == 0) {
        return show_help(first[0] != '-' && argc > 2 ? argv[2] : NULL);
    }
    if (strcmp(first, "--version") == 0) {
        (void)printf("moco %s (libtorch %s)\n", moco_version(), moco_libtorch_version());
        return EXIT_OK;
    }
    return run_command(first, argc - 2, argv + 2);
}

int main(int argc, char **argv)
{
    commands_register(all_commands, COMMAND_COUNT);
    spawn_remember(argv);
    output_start();
    signals_ignore_warnings();
    const int code = output_finish(dispatch(argc, argv));
#ifndef MOCO_ORDERLY_EXIT
    quick_exit(code); /* libtorch takes 0.1 s to take itself apart, and the system frees it all at once */
#endif
    return code;
}
