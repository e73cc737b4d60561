/*
 * A run's sheets of images.
 */
#include "sheets.h"

#include "data.h"
#include "network.h"

#include <stdio.h>

enum { QUERIES = 12 };

/* What the sheets are drawn from. */
typedef struct sheets {
    network net;
    moco_dataset *images, *query_images;
    moco_features *bank, *queries, *places;
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

static moco_status draw_map(sheets *job, const char *run, moco_features_options how, size_t limit)
{
    char path[MOCO_PATH_MAX + 32];
    how.limit = limit < SHEETS_MAP_LIMIT ? limit : SHEETS_MAP_LIMIT;
    MOCO_TRY(moco_features_extract(&job->places, job->query_images, job->net.encoder, &how));
    (void)snprintf(path, sizeof path, "%s/plots/map.png", run);
    return moco_plot_map(path, job->query_images, job->places);
}

static moco_status draw(sheets *job, const char *run, const sheets_options *o)
{
    char path[MOCO_PATH_MAX + 32];
    const moco_config *config = &job->net.config;
    MOCO_TRY(network_find(&job->net, run, o->device));
    MOCO_TRY(data_open(&job->images, config->data, config->format, MOCO_SPLIT_TRAIN));
    (void)snprintf(path, sizeof path, "%s/plots/pairs.png", run);
    MOCO_TRY(moco_plot_pairs(path, job->images, config));
    MOCO_TRY(open_query_images(job));
    MOCO_TRY(network_load(&job->net));
    moco_features_options how = data_features_options(config, job->net.device);
    how.workers = o->workers;
    how.skip_broken = config->skip_broken;
    how.limit = o->limit;
    MOCO_TRY(moco_features_extract(&job->bank, job->images, job->net.encoder, &how));
    how.limit = QUERIES;
    MOCO_TRY(moco_features_extract(&job->queries, job->query_images, job->net.encoder, &how));
    (void)snprintf(path, sizeof path, "%s/plots/neighbours.png", run);
    MOCO_TRY(moco_plot_neighbours(path, job->images, job->bank, job->query_images, job->queries));
    return draw_map(job, run, how, o->limit);
}

moco_status sheets_draw(const char *run, const sheets_options *how)
{
    static sheets job;
    const moco_status status = draw(&job, run, how);
    moco_features_free(job.places);
    moco_features_free(job.queries);
    moco_features_free(job.bank);
    moco_dataset_free(job.query_images);
    moco_dataset_free(job.images);
    network_close(&job.net);
    return status;
}
