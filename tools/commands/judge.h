/*
 * What the commands share that train classifiers on a pretrained network: its options, labelled images for training and
 * validation, and the processes that work together.
 */
#ifndef MOCO_TOOLS_COMMANDS_JUDGE_H
#define MOCO_TOOLS_COMMANDS_JUDGE_H

#include "commands/network.h"
#include "commands/processes.h"

typedef struct judge_settings {
    char train[MOCO_PATH_MAX], val[MOCO_PATH_MAX];
    moco_format format;
    char preset[32], device[16];
    double fraction;
    int64_t limit, image_size, workers, threads;
    uint64_t seed;
    bool skip_broken, json;
    launch_settings launch;
} judge_settings;

#define JUDGE_SETTINGS_INIT                                                                                            \
    {                                                                                                                  \
        .device = "auto", .fraction = 1, .launch = LAUNCH_SETTINGS_INIT                                                \
    }

/* NOLINTBEGIN(bugprone-macro-parentheses): offsetof() takes a bare name.
 * Rows of a command's table; `field` is the judge_settings in the struct of its values. */
#define JUDGE_OPTIONS(type, field)                                                                                     \
    { .name = "train", MOCO_PATH_OPTION(type, field.train, "DATA"), .help = "labelled images to learn from" },         \
        { .name = "val",                                                                                               \
          .aliases = { "test" },                                                                                       \
          MOCO_PATH_OPTION(type, field.val, "DATA"),                                                                   \
          .help = "labelled images to test on; may be the same path, for its test split" },                            \
        { .name = "format",                                                                                            \
          MOCO_CHOICE_OPTION(type, field.format, "F", MOCO_CHOICES(MOCO_FORMAT_MAP)),                                  \
          .help = "layout of the data on disk" },                                                                      \
        { .name = "preset",                                                                                            \
          MOCO_TEXT_OPTION(type, field.preset, "NAME"),                                                                \
          .help = "without a run: the preset that gives an untrained network" },                                       \
        { .name = "fraction",                                                                                          \
          MOCO_REAL_OPTION(type, field.fraction, 1e-6, 1),                                                             \
          .help = "learn from this share of every class's images, as 0.01" },                                          \
        { .name = "limit",                                                                                             \
          .aliases = { "n" },                                                                                          \
          MOCO_INT_OPTION(type, field.limit, 0, 1e9),                                                                  \
          .help = "about N images of each set, of all classes; 0: all" },                                              \
        { .name = "image-size",                                                                                        \
          MOCO_INT_OPTION(type, field.image_size, 8, 1024),                                                            \
          .zero_is_auto = true,                                                                                        \
          .help = "height and width in pixels; auto: the run's" },                                                     \
        { .name = "device",                                                                                            \
          MOCO_TEXT_OPTION(type, field.device, "D"),                                                                   \
          .help = "cpu, cuda or cuda:N; auto: the run's" },                                                            \
        { .name = "workers",                                                                                           \
          .aliases = { "j" },                                                                                          \
          MOCO_INT_OPTION(type, field.workers, 1, 1024),                                                               \
          .zero_is_auto = true,                                                                                        \
          .help = "threads that read images; auto: one a core" },                                                      \
        { .name = "threads",                                                                                           \
          MOCO_INT_OPTION(type, field.threads, 1, 4096),                                                               \
          .zero_is_auto = true,                                                                                        \
          .help = "threads that compute; auto: one a core" },                                                          \
        { .name = "seed",                                                                                              \
          MOCO_UINT64_OPTION(type, field.seed),                                                                        \
          .help = "seed of weights, order, crops and the share" },                                                     \
        { .name = "skip-broken",                                                                                       \
          MOCO_BOOL_OPTION(type, field.skip_broken),                                                                   \
          .help = "leave out images that cannot be read" },                                                            \
        { .name = "json", MOCO_BOOL_OPTION(type, field.json), .help = "print the result as JSON" },                    \
        LAUNCH_OPTIONS(type, field.launch)
/* NOLINTEND(bugprone-macro-parentheses) */

/* What is judged, and on what. */
typedef struct judge_job {
    network net; /* path empty: untrained; its encoder is made by the command */
    moco_features_options how;
    moco_dataset *train, *val;             /* what is used */
    moco_dataset *whole_train, *whole_val; /* what they are shares of; NULL: nothing */
    int64_t classes;
    moco_comm *comm; /* NULL: one process */
    bool writes;     /* whether this is the rank that speaks */
} judge_job;

/* What a command does once processes are joined and all is open. */
typedef moco_status (*judge_work)(judge_job *job);

/*
 * Checks usage, starts and joins processes, opens network and data, does the work, and ends all; returns the exit code.
 * A signal ends the work with ::MOCO_ESTOPPED.
 */
int judge_run(const judge_settings *settings, const tool_command *command, const arguments *args, judge_work work);

/* Opens both splits of labelled data, whose classes must be the same. */
moco_status judge_open_data(moco_dataset **train, moco_dataset **val, const char *train_path, const char *val_path,
                            moco_format format);

/* Callback of moco_features_extract(): a signal ends it. */
int judge_features_progress(size_t done, size_t count, void *payload);

/*
 * Sets the shape of a learning rate: steps, cosine or constant; milestones are those of steps, by themselves at 60 and
 * 80%. Returns EXIT_OK, or EXIT_USAGE after a message.
 */
int judge_schedule(moco_schedule *out, moco_schedule_kind kind, const char *milestones, int64_t epochs,
                   const tool_command *command);

/* How training images are cropped for a classifier on the job's network. */
moco_status judge_policy(moco_augment_policy *out, const judge_job *job);

/* The options of a loader for training images. */
moco_loader_options judge_loader(const judge_settings *settings, const judge_job *job);

/* Writes the features and labels of both sets, and what else there is, to a .safetensors file. */
moco_status judge_write_features(const char *path, const moco_features *train, const moco_features *val,
                                 const moco_named_tensor *more, size_t more_count);

/* A number, or null where it is none. */
void print_json_number(const char *key, double value);

#endif
