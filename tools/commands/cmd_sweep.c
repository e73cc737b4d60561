/*
 * Runs moco sweep: trains every combination of the values that options are given.
 */
#include "cli/options.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "commands/commands.h"
#include "commands/sweep_grid.h"
#include "commands/sweep_runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct sweep_options {
    char preset[32], config[MOCO_PATH_MAX];
    int64_t seeds, parallel, nproc;
    bool dry_run;
} sweep_options;

static sweep_options values = { .nproc = 1 };

static const moco_option options[] = {
    { .name = "seeds",
      MOCO_INT_OPTION(sweep_options, seeds, 0, SWEEP_VALUES),
      .help = "train each combination with N seeds, from --seed on; 0: as --seed says" },
    { .name = "parallel",
      MOCO_INT_OPTION(sweep_options, parallel, 1, 1024),
      .zero_is_auto = true,
      .help = "runs at a time; auto: one per GPU, or on a CPU, one per two threads (or those of --threads)" },
    { .name = "dry-run",
      MOCO_BOOL_OPTION(sweep_options, dry_run),
      .help = "list the runs and what would be done, and train nothing" },
    { .name = "nproc",
      MOCO_INT_OPTION(sweep_options, nproc, 1, 4096),
      .help = "processes of each run, as in moco train; one per GPU" },
    { .name = "preset", MOCO_TEXT_OPTION(sweep_options, preset, "NAME"), .help = "recipe to start from; see Presets" },
    { .name = "config",
      .aliases = { "c" },
      MOCO_PATH_OPTION(sweep_options, config, "FILE"),
      .help = "YAML file of options, such as the config.yaml of a run" },
};

/* Reads what all runs share. */
static int make_base(moco_config *base, const arguments *args)
{
    int code = EXIT_OK;
    moco_config_init(base, sizeof *base);
    if (values.preset[0] != '\0') {
        code = say_refused(&command_sweep, moco_config_apply_preset(base, values.preset));
    }
    if (code == EXIT_OK && values.config[0] != '\0' && moco_config_load(base, values.config) != MOCO_OK) {
        return say_failure();
    }
    if (code == EXIT_OK && args->positional_count > 0) {
        code = say_refused(&command_sweep, moco_config_set(base, "data", args->positional[0]));
    }
    for (size_t i = 0; i < args->setting_count && code == EXIT_OK; ++i) { /* its value names the runs in what follows */
        const char *name = args->settings[i].option->name;
        if (strcmp(name, "out") == 0 || strcmp(name, "data") == 0) {
            code = say_refused(&command_sweep, moco_config_set(base, name, args->settings[i].text));
        }
    }
    return code;
}

static int make_grid(sweep_grid *grid, const arguments *args)
{
    moco_config *base = &grid->base;
    const int code = make_base(base, args);
    if (code != EXIT_OK) {
        return code;
    }
    if (base->data[0] == '\0') {
        return say_usage(&command_sweep, "DATA is missing: a folder of images, tar shards, or an IDX or CIFAR file");
    }
    if (base->out[0] == '\0') {
        return say_usage(&command_sweep, "--out DIR is missing: a folder for the runs");
    }
    return sweep_grid_make(grid, args, values.seeds, &command_sweep);
}

static int run(const arguments *args)
{
    sweep_grid *grid = malloc(sizeof *grid);
    const sweep_plan plan = {
        .grid = grid,
        .data = args->positional_count > 0 ? args->positional[0] : NULL,
        .preset = values.preset,
        .config = values.config,
        .parallel = values.parallel,
        .nproc = values.nproc,
    };
    int code = grid != NULL ? make_grid(grid, args) : say_error("out of memory");
    if (code == EXIT_OK) {
        code = values.dry_run ? sweep_list(&plan) : sweep_train(&plan);
    }
    free(grid);
    return code;
}

const tool_command command_sweep = {
    .name = "sweep",
    .synopsis = "DATA --out DIR --OPTION A,B,... [options]",
    .summary = "train every combination of options' values",
    .text =
        "Trains a run for every combination of values: any option of moco train takes a list, as --queue-size "
        "256,1024,4096, --shuffle alltoall,off or --mlp=true,false. A text that contains commas is given several "
        "times: --milestones 120,160 --milestones 60,80. Each run is a folder in DIR that is named by its values, and "
        "its messages go to DIR/logs. The same command continues a sweep that was stopped: it leaves out the runs that "
        "are done, and resumes the others. A run that fails is named with the end of its log, and the others continue; "
        "the exit code is then 1. 'moco runs DIR' compares the runs, 'moco plot DIR --x OPTION' draws them.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .takes_config = true,
    .min_positionals = 0,
    .max_positionals = 1,
    .run = run,
};
