/*
 * moco plot: draws a run's pictures again.
 */
#include "data.h"
#include "network.h"
#include "output.h"

#include <stdio.h>
#include <string.h>

typedef struct plot_options {
    bool curves_only;
    int64_t limit, workers;
    char device[16];
} plot_options;

static plot_options values = { .limit = 10000, .device = "auto" };

static const moco_option options[] = {
    OPTION_FLAG("curves-only", NULL, "draw no sheets of images, which need the run's data", plot_options, curves_only),
    OPTION_INT("limit", "n", 1, 1e9, false, "training images to look for neighbours in", plot_options, limit),
    OPTION_TEXT("device", NULL, "D", "cpu, cuda or cuda:N; auto: the run's", plot_options, device),
    OPTION_INT("workers", "j", 1, 1024, true, "threads that read images; auto: one a core", plot_options, workers),
};

enum { QUERIES = 12 };

/* What the sheets are drawn from. */
typedef struct sheets {
    network net;
    moco_dataset *images, *query_images;
    moco_features *bank, *queries;
} sheets;

/* The images to look up: the validation data, the data's other split, or the training images themselves. */
static moco_status open_query_images(sheets *job)
{
    const moco_config *config = &job->net.config;
    const char *path = config->val_data[0] != '\0' ? config->val_data : config->data;
    moco_dataset_options test = MOCO_DATASET_OPTIONS_INIT;
    test.split = MOCO_SPLIT_TEST;
    const bool has_test = config->val_data[0] != '\0' || moco_dataset_has_split(path, &test);
    return data_open(&job->query_images, path, config->format, has_test ? MOCO_SPLIT_TEST : MOCO_SPLIT_TRAIN);
}

static moco_status draw_sheets(sheets *job, const char *run)
{
    char path[MOCO_PATH_MAX + 32];
    const moco_config *config = &job->net.config;
    MOCO_TRY(network_find(&job->net, run, values.device));
    MOCO_TRY(data_open(&job->images, config->data, config->format, MOCO_SPLIT_TRAIN));
    (void)snprintf(path, sizeof path, "%s/plots/pairs.png", run);
    MOCO_TRY(moco_plot_pairs(path, job->images, config));
    MOCO_TRY(open_query_images(job));
    MOCO_TRY(network_load(&job->net));
    moco_features_options how = data_features_options(config, job->net.device);
    how.workers = (int32_t)values.workers;
    how.skip_broken = config->skip_broken;
    how.limit = (size_t)values.limit;
    MOCO_TRY(moco_features_extract(&job->bank, job->images, job->net.encoder, &how));
    how.limit = QUERIES;
    MOCO_TRY(moco_features_extract(&job->queries, job->query_images, job->net.encoder, &how));
    (void)snprintf(path, sizeof path, "%s/plots/neighbours.png", run);
    return moco_plot_neighbours(path, job->images, job->bank, job->query_images, job->queries);
}

static int run(const arguments *args)
{
    static sheets job;
    const char *folder = args->positional[0];
    if (moco_plot_curves(folder) != MOCO_OK) {
        return say_failure();
    }
    const moco_status status = values.curves_only ? MOCO_OK : draw_sheets(&job, folder);
    moco_features_free(job.queries);
    moco_features_free(job.bank);
    moco_dataset_free(job.query_images);
    moco_dataset_free(job.images);
    network_close(&job.net);
    if (status != MOCO_OK) {
        (void)say_failure();
        say_note("the curves are drawn; --curves-only leaves the sheets out");
        return EXIT_FAILED;
    }
    (void)printf("plots: %s/plots\n", folder);
    return EXIT_OK;
}

const tool_command command_plot = {
    .name = "plot",
    .synopsis = "RUN [options]",
    .summary = "draw a run's curves and sheets of images",
    .text = "Draws loss, accuracy, kNN accuracy and learning rate from the run's metrics, a sheet of images with their "
            "augmented views, and a sheet of images with their nearest neighbours, as PNG files in RUN/plots.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
