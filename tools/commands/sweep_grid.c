/*
 * Makes the runs of a sweep: every combination of the values that options were given.
 */
#include "commands/sweep_grid.h"

#include "cli/output.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Paths and texts, such as milestones, may have commas of their own; several of them are given one by one. */
static bool splits(const moco_option *option)
{
    return option->kind != MOCO_OPTION_TEXT && option->kind != MOCO_OPTION_PATH;
}

/* Adds a value in the form that a configuration writes, so that .9 and 0.90 are the same. */
static int add_value(sweep_axis *axis, const moco_config *base, const char *text, const tool_command *command)
{
    static moco_config scratch;
    char *written = axis->texts[axis->count];
    scratch = *base;
    if (axis->count == SWEEP_VALUES) {
        return say_usage(command, "--%s: more than %d values are given; give fewer", axis->option->name, SWEEP_VALUES);
    }
    moco_status status = moco_config_set(&scratch, axis->option->name, text);
    status = status == MOCO_OK ? moco_config_get(&scratch, axis->option, written, SWEEP_VALUE_SIZE) : status;
    if (status != MOCO_OK) {
        return say_refused(command, status);
    }
    for (size_t i = 0; i < axis->count; ++i) {
        if (strcmp(axis->texts[i], written) == 0) {
            return say_usage(command, "--%s: the value %s is given twice; leave one out", axis->option->name, text);
        }
    }
    axis->count += 1;
    return EXIT_OK;
}

static int add_list(sweep_axis *axis, const moco_config *base, const char *list, const tool_command *command)
{
    for (const char *at = list;;) {
        char text[MOCO_PATH_MAX];
        const size_t length = splits(axis->option) ? strcspn(at, ",") : strlen(at);
        (void)snprintf(text, sizeof text, "%.*s", (int)length, at);
        const int code = add_value(axis, base, text, command);
        if (code != EXIT_OK || at[length] == '\0') {
            return code;
        }
        at += length + 1;
    }
}

/* Of an option that is given again the last value counts, as in moco train, unless it takes no list. */
static bool counts(const arguments *args, size_t index)
{
    bool is_last = true;
    for (size_t i = index + 1; i < args->setting_count; ++i) {
        is_last = is_last && args->settings[i].option != args->settings[index].option;
    }
    return is_last || !splits(args->settings[index].option);
}

static bool has_several(const arguments *args, const setting *given)
{
    size_t times = 0;
    for (size_t i = 0; i < args->setting_count; ++i) {
        times += args->settings[i].option == given->option ? 1 : 0;
    }
    return splits(given->option) ? strchr(given->text, ',') != NULL : times > 1;
}

static bool is_first(const arguments *args, size_t index)
{
    size_t at = 0;
    while (args->settings[at].option != args->settings[index].option || !counts(args, at)) {
        ++at;
    }
    return at == index;
}

static sweep_axis *new_axis(sweep_grid *grid, const moco_option *option)
{
    sweep_axis *axis = &grid->axes[grid->axis_count++];
    axis->option = option;
    axis->count = 0;
    return axis;
}

static int take_axis(sweep_grid *grid, const arguments *args, const moco_option *option, const tool_command *command)
{
    int code = EXIT_OK;
    if (strcmp(option->name, "out") == 0 || strcmp(option->name, "data") == 0) {
        return say_usage(command, "--%s takes one value in a sweep", option->name);
    }
    if (grid->axis_count == SWEEP_AXES) {
        return say_usage(command, "more than %d options have several values; sweep fewer at a time", SWEEP_AXES);
    }
    sweep_axis *axis = new_axis(grid, option);
    for (size_t i = 0; i < args->setting_count && code == EXIT_OK; ++i) {
        if (args->settings[i].option == option && counts(args, i)) {
            code = add_list(axis, &grid->base, args->settings[i].text, command);
        }
    }
    return code;
}

/* Seeds follow --seed, and vary slowest. */
static int take_seeds(sweep_grid *grid, int64_t seeds, const tool_command *command)
{
    const moco_option *option = moco_config_find_option("seed");
    int code = EXIT_OK;
    for (size_t i = 0; i < grid->axis_count; ++i) {
        if (grid->axes[i].option == option && seeds > 0) {
            return say_usage(command, "--seeds and a list for --seed are given; leave one out");
        }
        if (grid->axes[i].option == option) {
            const sweep_axis last = grid->axes[grid->axis_count - 1];
            grid->axes[grid->axis_count - 1] = grid->axes[i];
            grid->axes[i] = last;
        }
    }
    if (seeds <= 0) {
        return EXIT_OK;
    }
    if (grid->axis_count == SWEEP_AXES) {
        return say_usage(command, "more than %d options have several values; sweep fewer at a time", SWEEP_AXES);
    }
    sweep_axis *axis = new_axis(grid, option);
    for (int64_t i = 0; i < seeds && code == EXIT_OK; ++i) {
        char text[32];
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)grid->base.seed + (unsigned long long)i);
        code = add_value(axis, &grid->base, text, command);
    }
    return code;
}

static int check_run(const sweep_grid *grid, size_t run, moco_config *config, const tool_command *command)
{
    char name[SWEEP_NAME_SIZE];
    output_show_log(false);
    moco_status status = sweep_grid_config(config, grid, run);
    if (status == MOCO_OK) {
        status = moco_config_check(config);
    }
    output_show_log(true);
    sweep_grid_name(name, sizeof name, grid, run);
    if (status == MOCO_OK && strlen(name) + 1 == sizeof name) {
        return say_usage(command, "the name %s... is too long for a folder; sweep fewer options", name);
    }
    if (status == MOCO_OK || status == MOCO_ENOMEM) {
        return say_refused(command, status);
    }
    return say_usage(command, "run %s: %s", name, moco_error_message());
}

static int count_and_check(sweep_grid *grid, const tool_command *command)
{
    int code = EXIT_OK;
    grid->runs = 1;
    for (size_t a = 0; a < grid->axis_count; ++a) {
        grid->runs *= grid->axes[a].count;
        if (grid->runs > SWEEP_RUNS) {
            return say_usage(command, "the sweep has more than %d runs; give fewer values", SWEEP_RUNS);
        }
    }
    moco_config *config = malloc(sizeof *config);
    if (config == NULL) {
        return say_error("out of memory");
    }
    for (size_t r = 0; r < grid->runs && code == EXIT_OK; ++r) {
        code = check_run(grid, r, config, command);
    }
    free(config);
    return code;
}

int sweep_grid_make(sweep_grid *grid, const arguments *args, int64_t seeds, const tool_command *command)
{
    int code = EXIT_OK;
    grid->axis_count = grid->setting_count = 0;
    for (size_t i = 0; i < args->setting_count && code == EXIT_OK; ++i) {
        const setting *given = &args->settings[i];
        if (counts(args, i) && !has_several(args, given)) {
            grid->settings[grid->setting_count++] = *given;
            code = say_refused(command, moco_config_set(&grid->base, given->option->name, given->text));
        }
    }
    for (size_t i = 0; i < args->setting_count && code == EXIT_OK; ++i) {
        if (counts(args, i) && has_several(args, &args->settings[i]) && is_first(args, i)) {
            code = take_axis(grid, args, args->settings[i].option, command);
        }
    }
    if (code == EXIT_OK) {
        code = take_seeds(grid, seeds, command);
    }
    return code == EXIT_OK ? count_and_check(grid, command) : code;
}

const char *sweep_grid_value(const sweep_grid *grid, size_t run, size_t axis)
{
    for (size_t a = 0; a < axis; ++a) {
        run /= grid->axes[a].count;
    }
    return grid->axes[axis].texts[run % grid->axes[axis].count];
}

moco_status sweep_grid_config(moco_config *out, const sweep_grid *grid, size_t run)
{
    char name[SWEEP_NAME_SIZE];
    *out = grid->base;
    for (size_t a = 0; a < grid->axis_count; ++a) {
        const moco_status status = moco_config_set(out, grid->axes[a].option->name, sweep_grid_value(grid, run, a));
        if (status != MOCO_OK) {
            return status;
        }
    }
    sweep_grid_name(name, sizeof name, grid, run);
    if (snprintf(out->out, sizeof out->out, "%s/%s", grid->base.out, name) >= (int)sizeof out->out) {
        return moco_error_set(MOCO_EINVALID, "out: the path %s/%s is too long", grid->base.out, name);
    }
    return MOCO_OK;
}

void sweep_grid_name(char *name, size_t size, const sweep_grid *grid, size_t run)
{
    size_t used = (size_t)snprintf(name, size, "%s", grid->axis_count == 0 ? "run" : "");
    for (size_t a = 0; a < grid->axis_count && used < size; ++a) {
        used += (size_t)snprintf(name + used, size - used, "%s%s-%s", a > 0 ? "_" : "", grid->axes[a].option->name,
                                 sweep_grid_value(grid, run, a));
    }
    for (char *c = name; *c != '\0'; ++c) {
        *c = (char)(isalnum((unsigned char)*c) != 0 || strchr("._-+", *c) != NULL ? *c : '-');
    }
}
