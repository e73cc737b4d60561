/*
 * Help texts, made from the tables of commands and options.
 */
#include "cli/help.h"

#include "cli/options.h"
#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_COLUMN = 30, OPTION_TEXT_SIZE = 2048 };

static void add(char *buffer, size_t size, const char *format, ...) MOCO_PRINTF(3, 4);

static void add(char *buffer, size_t size, const char *format, ...)
{
    const size_t used = strlen(buffer);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(buffer + used, size - used, format, args);
    va_end(args);
}

/* Prints words from a column on, wrapped before @p width; the cursor stands at @p column. */
static void print_wrapped(const char *text, size_t column, size_t width)
{
    size_t at = column;
    bool first = true;
    while (*text != '\0') {
        const size_t length = strcspn(text, " \n");
        if (!first && at + 1 + length > width) {
            (void)printf("\n%*s", (int)column, "");
            at = column;
            first = true;
        }
        (void)printf("%s%.*s", first ? "" : " ", (int)length, text);
        at += length + (first ? 0 : 1);
        first = false;
        text += length;
        if (*text == '\n') {
            (void)printf("\n%*s", (int)column, "");
            at = column;
            first = true;
        }
        text += *text != '\0' ? 1 : 0;
    }
    (void)putchar('\n');
}

static void print_heading(const char *text)
{
    const bool bold = output_has_colour(1);
    (void)printf("\n%s%s:%s\n", bold ? "\x1b[1m" : "", text, bold ? "\x1b[0m" : "");
}

const char *help_option_names(char *buffer, size_t size, const moco_option *option)
{
    const char *letter = option->alias != NULL && strcspn(option->alias, "|") == 1 ? option->alias : NULL;
    buffer[0] = '\0';
    if (letter != NULL) {
        add(buffer, size, "-%c, ", letter[0]);
    }
    add(buffer, size, "--%s%s", option->kind == MOCO_OPTION_BOOL && option->group != NULL ? "[no-]" : "", option->name);
    for (const char *alias = option->alias; alias != NULL;) {
        const size_t length = strcspn(alias, "|");
        if (length > 1) {
            add(buffer, size, ", --%.*s", (int)length, alias);
        }
        alias = alias[length] == '|' ? alias + length + 1 : NULL;
    }
    if (option->argument != NULL) {
        add(buffer, size, " %s", option->argument);
    }
    return buffer;
}

/* The default as text; empty where there is none to show. */
static void default_text(char *buffer, size_t size, const tool_command *command, const moco_option *option)
{
    const void *values = options_values(command, option);
    moco_config config;
    buffer[0] = '\0';
    if (values == NULL) {
        moco_config_init(&config);
        values = &config;
    } else if (option->kind == MOCO_OPTION_BOOL) {
        return;
    }
    if (moco_option_get(values, option, buffer, size) != MOCO_OK) {
        buffer[0] = '\0';
    } else if (option->kind == MOCO_OPTION_BOOL) {
        (void)snprintf(buffer, size, "%s", strcmp(buffer, "true") == 0 ? "yes" : "no");
    }
}

const char *help_option_text(char *buffer, size_t size, const tool_command *command, const moco_option *option)
{
    /* Bounds that are there only to keep out nonsense say nothing to a reader. */
    const double endless = 1e6;
    const bool number = option->kind == MOCO_OPTION_INT || option->kind == MOCO_OPTION_REAL;
    char standard[256];
    const char *separator = " [";
    (void)snprintf(buffer, size, "%s", option->help);
    for (const char *choice = option->choices; choice != NULL && *choice != '\0'; ++choice) {
        add(buffer, size, "%s", separator);
        add(buffer, size, *choice == '|' ? ", " : "%c", *choice);
        separator = "";
    }
    if (number) {
        add(buffer, size, "%s", separator);
        add(buffer, size, option->max >= endless ? "%.10g or more" : "%.10g to %.10g", option->min, option->max);
        add(buffer, size, "%s", option->zero_is_auto ? ", or auto" : "");
    }
    separator = number || option->choices != NULL ? "; " : " [";
    default_text(standard, sizeof standard, command, option);
    if (standard[0] != '\0') {
        add(buffer, size, "%sdefault %s", separator, standard);
    }
    add(buffer, size, "%s", number || option->choices != NULL || standard[0] != '\0' ? "]" : "");
    return buffer;
}

static void print_option(const tool_command *command, const moco_option *option, size_t width)
{
    char names[128];
    char text[OPTION_TEXT_SIZE];
    (void)help_option_names(names, sizeof names, option);
    const char *indent = names[1] == '-' ? "      " : "  ";
    const int printed = printf("%s%s", indent, names);
    if (printed + 2 > TEXT_COLUMN) {
        (void)printf("\n%*s", TEXT_COLUMN, "");
    } else {
        (void)printf("%*s", TEXT_COLUMN - printed, "");
    }
    print_wrapped(help_option_text(text, sizeof text, command, option), TEXT_COLUMN, width);
}

static void print_presets(size_t width)
{
    const char *name = NULL;
    print_heading("Presets");
    for (size_t i = 0; (name = moco_config_preset_name(i)) != NULL; ++i) {
        (void)printf("  %-*s", TEXT_COLUMN - 2, name);
        print_wrapped(moco_config_preset_help(i), TEXT_COLUMN, width);
    }
}

void help_command(const tool_command *command)
{
    const size_t width = output_text_width();
    const moco_option *option = NULL;
    const char *group = NULL;
    (void)printf("Usage: moco %s%s%s\n\n", command->name, command->synopsis[0] != '\0' ? " " : "", command->synopsis);
    print_wrapped(command->text, 0, width);
    print_heading("Options");
    for (size_t i = 0; (option = options_at(command, i)) != NULL; ++i) {
        if (option->group != NULL && (group == NULL || strcmp(group, option->group) != 0)) {
            group = option->group;
            print_heading(group);
        }
        print_option(command, option, width);
    }
    if (command->takes_config) {
        print_presets(width);
    }
}

void help_tool(void)
{
    const size_t width = output_text_width();
    (void)printf("Usage: moco COMMAND [arguments]\n\n");
    print_wrapped("Momentum Contrast: pretrains image encoders without labels.", 0, width);
    print_heading("Commands");
    const tool_command *command = NULL;
    for (size_t i = 0; (command = command_at(i)) != NULL; ++i) {
        (void)printf("  %-12s", command->name);
        print_wrapped(command->summary, 14, width);
    }
    print_heading("Options");
    (void)printf("  %-12sthis help; 'moco COMMAND --help' explains a command\n", "-h, --help");
    (void)printf("  %-12sversions of moco and libtorch\n", "--version");
    print_heading("To begin");
    (void)printf("  moco train photos/ --out runs/first --preset v2 --arch resnet18 --epochs 20\n"
                 "  moco resume runs/first\n"
                 "  moco knn runs/first --train photos/train --test photos/val\n");
}
