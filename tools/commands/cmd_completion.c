/*
 * moco completion: prints a script that completes commands, options and choices, made from the tables.
 */
#include "cli/command_list.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/output.h"
#include "commands/commands.h"

#include <stdio.h>
#include <string.h>

static void print_choices(const moco_option *option)
{
    for (size_t i = 0; option->choices[i] != NULL; ++i) {
        (void)printf("%s%s", i > 0 ? " " : "", option->choices[i]);
    }
}

static void print_presets(void)
{
    const char *name = NULL;
    for (size_t i = 0; (name = moco_config_preset_name(i)) != NULL; ++i) {
        (void)printf("%s%s", i > 0 ? " " : "", name);
    }
}

/* Prints a branch of `case` for each option that has choices. */
static void print_values(const tool_command *command)
{
    const moco_option *option = NULL;
    for (size_t i = 0; (option = options_at(command, i)) != NULL; ++i) {
        const bool preset = strcmp(option->name, "preset") == 0;
        if (option->choices == NULL && !preset && option->kind != MOCO_OPTION_PATH) {
            continue;
        }
        (void)printf("    %s:--%s", command->name, option->name);
        if (help_option_letter(option) != '\0') {
            (void)printf(" | %s:-%c", command->name, help_option_letter(option));
        }
        if (option->kind == MOCO_OPTION_PATH) {
            (void)printf(") COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n");
            continue;
        }
        (void)printf(") COMPREPLY=($(compgen -W \"");
        if (preset) {
            print_presets();
        } else {
            print_choices(option);
        }
        (void)printf("\" -- \"$word\")); return ;;\n");
    }
}

static void print_names(const tool_command *command)
{
    const moco_option *option = NULL;
    (void)printf("    %s) options=\"", command->name);
    for (size_t i = 0; (option = options_at(command, i)) != NULL; ++i) {
        (void)printf("%s--%s", i > 0 ? " " : "", option->name);
        if (option->kind == MOCO_OPTION_BOOL && option->group != NULL) {
            (void)printf(" --no-%s", option->name);
        }
    }
    (void)printf("\" ;;\n");
}

static int run(const arguments *args)
{
    const tool_command *each = NULL;
    if (strcmp(args->positional[0], "bash") != 0) {
        return say_usage(&command_completion, "there is no completion for '%s'; the only shell is bash",
                         args->positional[0]);
    }
    (void)printf("# bash completion of moco; to use it: source <(moco completion bash)\n"
                 "_moco()\n{\n"
                 "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                 "    local command=${COMP_WORDS[1]} options=\n"
                 "    compopt -o filenames 2>/dev/null\n"
                 "    if ((COMP_CWORD == 1)); then\n"
                 "        COMPREPLY=($(compgen -W \"");
    for (size_t i = 0; (each = command_at(i)) != NULL; ++i) {
        (void)printf("%s ", each->name);
    }
    (void)printf("--help --version\" -- \"$word\"))\n        return\n    fi\n"
                 "    case $command:$before in\n");
    for (size_t i = 0; (each = command_at(i)) != NULL; ++i) {
        print_values(each);
    }
    (void)printf("    completion:completion) COMPREPLY=(bash); return ;;\n    esac\n    case $command in\n");
    for (size_t i = 0; (each = command_at(i)) != NULL; ++i) {
        print_names(each);
    }
    (void)printf("    esac\n"
                 "    if [[ $word == -* ]]; then\n"
                 "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
                 "    else\n"
                 "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
                 "    fi\n}\ncomplete -F _moco moco\n");
    return EXIT_OK;
}

const tool_command command_completion = {
    .name = "completion",
    .synopsis = "bash",
    .summary = "print a script that completes commands and options",
    .text = "Prints a script for bash; to use it: source <(moco completion bash)",
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
