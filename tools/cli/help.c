/*
 * Writes help texts from the tables of commands and options.
 */
#include "cli/help.h"

#include "cli/command_list.h"
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

/* Prints words from the cursor at @p column on, wrapped before @p width. */
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

char help_option_letter(const moco_option *option)
{
    for (size_t i = 0; i < MOCO_OPTION_MAX_ALIASES; ++i) {
        if (option->aliases[i] != NULL && strlen(option->aliases[i]) == 1) {
            return option->aliases[i][0];
        }
    }
    return '\0';
}

const char *help_option_names(char *buffer, size_t size, const moco_option *option)
{
    buffer[0] = '\0';
    if (help_option_letter(option) != '\0') {
        add(buffer, size, "-%c, ", help_option_letter(option));
    }
    add(buffer, size, "--%s%s", option->kind == MOCO_OPTION_BOOL && option->group != NULL ? "[no-]" : "", option->name);
    for (size_t i = 0; i < MOCO_OPTION_MAX_ALIASES; ++i) {
        if (option->aliases[i] != NULL && strlen(option->aliases[i]) > 1) {
            add(buffer, size, ", --%s", option->aliases[i]);
        }
    }
    if (option->argument != NULL) {
        add(buffer, size, " %s", option->argument);
    }
    return buffer;
}

/* Writes the default as text; empty if there is none to show. */
static void default_text(char *buffer, size_t size, const tool_command *command, const moco_option *option)
{
    const void *values = options_values(command, option);
    moco_config config;
    buffer[0] = '\0';
    moco_config_init(&config, sizeof config);
    if (values != NULL && option->kind == MOCO_OPTION_BOOL) {
        return;
    }
    if ((values != NULL ? moco_option_get(values, option, buffer, size)
                        : moco_config_get(&config, option, buffer, size)) != MOCO_OK) {
        buffer[0] = '\0';
    } else if (option->kind == MOCO_OPTION_BOOL) {
        (void)snprintf(buffer, size, "%s", strcmp(buffer, "true") == 0 ? "yes" : "no");
    }
}

/* Adds the choices or the range of an option, after an opening bracket; returns whether it has any to show. */
static bool add_values(char *buffer, size_t size, const moco_option *option)
{
    /* Bounds beyond these only keep out nonsense, and "1 or more" says nothing. */
    const double endless = 1e6;
    const double nothing = 1e-5;
    if (option->choices != NULL) {
        for (size_t i = 0; option->choices[i] != NULL; ++i) {
            add(buffer, size, "%s%s", i == 0 ? " [" : ", ", option->choices[i]);
        }
        return true;
    }
    if ((option->kind != MOCO_OPTION_INT && option->kind != MOCO_OPTION_REAL) || option->max >= endless) {
        return false;
    }
    if (option->min > 0 && option->min < nothing) {
        add(buffer, size, " [above 0 to %.10g", option->max);
    } else {
        add(buffer, size, " [%.10g to %.10g", option->min, option->max);
    }
    return true;
}

const char *help_option_text(char *buffer, size_t size, const tool_command *command, const moco_option *option)
{
    char standard[256];
    (void)snprintf(buffer, size, "%s", option->help);
    const bool has_values = add_values(buffer, size, option);
    default_text(standard, sizeof standard, command, option);
    if (standard[0] != '\0') {
        add(buffer, size, "%sdefault %s", has_values ? "; " : " [", standard);
    }
    add(buffer, size, "%s", has_values || standard[0] != '\0' ? "]" : "");
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
    moco_preset preset;
    print_heading("Presets");
    for (size_t i = 0; moco_config_preset(&preset, i); ++i) {
        (void)printf("  %-*s", TEXT_COLUMN - 2, preset.name);
        print_wrapped(preset.help, TEXT_COLUMN, width);
    }
}

/* Prints the usual options below the headings of their groups, or the advanced ones. */
static void print_options(const tool_command *command, bool advanced, size_t width)
{
    const moco_option *option = NULL;
    const char *heading = NULL;
    for (size_t i = 0; (option = options_at(command, i)) != NULL; ++i) {
        const char *group = option->advanced ? "Advanced" : option->group != NULL ? option->group : "Options";
        if (option->advanced != advanced) {
            continue;
        }
        if (heading == NULL || strcmp(heading, group) != 0) {
            heading = group;
            print_heading(heading);
        }
        print_option(command, option, width);
    }
}

void help_command(const tool_command *command)
{
    const size_t width = output_text_width();
    (void)printf("Usage: moco %s%s%s\n\n", command->name, command->synopsis[0] != '\0' ? " " : "", command->synopsis);
    print_wrapped(command->text, 0, width);
    print_options(command, false, width);
    print_options(command, true, width);
    if (command->takes_config) {
        print_presets(width);
    }
}

void help_tool(void)
{
    const size_t width = output_text_width();
    (void)printf("Usage: moco COMMAND [arguments]\n\n");
    print_wrapped(
        "Pretrains image encoders without labels by Momentum Contrast (MoCo), and tests, exports and plots the result.",
        0, width);
    print_heading("Commands");
    const tool_command *command = NULL;
    for (size_t i = 0; (command = command_at(i)) != NULL; ++i) {
        (void)printf("  %-12s", command->name);
        print_wrapped(command->summary, 14, width);
    }
    print_heading("Options");
    (void)printf("  %-12sshow this help; 'moco COMMAND --help' explains a command\n", "-h, --help");
    (void)printf("  %-12sshow the versions of moco and libtorch\n", "--version");
    print_heading("First steps");
    (void)printf("  moco train photos/ --out runs/first --preset v2 --arch resnet18 --epochs 100\n"
                 "  moco resume runs/first\n"
                 "  moco knn runs/first --train photos/ --test photos/ -k 5,20\n"
                 "  moco export runs/first --format torchvision --out encoder.pth\n"
                 "  moco report runs/first\n");
}
