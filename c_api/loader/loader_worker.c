/* Turns samples into views: reads once, decodes what the views take, augments and stores each view. */
#include "loader/loader_worker_internal.h"

#include "dataset/dataset_internal.h"
#include "loader/augment_internal.h"

#include <stdio.h>
#include <string.h>

enum {
    NAME_MAX_BYTES = 1024,
    REDUCTION_MAX = 8, /* the largest factor by which decoders shrink an image */
    BROKEN_MAX = 64    /* give up after this many broken images in a row */
};

/* ---- Messages ---- */

/* Writes "before NAME: what is wrong after" for this thread's last failure. Messages about files begin with the name.
 */
static void describe(char out[MOCO__LOADER_MESSAGE_MAX], const moco__job *job, size_t index, const char *before,
                     const char *after)
{
    char name[NAME_MAX_BYTES];
    const char *message = moco_error_message();
    moco_dataset_name(job->dataset, index, name, sizeof name);
    const size_t length = strlen(name);
    const bool named = strncmp(message, name, length) == 0 && message[length] == ':';
    (void)snprintf(out, MOCO__LOADER_MESSAGE_MAX, "%s%s%s%s%s", before, named ? "" : name, named ? "" : ": ", message,
                   after);
}

/* Counts and logs a broken image, once per dataset. */
static void report_skip(const moco__job *job, size_t index)
{
    char text[MOCO__LOADER_MESSAGE_MAX];
    describe(text, job, index, "", "");
    if (moco__dataset_skip(job->dataset, index, text)) {
        moco_log(MOCO_LOG_WARNING, "loader: skipped a broken image: %s", text);
    }
}

static void report_failure(moco__job *job, moco__slot *slot, size_t place, moco_status status)
{
    char text[MOCO__LOADER_MESSAGE_MAX];
    const bool can_skip = moco__is_broken_image(status) && !job->options.skip_broken;
    status = status == MOCO_EUNAVAILABLE ? MOCO_EIO : status; /* it means that the time is over */
    describe(text, job, slot->indices[place], "loader: ", can_skip ? "; use skip_broken to leave such images out" : "");
    moco__ring_fail(&job->ring, slot, place, status, text);
}

/* ---- One sample ---- */

/* Returns the key of a view's draws. It names the sample that the sampler chose, so that a replacement does not repeat
 * the views of its neighbour. */
static moco_augment_key key_of(const moco__job *job, const moco__slot *slot, size_t draws, uint32_t view)
{
    return (moco_augment_key){ job->options.seed, slot->epoch, draws, view };
}

/* Returns the smallest box that holds two boxes. */
static moco_box both(moco_box a, moco_box b)
{
    const int32_t bottom = a.top + a.height > b.top + b.height ? a.top + a.height : b.top + b.height;
    const int32_t right = a.left + a.width > b.left + b.width ? a.left + a.width : b.left + b.width;
    const int32_t top = a.top < b.top ? a.top : b.top;
    const int32_t left = a.left < b.left ? a.left : b.left;
    return (moco_box){ top, left, bottom - top, right - left };
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Returns how many times smaller a policy makes the part that it reads; 1 unless a random crop alone decides that. */
static int32_t reduction_of(const moco_augment_policy *policy, moco_box read)
{
    const bool crops = policy->count > 0 && policy->ops[0].kind == MOCO_RANDOM_RESIZED_CROP;
    return crops && policy->ops[0].probability >= 1.0 ? smaller(read.height, read.width) / policy->size : 1;
}

/* Reads an image and decodes the part that the views take. */
static moco_status read_image(moco__worker *worker, const moco__slot *slot, size_t index, size_t draws)
{
    const moco__job *job = worker->job;
    MOCO_TRY(moco_dataset_read(job->dataset, worker->source, index));
    moco__stage_end(MOCO_STAGE_READ);
    const int32_t width = moco_image_width(worker->source);
    const int32_t height = moco_image_height(worker->source);
    moco_box box = { 0, 0, 0, 0 };
    int32_t reduction = REDUCTION_MAX;
    for (uint32_t v = 0; v < job->view_count; ++v) {
        const moco_box read = moco__augment_reads(&job->policies[v], key_of(job, slot, draws, v), width, height);
        box = v == 0 ? read : both(box, read);
        reduction = smaller(reduction, reduction_of(&job->policies[v], read));
    }
    MOCO_TRY(moco_image_load(worker->source, box, reduction));
    moco__stage_end(MOCO_STAGE_DECODE);
    return MOCO_OK;
}

/*
 * Reads image *index. With skip_broken it reads the first image from there on that is not broken, and sets *index to
 * it. The replacement depends on the dataset alone, so it is the same for any number of workers.
 */
static moco_status read_sample(moco__worker *worker, const moco__slot *slot, size_t *index, size_t draws)
{
    moco__job *job = worker->job;
    const size_t count = moco_dataset_count(job->dataset);
    const size_t tries = count < BROKEN_MAX ? count : BROKEN_MAX;
    size_t at = *index;
    moco_status status = read_image(worker, slot, at, draws);
    if (!job->options.skip_broken) {
        return status;
    }
    for (size_t i = 1; moco__is_broken_image(status); ++i) {
        report_skip(job, at);
        if (i == tries) {
            return tries == 1 ? moco_error_set(MOCO_EFORMAT, "the only image is broken: %s", moco_error_message())
                              : moco_error_set(MOCO_EFORMAT,
                                               "%zu images in a row are broken, the last one is %s; check the dataset",
                                               tries, moco_error_message());
        }
        at = (at + 1) % count;
        status = read_image(worker, slot, at, draws);
    }
    *index = at;
    return status;
}

/* A callback may give an image of other channels than those that it is asked for. */
static moco_status check_channels(const moco_image *view, const moco_augment_policy *policy)
{
    const int32_t found = moco_image_channels(view);
    return found == policy->channels
               ? MOCO_OK
               : moco_error_set(MOCO_EINVALID, "the image has %d channel%s, but the policy is for %d; set as many",
                                found, found == 1 ? "" : "s", policy->channels);
}

static moco_status store_views(moco__worker *worker, const moco__slot *slot, size_t place, size_t draws)
{
    const moco__job *job = worker->job;
    for (uint32_t v = 0; v < job->view_count; ++v) {
        const moco_augment_policy *policy = &job->policies[v];
        MOCO_TRY(
            moco__augment_apply(worker->view, worker->scratch, worker->source, policy, key_of(job, slot, draws, v)));
        MOCO_TRY(check_channels(worker->view, policy));
        MOCO_TRY(moco_image_store((char *)slot->values[v] + place * job->image_bytes, job->options.dtype, worker->view,
                                  moco_augment_mean(policy), moco_augment_std(policy), job->options.layout));
        moco__stage_end(MOCO_STAGE_STORE);
    }
    return MOCO_OK;
}

/* ---- The worker ---- */

static void fill_chunk(moco__worker *worker, const moco__chunk *chunk)
{
    moco__slot *slot = chunk->slot;
    for (size_t place = chunk->from; place < chunk->to && !atomic_load(&worker->job->ring.stopped); ++place) {
        const size_t draws = slot->draws[place];
        moco_status status = read_sample(worker, slot, &slot->indices[place], draws);
        if (status == MOCO_OK) {
            status = store_views(worker, slot, place, draws);
        }
        if (status != MOCO_OK) {
            report_failure(worker->job, slot, place, status);
        }
    }
}

void *moco__worker_run(void *argument)
{
    moco__worker *worker = argument;
    moco__job *job = worker->job;
    moco__chunk chunk;
    while (moco__ring_take(&job->ring, &chunk)) {
        moco__stages_start(job->options.measure ? &job->sums : NULL);
        fill_chunk(worker, &chunk);
        moco__ring_bring(&job->ring, &chunk);
    }
    return NULL;
}

moco_status moco__worker_make(moco__worker *worker, moco__job *job)
{
    worker->job = job;
    MOCO_TRY(moco_image_create(&worker->source));
    MOCO_TRY(moco_image_create(&worker->view));
    MOCO_TRY(moco_image_create(&worker->scratch));
    moco_image_set_channels(worker->source, job->policies[0].channels);
    moco_image_set_lazy(worker->source, true);
    moco_image_set_fast(worker->source, job->options.fast);
    moco_image_set_fast(worker->view, job->options.fast);
    moco_image_set_fast(worker->scratch, job->options.fast);
    return MOCO_OK;
}

void moco__worker_free(moco__worker *worker)
{
    moco_image_free(worker->source);
    moco_image_free(worker->view);
    moco_image_free(worker->scratch);
}
