/* What a worker does with a sample: read once, augment once a view, store as floats. */
#include "loader_internal.h"

#include "augment.h"

#include <stdio.h>
#include <string.h>

enum {
    NAME_SIZE = 512,
    BROKEN_MAX = 64 /* so many broken images in a row are no accident */
};

/* Whether a failure says something on the image, rather than on the machine or the application. */
static bool is_broken(moco_status status)
{
    return status != MOCO_OK && status != MOCO_ENOMEM && status != MOCO_ESTOPPED;
}

/* Counts and logs a broken image once, however often it comes by. */
static void report_broken(struct moco_loader *loader, size_t index)
{
    char name[NAME_SIZE];
    const uint8_t bit = (uint8_t)(1U << (index % 8));
    (void)pthread_mutex_lock(&loader->mutex);
    const bool known = (loader->broken[index / 8] & bit) != 0;
    loader->broken[index / 8] |= bit;
    (void)pthread_mutex_unlock(&loader->mutex);
    if (!known) {
        atomic_fetch_add(&loader->skipped, 1);
        moco_dataset_name(loader->dataset, index, name, sizeof name);
        moco_log(MOCO_LOG_WARNING, "loader: skipped the broken image %s: %s", name, moco_error_message());
    }
}

/*
 * Reads image *index; with skip_broken the first readable one from there on, which *index becomes. The replacement
 * depends on the data alone, so it is the same with any number of workers.
 */
static moco_status read_sample(moco__worker *worker, size_t *index)
{
    struct moco_loader *loader = worker->loader;
    const size_t count = moco_dataset_count(loader->dataset);
    const size_t tries = count < BROKEN_MAX ? count : BROKEN_MAX;
    size_t at = *index;
    moco_status status = moco_dataset_read(loader->dataset, worker->source, at);
    if (!loader->options.skip_broken) {
        return status;
    }
    for (size_t i = 1; is_broken(status); ++i) {
        report_broken(loader, at);
        if (i == tries) {
            return moco_error_set(MOCO_EFORMAT, "%zu images in a row are broken; the last one: %s", tries,
                                  moco_error_message());
        }
        at = (at + 1) % count;
        status = moco_dataset_read(loader->dataset, worker->source, at);
    }
    *index = at;
    return status;
}

/* Keys are of the sample that the sampler asked for, so a replacement does not repeat the views of its neighbour. */
static moco_status store_views(moco__worker *worker, const moco__slot *slot, size_t place, size_t sampled)
{
    const struct moco_loader *loader = worker->loader;
    for (uint32_t v = 0; v < loader->view_count; ++v) {
        const moco_augment_policy *policy = &loader->policies[v];
        const moco_augment_key key = { loader->options.seed, slot->epoch, sampled, v };
        MOCO_TRY(moco__augment_apply(worker->view, worker->scratch, worker->source, policy, key));
        MOCO_TRY(moco_image_normalize(slot->values[v] + place * loader->image_floats, worker->view, policy->mean,
                                      policy->std, loader->options.layout));
    }
    return MOCO_OK;
}

/* Keeps the error of the foremost sample, whichever worker met it first. */
static void keep_error(moco__worker *worker, moco__slot *slot, size_t place, size_t index, moco_status status)
{
    struct moco_loader *loader = worker->loader;
    char name[NAME_SIZE];
    const char *message = moco_error_message();
    moco_dataset_name(loader->dataset, index, name, sizeof name);
    (void)pthread_mutex_lock(&loader->mutex);
    if (slot->status == MOCO_OK || place < slot->failed) {
        slot->status = status;
        slot->failed = place;
        /* Messages on files name them already. */
        const bool named = strstr(message, name) != NULL;
        (void)snprintf(slot->message, MOCO__LOADER_MESSAGE, "loader: %s%s%s", named ? "" : name, named ? "" : ": ",
                       message);
    }
    (void)pthread_mutex_unlock(&loader->mutex);
}

void moco__loader_work(moco__worker *worker, const moco__chunk *chunk)
{
    moco__slot *slot = chunk->slot;
    for (size_t place = chunk->from; place < chunk->to && !atomic_load(&worker->loader->stop); ++place) {
        const size_t sampled = slot->indices[place];
        moco_status status = read_sample(worker, &slot->indices[place]);
        if (status == MOCO_OK) {
            status = store_views(worker, slot, place, sampled);
        }
        if (status != MOCO_OK) {
            keep_error(worker, slot, place, slot->indices[place], status);
        }
    }
}
