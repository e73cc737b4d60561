/*
 * moco train: starts a run. The command line overrides a configuration file, which overrides a preset, which overrides
 * the defaults.
 */
#include "cli/options.h"
#include "cli/output.h"
#include "commands/commands.h"
#include "commands/data.h"
#include "commands/session.h"
#include "commands/spawn.h"
#include "commands/unused.h"

#include <stdio.h>
#include <string.h>

typedef struct train_options {
    char preset[32];
    char config[MOCO_PATH_MAX];
    char resume[8];
    bool print_config;
    session_settings session;
    launch_settings launch;
} train_options;

static train_options values = { .resume = "never", .session = SESSION_SETTINGS_INIT, .launch = LAUNCH_SETTINGS_INIT };

static const moco_option options[] = {
    { .name = "preset", MOCO_TEXT_OPTION(train_options, preset, "NAME"), .help = "recipe to start from; see Presets" },
    { .name = "config",
      .aliases = { "c" },
      MOCO_PATH_OPTION(train_options, config, "FILE"),
      .help = "YAML file of options, such as the config.yaml of a run" },
    { .name = "resume",
      MOCO_TEXT_OPTION(train_options, resume, "R"),
      .help = "auto: continue the run in --out if there is one, for jobs that are restarted; never: start a new run" },
    { .name = "print-config",
      MOCO_BOOL_OPTION(train_options, print_config),
      .help = "write all settings to standard output, the augmentation as a list of operations, for --config; train "
              "nothing" },
    SESSION_OPTIONS(train_options, session),
    LAUNCH_OPTIONS(train_options, launch),
};

static moco_status print(const void *bytes, size_t count, void *payload)
{
    (void)payload;
    return fwrite(bytes, 1, count, stdout) == count ? MOCO_OK : moco_error_set(MOCO_EIO, "cannot write the settings");
}

/* The settings are what --config takes. Parameters have no names there, so that a comment gives them. */
static int print_config(const moco_config *config)
{
    moco_config full = *config;
    (void)puts(
        "# Operations of policy: Size: pixels. RandomResizedCrop: area min, max; aspect ratio min, max.\n"
        "# ColorJitter: brightness, contrast, saturation, hue. GaussianBlur: sigma min, max. Resize: short side;\n"
        "# 0: as Size. Normalize: 3 means, 3 standard deviations. Without probability, 1; without parameters, 0.\n"
        "# Another list, key_policy, is for the second view of each image.");
    return moco_config_write_out_policy(&full) == MOCO_OK && moco_config_save_to(print, NULL, &full) == MOCO_OK
               ? EXIT_OK
               : say_failure();
}

/* Takes the settings of a file, but no commands: those must come from the command line. */
static int load(moco_config *config, const char *path, bool *had_command)
{
    if (moco_config_load(config, path) != MOCO_OK) {
        return say_failure();
    }
    char *const places[] = { config->data, config->val_data };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; ++i) {
        had_command[i] = data_is_command(places[i]);
        if (had_command[i]) {
            places[i][0] = '\0';
        }
    }
    return EXIT_OK;
}

static int check_commands(const moco_config *config, const bool *had_command)
{
    if (!values.print_config && had_command[0] && config->data[0] == '\0') {
        return say_usage(&command_train,
                         "%s has a command for data, pipe:..., and commands are not taken from files; if "
                         "you trust it, give it as DATA",
                         values.config);
    }
    if (!values.print_config && had_command[1] && config->val_data[0] == '\0') {
        return say_usage(&command_train,
                         "%s has a command for val_data, pipe:..., and commands are not taken from "
                         "files; if you trust it, give it by --val-data",
                         values.config);
    }
    return EXIT_OK;
}

static int check_places(const moco_config *config)
{
    if (config->data[0] == '\0') {
        return say_usage(
            &command_train,
            "DATA is missing: a folder of images, a list of them (.txt), tar shards, or an IDX or CIFAR file");
    }
    if (config->out[0] == '\0') {
        return say_usage(&command_train, "--out RUN is missing: a new folder for checkpoints, metrics and plots");
    }
    return EXIT_OK;
}

static int make_config(moco_config *config, const arguments *args)
{
    if (strcmp(values.resume, "auto") != 0 && strcmp(values.resume, "never") != 0) {
        return say_usage(&command_train, "--resume is auto or never, not '%s'; to continue a run: moco resume RUN",
                         values.resume);
    }
    moco_config_init(config, sizeof *config);
    bool had_command[2] = { false, false };
    int code = say_refused(&command_train,
                           values.preset[0] != '\0' ? moco_config_apply_preset(config, values.preset) : MOCO_OK);
    if (code != EXIT_OK) {
        return code;
    }
    code = values.config[0] != '\0' ? load(config, values.config, had_command) : EXIT_OK;
    if (code != EXIT_OK) {
        return code;
    }
    code = options_apply(config, &command_train, args);
    if (code != EXIT_OK) {
        return code;
    }
    if (args->positional_count > 0) {
        code = say_refused(&command_train, moco_config_set(config, "data", args->positional[0]));
    }
    if (code == EXIT_OK) {
        code = check_commands(config, had_command);
    }
    if (code == EXIT_OK && !values.print_config) {
        code = check_places(config);
    }
    if (code != EXIT_OK) {
        return code;
    }
    /* The run checks again and gives the warnings. */
    output_show_log(false);
    const moco_status status = moco_config_check(config);
    output_show_log(true);
    if (status != MOCO_OK) {
        return say_refused(&command_train, status);
    }
    if (!spawn_is_child()) {
        unused_warn(config, args);
    }
    data_make_absolute(config->data);
    data_make_absolute(config->val_data);
    return EXIT_OK;
}

static int run(const arguments *args)
{
    moco_config config;
    const int code = make_config(&config, args);
    if (code == EXIT_OK && values.print_config) {
        return print_config(&config);
    }
    const run_job job = {
        .config = &config,
        .run = config.out,
        .pipe_data = config.data,
        .pipe_val_data = config.val_data,
        .resume_existing = strcmp(values.resume, "auto") == 0,
        .session = &values.session,
        .launch = &values.launch,
        .command = &command_train,
    };
    return code != EXIT_OK ? code : run_training(&job);
}

const tool_command command_train = {
    .name = "train",
    .synopsis = "DATA --out RUN [options]",
    .summary = "pretrain a network on images",
    .text =
        "Pretrains a network on the images of DATA, without their labels, and writes checkpoints, metrics and plots to "
        "the new folder RUN. DATA is a folder with one folder per class, any tree of image files, a list of image "
        "files (.txt), tar shards (a file, a folder, or a pattern such as 'train-{000..146}.tar'), or the files of "
        "MNIST or CIFAR. Of a folder with train and val (valid, validation, dev, eval, test) it takes train, and tests "
        "on the other. Options on the command line override those of --config, which override those of --preset. With "
        "--nproc N, N processes share each batch; so do processes that torchrun, mpirun or srun starts.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .takes_config = true,
    .min_positionals = 0,
    .max_positionals = 1,
    .run = run,
};
