/*
 * moco resume: continues a run from its newest checkpoint.
 */
#include "cli/output.h"
#include "cli/output_path.h"
#include "commands/commands.h"
#include "commands/data.h"
#include "commands/session.h"

#include <stdio.h>

typedef struct resume_options {
    char device[16];
    char data[MOCO_PATH_MAX], val_data[MOCO_PATH_MAX];
    int64_t threads, epochs, max_steps;
    session_settings session;
    launch_settings launch;
} resume_options;

static resume_options values = { .session = SESSION_SETTINGS_INIT, .launch = LAUNCH_SETTINGS_INIT };

static const moco_option options[] = {
    { .name = "device",
      MOCO_TEXT_OPTION(resume_options, device, "D"),
      .help = "cpu, cuda, cuda:N or auto; if not given, what the run was on" },
    { .name = "threads",
      MOCO_INT_OPTION(resume_options, threads, 1, 4096),
      .zero_is_auto = true,
      .help = "threads that compute; auto: as many as before, or, after a move between CPU and GPU, one per core" },
    { .name = "epochs",
      MOCO_INT_OPTION(resume_options, epochs, 1, 1e6),
      .zero_is_auto = true,
      .help = "new length of the run, to lengthen it; auto: as before" },
    { .name = "max-steps",
      MOCO_INT_OPTION(resume_options, max_steps, 1, 1e12),
      .zero_is_auto = true,
      .help = "the same for a run whose length is in steps" },
    { .name = "data",
      MOCO_PATH_OPTION(resume_options, data, "DATA"),
      .help =
          "where the run's images are, if they were moved; or the command that it reads them by, pipe:COMMAND, which "
          "is not taken from its files" },
    { .name = "val-data",
      MOCO_PATH_OPTION(resume_options, val_data, "DATA"),
      .help = "the same for the images of the kNN monitor" },
    SESSION_OPTIONS(resume_options, session),
    LAUNCH_OPTIONS(resume_options, launch),
};

/* Whether a folder is that of a sweep. */
static bool is_sweep(const char *folder)
{
    char logs[2 * MOCO_PATH_MAX];
    moco_run_info info;
    (void)snprintf(logs, sizeof logs, "%s/logs", folder);
    return is_folder(logs) && moco_run_inspect(&info, folder) != MOCO_OK;
}

static int run(const arguments *args)
{
    if (is_sweep(args->positional[0])) {
        return say_usage(&command_resume, "%s is the folder of a sweep, which its own command continues: moco sweep",
                         args->positional[0]);
    }
    data_make_absolute(values.data);
    data_make_absolute(values.val_data);
    const run_job job = {
        .run = args->positional[0],
        .device = values.device[0] != '\0' ? values.device : NULL,
        .threads = values.threads,
        .epochs = values.epochs,
        .max_steps = values.max_steps,
        .data = values.data[0] != '\0' ? values.data : NULL,
        .val_data = values.val_data[0] != '\0' ? values.val_data : NULL,
        .pipe_data = values.data,
        .pipe_val_data = values.val_data,
        .session = &values.session,
        .launch = &values.launch,
        .command = &command_resume,
    };
    return run_training(&job);
}

const tool_command command_resume = {
    .name = "resume",
    .synopsis = "RUN [options]",
    .summary = "continue a run that was stopped",
    .text =
        "Continues the run in the folder RUN from its newest complete checkpoint, with its settings. On a CPU, with as "
        "many processes and threads as before, the result is bit-identical to an uninterrupted run; on a GPU it is if "
        "the run was started with --deterministic. A run can also be moved to another device, to another number of "
        "threads or processes, or be lengthened; the log says what then differs. If its images were moved, --data says "
        "where they are. Other images than before are refused; --data-changed continues on them.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
