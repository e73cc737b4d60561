/*
 * Draws a run's sheets of images.
 */
#include "commands/sheets.h"

#include "commands/data.h"
#include "commands/network.h"

typedef struct sheets {
    network net;
    moco_dataset *images, *query_images;
} sheets;

/* Opens the images to look up: the validation data, the data's test split, or else the training images. */
static moco_status open_query_images(sheets *job)
{
    const moco_config *config = &job->net.config;
    const char *path = config->val_data[0] != '\0' ? config->val_data : config->data;
    moco_dataset_options test = MOCO_DATASET_OPTIONS_INIT;
    test.split = MOCO_SPLIT_TEST;
    test.skip_broken = config->skip_broken;
    const bool has_test = config->val_data[0] != '\0' || moco_dataset_has_split(path, &test);
    return data_open_stored(&job->query_images, "images to look up", path, config->format,
                            has_test ? MOCO_SPLIT_TEST : MOCO_SPLIT_TRAIN, config->skip_broken);
}

static moco_status draw(sheets *job, const char *run, const sheets_options *o)
{
    const moco_config *config = &job->net.config;
    moco_sheets_options how = MOCO_SHEETS_OPTIONS_INIT;
    MOCO_TRY(network_find(&job->net, run, o->device));
    MOCO_TRY(data_open_stored(&job->images, "training images", config->data, config->format, MOCO_SPLIT_TRAIN,
                              config->skip_broken));
    MOCO_TRY(open_query_images(job));
    MOCO_TRY(network_load(&job->net));
    how.device = job->net.device;
    how.workers = o->workers;
    how.bank = o->limit;
    how.format = o->format;
    how.map = o->limit < how.map ? o->limit : how.map;
    return moco_plot_sheets(run, config, job->net.encoder, job->images, job->query_images, &how);
}

moco_status sheets_draw(const char *run, const sheets_options *how)
{
    static sheets job;
    const moco_status status = draw(&job, run, how);
    data_warn_of_skipped(job.images);
    data_warn_of_skipped(job.query_images);
    moco_dataset_free(job.query_images);
    moco_dataset_free(job.images);
    network_close(&job.net);
    return status;
}
