/*
 * moco man: prints the manual page, made from the tables of commands and options.
 */
#include "cli/command_list.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/output.h"
#include "commands/commands.h"

#include <stdio.h>

/* Prints text, escaped for roff. */
static void print_roff(const char *text)
{
    for (bool start = true; *text != '\0'; ++text) {
        if (*text == '\\' || *text == '-') {
            (void)putchar('\\');
            (void)putchar(*text == '\\' ? 'e' : '-');
        } else {
            (void)printf("%s%c", start && (*text == '.' || *text == '\'') ? "\\&" : "", *text);
        }
        start = *text == '\n';
    }
}

static void print_option(const tool_command *command, const moco_option *option)
{
    enum { TEXT_SIZE = 2048 };
    char text[TEXT_SIZE];
    (void)printf(".TP\n.B ");
    print_roff(help_option_names(text, sizeof text, option));
    (void)putchar('\n');
    print_roff(help_option_text(text, sizeof text, command, option));
    (void)putchar('\n');
}

static void print_command(const tool_command *command)
{
    const moco_option *option = NULL;
    (void)printf(".SS moco %s ", command->name);
    print_roff(command->synopsis);
    (void)putchar('\n');
    print_roff(command->text);
    (void)putchar('\n');
    for (size_t i = 0; (option = options_at(command, i)) != NULL; ++i) {
        if (i < command->option_count || i >= command->option_count + common_option_count) {
            print_option(command, option);
        }
    }
}

static int run(const arguments *args)
{
    (void)args;
    const tool_command *each = NULL;
    moco_preset preset;
    (void)printf(".TH MOCO 1 \"\" \"moco %s\"\n.SH NAME\nmoco \\- pretrain image encoders by Momentum Contrast\n"
                 ".SH SYNOPSIS\n.B moco\n.I COMMAND\n[arguments]\n.SH COMMANDS\n",
                 moco_version());
    for (size_t i = 0; (each = command_at(i)) != NULL; ++i) {
        print_command(each);
    }
    (void)printf(".SH COMMON OPTIONS\n");
    for (size_t i = 0; i < common_option_count; ++i) {
        print_option(&command_man, &common_options[i]);
    }
    (void)printf(".SH PRESETS\n");
    for (size_t i = 0; moco_config_preset(&preset, i); ++i) {
        (void)printf(".TP\n.B ");
        print_roff(preset.name);
        (void)putchar('\n');
        print_roff(preset.help);
        (void)putchar('\n');
    }
    (void)printf(".SH EXIT STATUS\n.TP\n.B 0\nsuccess\n.TP\n.B 1\nfailure\n.TP\n.B 2\nwrong usage\n.TP\n.B 128+N\n"
                 "signal N stopped a training run, which wrote a checkpoint first\n"
                 ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nif set, no colours are used\n");
    return EXIT_OK;
}

const tool_command command_man = {
    .name = "man",
    .synopsis = "",
    .summary = "print the manual page; to read it: moco man | man -l -",
    .text = "Prints the manual page in roff; to read it: moco man | man -l -",
    .run = run,
};
