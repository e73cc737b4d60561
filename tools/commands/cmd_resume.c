/*
 * moco resume: continues a run from its newest checkpoint.
 */
#include "cli/output.h"
#include "commands/commands.h"
#include "commands/session.h"

typedef struct resume_options {
    launch_settings launch;
} resume_options;

static resume_options values = { .launch = LAUNCH_SETTINGS_INIT };

static const moco_option options[] = { LAUNCH_OPTIONS(resume_options, launch) };

static int run(const arguments *args)
{
    const run_job job = { NULL, args->positional[0], false, &values.launch, &command_resume };
    return run_training(&job);
}

const tool_command command_resume = {
    .name = "resume",
    .synopsis = "RUN",
    .summary = "continue a run that was stopped",
    .text = "Continues the run in the folder RUN from its newest complete checkpoint, with its settings. With as many "
            "processes and threads as before, the result is bit-identical to an uninterrupted run.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
