/*
 * Finds options that were given and change nothing beside the others.
 */
#include "commands/unused.h"

#include <stdbool.h>
#include <string.h>

static bool has_no_momentum(const moco_config *c)
{
    return c->mechanism == MOCO_MECHANISM_END_TO_END || c->mechanism == MOCO_MECHANISM_MEMORY_BANK;
}

static bool has_no_queue(const moco_config *c)
{
    return c->mechanism == MOCO_MECHANISM_END_TO_END || c->mechanism == MOCO_MECHANISM_MOMENTUM_BATCH;
}

static bool has_no_bank(const moco_config *c)
{
    return c->mechanism != MOCO_MECHANISM_MEMORY_BANK;
}

static bool has_no_predictor(const moco_config *c)
{
    return c->mechanism != MOCO_MECHANISM_MOMENTUM_BATCH;
}

static bool has_no_monitors(const moco_config *c)
{
    return !c->monitors;
}

static bool has_no_decay(const moco_config *c)
{
    return c->schedule != MOCO_SCHEDULE_EXPONENTIAL;
}

static bool has_steps(const moco_config *c)
{
    return c->max_steps > 0;
}

typedef struct rule {
    const char *option;
    bool (*is_unused)(const moco_config *config);
    const char *why;
} rule;

static const rule rules[] = {
    { "queue-size", has_no_queue, "this mechanism takes its negatives from the batch" },
    { "momentum", has_no_momentum, "this mechanism has no momentum encoder" },
    { "momentum-schedule", has_no_momentum, "this mechanism has no momentum encoder" },
    { "bank-momentum", has_no_bank, "this mechanism has no memory bank" },
    { "predictor", has_no_predictor, "this mechanism has no predictor" },
    { "lidar", has_no_monitors, "there are no monitors" },
    { "monitor-every", has_no_monitors, "there are no monitors" },
    { "lr-decay", has_no_decay, "it is for --schedule exponential" },
    { "lr-decay-steps", has_no_decay, "it is for --schedule exponential" },
    { "epochs", has_steps, "--max-steps gives the length" },
    { "lr-per-step", has_steps, "with --max-steps the rate changes every step" },
};

static bool was_given(const arguments *args, const char *name)
{
    bool given = false;
    for (size_t i = 0; i < args->setting_count; ++i) {
        given = given || strcmp(args->settings[i].option->name, name) == 0;
    }
    return given;
}

void unused_warn(const moco_config *config, const arguments *args)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; ++i) {
        if (rules[i].is_unused(config) && was_given(args, rules[i].option)) {
            moco_log(MOCO_LOG_WARNING, "--%s has no effect: %s", rules[i].option, rules[i].why);
        }
    }
}
