/*
 * Evaluates a pretrained network by training on labelled images: the options, the data and the processes that moco
 * linear and moco finetune share.
 */
#ifndef MOCO_TOOLS_COMMANDS_EVALUATION_H
#define MOCO_TOOLS_COMMANDS_EVALUATION_H

#include "commands/image_options.h"
#include "commands/network.h"
#include "commands/processes.h"

typedef struct evaluation_settings {
    char train[MOCO_PATH_MAX], val[MOCO_PATH_MAX];
    char preset[32];
    double fraction;
    int64_t channels, limit;
    uint64_t seed;
    bool json;
    image_settings images;
    launch_settings launch;
} evaluation_settings;

#define EVALUATION_SETTINGS_INIT                                                                                       \
    {                                                                                                                  \
        .fraction = 1, .images = IMAGE_SETTINGS_INIT, .launch = LAUNCH_SETTINGS_INIT                                   \
    }

/* NOLINTBEGIN(bugprone-macro-parentheses): offsetof() takes a bare name.
 * Rows of a command's table; `field` is the evaluation_settings in the struct of its values. */
#define EVALUATION_OPTIONS(type, field)                                                                                \
    { .name = "train", MOCO_PATH_OPTION(type, field.train, "DATA"), .help = "labelled images to learn from" },         \
        { .name = "val",                                                                                               \
          .aliases = { "test" },                                                                                       \
          MOCO_PATH_OPTION(type, field.val, "DATA"),                                                                   \
          .help = "labelled images to test on; with the path of --train, its test split" },                            \
        { .name = "preset",                                                                                            \
          MOCO_TEXT_OPTION(type, field.preset, "NAME"),                                                                \
          .help = "without a run: preset of the untrained network" },                                                  \
        { .name = "channels",                                                                                          \
          MOCO_INT_OPTION(type, field.channels, 1, MOCO_MAX_CHANNELS),                                                 \
          .zero_is_auto = true,                                                                                        \
          .help = "with --preset: channels of the images; auto: 3" },                                                  \
        { .name = "fraction",                                                                                          \
          MOCO_REAL_OPTION(type, field.fraction, 1e-6, 1),                                                             \
          .help = "learn from this share of the images of every class, for example 0.01" },                            \
        { .name = "limit",                                                                                             \
          .aliases = { "n" },                                                                                          \
          MOCO_INT_OPTION(type, field.limit, 0, 1e9),                                                                  \
          .help = "use about N images of each set, from all classes; 0: use all" },                                    \
        { .name = "seed",                                                                                              \
          MOCO_UINT64_OPTION(type, field.seed),                                                                        \
          .help = "seed of new weights, order, crops and --fraction" },                                                \
        IMAGE_OPTIONS(type, field.images),                                                                             \
        { .name = "json", MOCO_BOOL_OPTION(type, field.json), .help = "print the result as JSON" },                    \
        LAUNCH_OPTIONS(type, field.launch)
/* NOLINTEND(bugprone-macro-parentheses) */

/* The network, and the images to evaluate it on. */
typedef struct evaluation_job {
    network net; /* path empty: untrained; the command makes its encoder */
    moco_features_options how;
    moco_dataset *train, *val;             /* what the command uses */
    moco_dataset *whole_train, *whole_val; /* what these are shares of; NULL: they are complete */
    int64_t classes;
    moco_comm *comm; /* NULL: one process */
    bool writes;     /* whether this process prints and writes; rank 0 does */
} evaluation_job;

/* What a command does when the processes are connected and everything is open. */
typedef moco_status (*evaluation_work)(evaluation_job *job);

/*
 * Checks usage, starts and joins processes, opens network and data, does the work, and closes everything. Returns the
 * exit code. A signal ends the work with ::MOCO_ESTOPPED.
 */
int evaluation_run(const evaluation_settings *settings, const tool_command *command, const arguments *args,
                   evaluation_work work);

/* Opens two sets of labelled images, which must have the same classes. */
moco_status evaluation_open_data(moco_dataset **train, moco_dataset **val, const char *train_path, const char *val_path,
                                 moco_format format, bool skip_broken);

/* Refuses settings of an untrained network beside a run. Returns EXIT_OK, or EXIT_USAGE after a message.
 * @param what an untrained network is called in the message */
int evaluation_check_preset(const tool_command *command, const arguments *args, const char *preset, int64_t channels,
                            const char *what);

/* Warns if images are in both sets, and says what that does to the result. */
moco_status evaluation_warn_of_overlap(const moco_dataset *train, const moco_dataset *val, const char *what);

/* Callback of moco_features_extract(): a signal ends it. */
int evaluation_features_progress(size_t done, size_t count, void *payload);

/*
 * Sets how a learning rate falls: by steps, as a cosine, or not at all. Steps have milestones, by default at 60 and 80
 * % of the epochs. Returns EXIT_OK, or EXIT_USAGE after a message.
 */
int evaluation_schedule(moco_schedule *out, moco_schedule_kind kind, const char *milestones, int64_t epochs,
                        const tool_command *command);

/* Makes the policy that crops training images for a classifier on the job's network. */
moco_status evaluation_policy(moco_augment_policy *out, const evaluation_job *job);

/* Makes the options of a loader for training images. */
moco_loader_options evaluation_loader(const evaluation_settings *settings, const evaluation_job *job);

/* Writes the features and labels of both sets, and more tensors, to a .safetensors file. */
moco_status evaluation_write_features(const char *path, const moco_features *train, const moco_features *val,
                                      const moco_named_tensor *more, size_t more_count);

/* Prints a key and a number, or null if it is not finite. */
void print_json_number(const char *key, double value);

#endif
