/*
 * What the commands share that train classifiers on a pretrained network: its options, labelled images for training and
 * validation, and the processes that work together.
 */
#ifndef MOCO_TOOLS_COMMANDS_JUDGE_H
#define MOCO_TOOLS_COMMANDS_JUDGE_H

#include "commands/network.h"
#include "commands/processes.h"

typedef struct judge_settings {
    char train[MOCO_PATH_MAX], val[MOCO_PATH_MAX], format[16];
    char preset[32], device[16];
    double fraction;
    int64_t limit, image_size, workers, threads;
    uint64_t seed;
    bool skip_broken, json;
    launch_settings launch;
} judge_settings;

#define JUDGE_SETTINGS_INIT                                                                                            \
    {                                                                                                                  \
        .format = "auto", .device = "auto", .fraction = 1, .launch = LAUNCH_SETTINGS_INIT                              \
    }

/* NOLINTBEGIN(bugprone-macro-parentheses): offsetof() takes a bare name.
 * Rows of a command's table; `field` is the judge_settings in the struct of its values. */
#define JUDGE_OPTIONS(type, field)                                                                                     \
    OPTION_PATH("train", NULL, "DATA", "labelled images to learn from", type, field.train),                            \
        OPTION_PATH("val", "test", "DATA", "labelled images to test on; may be the same path, for its test split",     \
                    type, field.val),                                                                                  \
        OPTION_CHOICE("format", NULL, "F", "auto|folder|idx|cifar|tar", "layout of the data on disk", type,            \
                      field.format),                                                                                   \
        OPTION_TEXT("preset", NULL, "NAME", "without a run: the preset that gives an untrained network", type,         \
                    field.preset),                                                                                     \
        OPTION_REAL("fraction", NULL, 1e-6, 1, "learn from this share of every class's images, as 0.01", type,         \
                    field.fraction),                                                                                   \
        OPTION_INT("limit", "n", 0, 1e9, false, "about N images of each set, of all classes; 0: all", type,            \
                   field.limit),                                                                                       \
        OPTION_INT("image-size", NULL, 8, 1024, true, "height and width in pixels; auto: the run's", type,             \
                   field.image_size),                                                                                  \
        OPTION_TEXT("device", NULL, "D", "cpu, cuda or cuda:N; auto: the run's", type, field.device),                  \
        OPTION_INT("workers", "j", 1, 1024, true, "threads that read images; auto: one a core", type, field.workers),  \
        OPTION_INT("threads", NULL, 1, 4096, true, "threads that compute; auto: one a core", type, field.threads),     \
        { "seed",                                                                                                      \
          NULL,                                                                                                        \
          MOCO_OPTION_UINT64,                                                                                          \
          NULL,                                                                                                        \
          "N",                                                                                                         \
          "seed of weights, order, crops and the share",                                                               \
          NULL,                                                                                                        \
          0,                                                                                                           \
          18446744073709551615.0,                                                                                      \
          false,                                                                                                       \
          OPTION_FIELD(type, field.seed) },                                                                            \
        OPTION_FLAG("skip-broken", NULL, "leave out images that cannot be read", type, field.skip_broken),             \
        OPTION_FLAG("json", NULL, "print the result as JSON", type, field.json), LAUNCH_OPTIONS(type, field.launch)
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
                            const char *format);

/* Callback of moco_features_extract(): a signal ends it. */
int judge_features_progress(size_t done, size_t count, void *payload);

/*
 * Sets the shape of a learning rate: steps, cosine or constant; milestones are those of steps, by themselves at 60 and
 * 80%. Returns EXIT_OK, or EXIT_USAGE after a message.
 */
int judge_schedule(moco_schedule *out, const char *kind, const char *milestones, int64_t epochs,
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
