/*
 * moco resume: goes on with a run from its newest checkpoint.
 */
#include "output.h"
#include "run.h"

static int run(const arguments *args)
{
    return run_training(NULL, args->positional[0]);
}

const tool_command command_resume = {
    .name = "resume",
    .synopsis = "RUN",
    .summary = "go on with a run that was stopped",
    .text = "Continues the run in the folder RUN from its newest whole checkpoint, with its settings, as if it had not "
            "been stopped: the result is the same to the bit.",
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
