/* What a worker does with a sample: read once, decode what the views take of it, augment once a view, store as floats.
 */
#include "loader/loader_internal.h"

#include "dataset/dataset_internal.h"
#include "loader/augment_internal.h"

#include <stdio.h>
#include <string.h>

enum {
    NAME_SIZE = 512,
    REDUCTION_MAX = 8,
    BROKEN_MAX = 64 /* so many broken images in a row are no accident */
};

/* Whether a failure says something on the image, rather than on the machine or the application. */
static bool is_broken(moco_status status)
{
    return status != MOCO_OK && status != MOCO_ENOMEM && status != MOCO_ESTOPPED;
}

/* Counts a broken image once per loader and logs it once per dataset. */
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
    }
    if (moco__dataset_skip(loader->dataset, index, moco_error_message())) {
        moco_dataset_name(loader->dataset, index, name, sizeof name);
        moco_log(MOCO_LOG_WARNING, "loader: skipped the broken image %s: %s", name, moco_error_message());
    }
}

/* What a view's draws are keyed by: the sample that the sampler asked for, so that a replacement does not repeat the
 * views of its neighbour. */
static moco_augment_key key_of(const struct moco_loader *loader, const moco__slot *slot, size_t sampled, uint32_t view)
{
    return (moco_augment_key){ loader->options.seed, slot->epoch, sampled, view };
}

/* The smallest box that holds two. */
static moco__box both(moco__box a, moco__box b)
{
    const int32_t bottom = a.top + a.height > b.top + b.height ? a.top + a.height : b.top + b.height;
    const int32_t right = a.left + a.width > b.left + b.width ? a.left + a.width : b.left + b.width;
    const int32_t top = a.top < b.top ? a.top : b.top;
    const int32_t left = a.left < b.left ? a.left : b.left;
    return (moco__box){ top, left, bottom - top, right - left };
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* How many times smaller a policy makes the part that it reads; 1 where that depends on more than a random crop. */
static int32_t reduction_of(const moco_augment_policy *policy, moco__box read)
{
    const bool crops = policy->count > 0 && policy->ops[0].kind == MOCO_RANDOM_RESIZED_CROP;
    return crops && policy->ops[0].probability >= 1.0 ? smaller(read.height, read.width) / policy->size : 1;
}

static moco__stages *watch_of(moco__worker *worker)
{
    return worker->loader->options.measure ? &worker->watch : NULL;
}

/* Reads an image and decodes what the views of sample `sampled` will take of it. */
static moco_status read_image(moco__worker *worker, const moco__slot *slot, size_t index, size_t sampled)
{
    const struct moco_loader *loader = worker->loader;
    MOCO_TRY(moco_dataset_read(loader->dataset, worker->source, index));
    moco__stages_end(watch_of(worker), MOCO_STAGE_READ);
    const int32_t width = moco_image_width(worker->source);
    const int32_t height = moco_image_height(worker->source);
    moco__box box = { 0, 0, 0, 0 };
    int32_t reduction = REDUCTION_MAX;
    for (uint32_t v = 0; v < loader->view_count; ++v) {
        const moco__box read =
            moco__augment_reads(&loader->policies[v], key_of(loader, slot, sampled, v), width, height);
        box = v == 0 ? read : both(box, read);
        reduction = smaller(reduction, reduction_of(&loader->policies[v], read));
    }
    MOCO_TRY(moco_image_load_reduced(worker->source, box.top, box.left, box.height, box.width, reduction));
    moco__stages_end(watch_of(worker), MOCO_STAGE_DECODE);
    return MOCO_OK;
}

/*
 * Reads image *index; with skip_broken the first readable one from there on, which *index becomes. The replacement
 * depends on the data alone, so it is the same with any number of workers.
 */
static moco_status read_sample(moco__worker *worker, const moco__slot *slot, size_t *index)
{
    struct moco_loader *loader = worker->loader;
    const size_t count = moco_dataset_count(loader->dataset);
    const size_t tries = count < BROKEN_MAX ? count : BROKEN_MAX;
    const size_t sampled = *index;
    size_t at = sampled;
    moco_status status = read_image(worker, slot, at, sampled);
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
        status = read_image(worker, slot, at, sampled);
    }
    *index = at;
    return status;
}

static moco_status store_views(moco__worker *worker, const moco__slot *slot, size_t place, size_t sampled)
{
    const struct moco_loader *loader = worker->loader;
    for (uint32_t v = 0; v < loader->view_count; ++v) {
        const moco_augment_policy *policy = &loader->policies[v];
        MOCO_TRY(moco__augment_apply(worker->view, worker->scratch, worker->source, policy,
                                     key_of(loader, slot, sampled, v), watch_of(worker)));
        MOCO_TRY(moco_image_store((char *)slot->values[v] + place * loader->image_bytes, loader->options.dtype,
                                  worker->view, policy->mean, policy->std, loader->options.layout));
        moco__stages_end(watch_of(worker), MOCO_STAGE_STORE);
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

/* Adds what the watch has measured to the loader's sums. */
static void add_stages(moco__worker *worker)
{
    for (size_t i = 0; i < MOCO_STAGE_COUNT; ++i) {
        atomic_fetch_add(&worker->loader->stage_nanoseconds[i], worker->watch.nanoseconds[i]);
        worker->watch.nanoseconds[i] = 0;
    }
}

void moco__loader_work(moco__worker *worker, const moco__chunk *chunk)
{
    moco__slot *slot = chunk->slot;
    moco__stages_start(watch_of(worker));
    for (size_t place = chunk->from; place < chunk->to && !atomic_load(&worker->loader->stop); ++place) {
        const size_t sampled = slot->indices[place];
        moco_status status = read_sample(worker, slot, &slot->indices[place]);
        if (status == MOCO_OK) {
            status = store_views(worker, slot, place, sampled);
        }
        if (status != MOCO_OK) {
            keep_error(worker, slot, place, slot->indices[place], status);
        }
    }
    if (worker->loader->options.measure) {
        add_stages(worker);
    }
}
