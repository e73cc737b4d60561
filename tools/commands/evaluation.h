/*
 * Evaluates a pretrained network by training on labelled images: the options, the data and the processes that moco
 * linear and moco finetune share.
 */
#ifndef MOCO_TOOLS_COMMANDS_EVALUATION_H
#define MOCO_TOOLS_COMMANDS_EVALUATION_H

#include "commands/network.h"
#include "commands/processes.h"

typedef struct evaluation_settings {
    char train[MOCO_PATH_MAX], val[MOCO_PATH_MAX], format[16];
    char preset[32], device[16];
    double fraction;
    int64_t limit, image_size, workers, threads;
    uint64_t seed;
    bool skip_broken, json;
    launch_settings launch;
} evaluation_settings;

#define EVALUATION_SETTINGS_INIT                                                                                       \
    {                                                                                                                  \
        .format = "auto", .device = "auto", .fraction = 1, .launch = LAUNCH_SETTINGS_INIT                              \
    }

/* NOLINTBEGIN(bugprone-macro-parentheses): offsetof() takes a bare name.
 * Rows of a command's table; `field` is the evaluation_settings in the struct of its values. */
#define EVALUATION_OPTIONS(type, field)                                                                                \
    OPTION_PATH("train", NULL, "DATA", "labelled images to learn from", type, field.train),                            \
        OPTION_PATH("val", "test", "DATA", "labelled images to test on; may be the same path, for its test split",     \
                    type, field.val),                                                                                  \
        OPTION_CHOICE("format", NULL, "F", "auto|folder|idx|cifar|tar", "layout of the data on disk", type,            \
                      field.format),                                                                                   \
        OPTION_TEXT("preset", NULL, "NAME", "without a run: the preset of an untrained network", type, field.preset),  \
        OPTION_REAL("fraction", NULL, 1e-6, 1, "learn from this share of the images of every class, for example 0.01", \
                    type, field.fraction),                                                                             \
        OPTION_INT("limit", "n", 0, 1e9, false, "take about N images of each set, from all classes; 0: all", type,     \
                   field.limit),                                                                                       \
        OPTION_INT("image-size", NULL, 8, 1024, true, "height and width in pixels; auto: the run's", type,             \
                   field.image_size),                                                                                  \
        OPTION_TEXT("device", NULL, "D", "cpu, cuda or cuda:N; auto: the run's", type, field.device),                  \
        OPTION_INT("workers", "j", 1, 1024, true, "threads that read images; auto: one per core", type,                \
                   field.workers),                                                                                     \
        OPTION_INT("threads", NULL, 1, 4096, true, "threads that compute; auto: one per core", type, field.threads),   \
        { "seed",                                                                                                      \
          NULL,                                                                                                        \
          MOCO_OPTION_UINT64,                                                                                          \
          NULL,                                                                                                        \
          "N",                                                                                                         \
          "seed of weights, order, crops and share",                                                                   \
          NULL,                                                                                                        \
          0,                                                                                                           \
          18446744073709551615.0,                                                                                      \
          false,                                                                                                       \
          OPTION_FIELD(type, field.seed) },                                                                            \
        OPTION_FLAG("skip-broken", NULL, "take the next image in place of one that cannot be read", type,              \
                    field.skip_broken),                                                                                \
        OPTION_FLAG("json", NULL, "print the result as JSON", type, field.json), LAUNCH_OPTIONS(type, field.launch)
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
                                 const char *format);

/* Callback of moco_features_extract(): a signal ends it. */
int evaluation_features_progress(size_t done, size_t count, void *payload);

/*
 * Sets how a learning rate falls: by steps, as a cosine, or not at all. Steps have milestones, by default at 60 and 80%
 * of the epochs. Returns EXIT_OK, or EXIT_USAGE after a message.
 */
int evaluation_schedule(moco_schedule *out, const char *kind, const char *milestones, int64_t epochs,
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
