/*
 * moco import: makes a new run from a file of weights.
 */
#include "cli/options.h"
#include "cli/output.h"
#include "commands/commands.h"
#include "commands/data.h"

#include <stdio.h>

typedef struct import_options {
    char preset[32];
    char config[MOCO_PATH_MAX];
} import_options;

static import_options values;

static const moco_option options[] = {
    { .name = "preset",
      MOCO_TEXT_OPTION(import_options, preset, "NAME"),
      .help = "recipe to start from, instead of what the file suggests" },
    { .name = "config",
      .aliases = { "c" },
      MOCO_PATH_OPTION(import_options, config, "FILE"),
      .help = "YAML file of options, such as the config.yaml of a run" },
};

/* The command line overrides a configuration file, which overrides what FILE holds, which overrides a preset. */
static int make_config(moco_config *config, const arguments *args)
{
    moco_config_init(config, sizeof *config);
    int code = values.preset[0] != '\0' ? say_refused(&command_import, moco_config_apply_preset(config, values.preset))
                                        : EXIT_OK;
    if (code != EXIT_OK) {
        return code;
    }
    if (moco_run_import_config(config, args->positional[0]) != MOCO_OK) {
        return say_failure();
    }
    if (values.config[0] != '\0' && moco_config_load(config, values.config) != MOCO_OK) {
        return say_failure();
    }
    code = options_apply(config, &command_import, args);
    if (code != EXIT_OK) {
        return code;
    }
    if (config->data[0] == '\0' || config->out[0] == '\0') {
        return say_usage(&command_import, "--%s is missing",
                         config->data[0] == '\0' ? "data DATA, the images that the run continues with," : "out RUN");
    }
    data_make_absolute(config->data);
    data_make_absolute(config->val_data);
    return EXIT_OK;
}

static int run(const arguments *args)
{
    moco_config config;
    char quoted[2 * MOCO_PATH_MAX];
    const int code = make_config(&config, args);
    if (code != EXIT_OK) {
        return code;
    }
    if (moco_run_import(&config, args->positional[0]) != MOCO_OK) {
        return say_failure();
    }
    say_note("made %s; continue with: moco resume %s", config.out, format_shell(quoted, sizeof quoted, config.out));
    return EXIT_OK;
}

const tool_command command_import = {
    .name = "import",
    .synopsis = "FILE --out RUN --data DATA [options]",
    .summary = "start a run from a checkpoint of the reference, or from other weights",
    .text = "Makes a run in the folder RUN, whose first checkpoint has the state in FILE. From a checkpoint of "
            "facebookresearch/moco (v1 or v2) it takes both encoders, queue, pointer, momentum buffers and epoch. From "
            "other files it takes the network, and warns of each part that is missing. The file determines network and "
            "queue size; the other settings are those of MoCo v1, or of v2 if the network has an MLP head. Options "
            "override them. moco resume RUN continues the training.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .takes_config = true,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
