/* Measures mean and standard deviation of the channels of a dataset, on several threads. */
#include "base/handle_internal.h"
#include "base/machine_internal.h"
#include "base/thread_internal.h"
#include "dataset/dataset_internal.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS_MAX = 64, NAME_SIZE = 1024, MESSAGE_MAX = 2048 };

/* What the threads share. Each image has a row: its means, then its means of squares. */
typedef struct survey {
    const moco_dataset *dataset;
    int32_t channels;
    size_t *indices; /* of the images to read */
    size_t count;
    bool skip_broken;
    double *rows;
    moco_status *status;
    atomic_size_t next;
    pthread_mutex_t mutex;
    size_t failed; /* the first image of those that failed */
    char message[MESSAGE_MAX];
} survey;

/* Takes images that are spread evenly. Of compressed shards, which can only be unpacked from their start, it takes the
 * first ones of each. */
static void choose(survey *s, size_t limit)
{
    const size_t *sizes = NULL;
    const size_t shards = moco_dataset_shards(s->dataset, &sizes);
    const size_t all = moco_dataset_count(s->dataset);
    if (!s->dataset->is_sequential || shards == 0) {
        for (; s->count < limit; ++s->count) {
            s->indices[s->count] = (size_t)((double)s->count * ((double)all / (double)limit));
        }
        return;
    }
    const size_t each = (limit + shards - 1) / shards;
    size_t first = 0;
    for (size_t shard = 0; shard < shards; first += sizes[shard++]) {
        for (size_t i = 0; i < each && i < sizes[shard] && s->count < limit; ++i) {
            s->indices[s->count++] = first + i;
        }
    }
}

static double value_at(const float *bands, const uint8_t *pixels, size_t channel, size_t pixel, size_t area)
{
    return bands != NULL ? (double)bands[channel * area + pixel] : pixels[3 * pixel + channel] / 255.0;
}

static moco_status measure(double *row, moco_image *image, const survey *s, size_t index)
{
    MOCO_TRY(moco_dataset_read(s->dataset, image, index));
    const size_t channels = (size_t)s->channels;
    if (moco_image_channels(image) != s->channels) {
        return moco_error_set(MOCO_EINVALID, "the image has %d channels, not the %d that are asked for",
                              moco_image_channels(image), s->channels);
    }
    const float *bands = moco_image_bands(image);
    const uint8_t *pixels = moco_image_pixels(image);
    if (bands == NULL && pixels == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for the pixels of an image");
    }
    const size_t area = (size_t)moco_image_width(image) * (size_t)moco_image_height(image);
    for (size_t c = 0; c < channels; ++c) {
        double sum = 0;
        double squares = 0;
        for (size_t i = 0; i < area; ++i) {
            const double value = value_at(bands, pixels, c, i, area);
            sum += value;
            squares += value * value;
        }
        row[c] = sum / (double)area;
        row[channels + c] = squares / (double)area;
    }
    return MOCO_OK;
}

static bool is_skipped(const survey *s, moco_status status)
{
    return s->skip_broken && moco__is_broken_image(status);
}

/* Keeps the message of the first image that failed, whichever thread met it first. */
static void note_failure(survey *s, size_t row, moco_status status)
{
    char name[NAME_SIZE];
    char text[MESSAGE_MAX];
    const size_t index = s->indices[row];
    moco_dataset_name(s->dataset, index, name, sizeof name);
    const bool named = strncmp(moco_error_message(), name, strlen(name)) == 0;
    (void)snprintf(text, sizeof text, "%s%s%s", named ? "" : name, named ? "" : ": ", moco_error_message());
    if (is_skipped(s, status) && moco__dataset_skip(s->dataset, index, text)) {
        moco_log(MOCO_LOG_WARNING, "statistics: skipped a broken image: %s", text);
    }
    (void)pthread_mutex_lock(&s->mutex);
    if (row < s->failed) {
        s->failed = row;
        memcpy(s->message, text, sizeof text);
    }
    (void)pthread_mutex_unlock(&s->mutex);
}

static void *work(void *argument)
{
    survey *s = argument;
    moco_image *image = NULL;
    if (moco_image_create(&image) != MOCO_OK) {
        return NULL; /* the rows keep their status */
    }
    moco_image_set_channels(image, s->channels);
    for (size_t i = atomic_fetch_add(&s->next, 1); i < s->count; i = atomic_fetch_add(&s->next, 1)) {
        s->status[i] = measure(s->rows + 2 * i * (size_t)s->channels, image, s, s->indices[i]);
        if (s->status[i] != MOCO_OK) {
            note_failure(s, i, s->status[i]);
        }
    }
    moco_image_free(image);
    return NULL;
}

/* Adds the rows up in their order, so that the sums do not depend on the threads. */
static moco_status add_up(moco_statistics *out, const survey *s)
{
    const size_t channels = (size_t)s->channels;
    moco_statistics sums = { { 0 }, { 0 } };
    size_t used = 0;
    for (size_t i = 0; i < s->count; ++i) {
        if (s->status[i] != MOCO_OK && !is_skipped(s, s->status[i])) {
            const bool may_skip = moco__is_broken_image(s->status[i]);
            return moco_error_set(s->status[i], "statistics: %s%s", s->message,
                                  may_skip ? "; use skip_broken to leave such images out" : "");
        }
        for (size_t c = 0; s->status[i] == MOCO_OK && c < channels; ++c) {
            sums.mean[c] += s->rows[(2 * i) * channels + c];
            sums.std[c] += s->rows[(2 * i + 1) * channels + c];
        }
        used += s->status[i] == MOCO_OK;
    }
    if (used == 0) {
        return moco_error_set(MOCO_EFORMAT, "statistics: none of %zu images can be read: %s", s->count, s->message);
    }
    for (size_t c = 0; c < channels; ++c) {
        const double mean = sums.mean[c] / (double)used;
        const double variance = sums.std[c] / (double)used - mean * mean;
        const bool varies = variance > 1e-12 * mean * mean && variance > 0;
        if (!varies) {
            moco_log(MOCO_LOG_WARNING, "statistics: channel %zu has the same value, %g, everywhere", c + 1, mean);
        }
        sums.mean[c] = mean;
        sums.std[c] = varies ? sqrt(variance) : 1;
    }
    *out = sums;
    return MOCO_OK;
}

moco_status moco_dataset_statistics(moco_statistics *out, const moco_dataset *dataset, int32_t channels, size_t limit,
                                    int32_t workers, bool skip_broken)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(dataset);
    if (channels < 1 || channels > MOCO_MAX_CHANNELS || workers < 0) {
        return moco_error_set(MOCO_EINVALID, "statistics: channels %d must be 1 to %d, and workers %d 0 or more",
                              channels, MOCO_MAX_CHANNELS, workers);
    }
    const size_t all = moco_dataset_count(dataset);
    const size_t wanted = limit > 0 && limit < all ? limit : all;
    const size_t threads = (size_t)(workers > 0 ? workers : moco__cores());
    survey s = { .dataset = dataset, .channels = channels, .skip_broken = skip_broken, .failed = SIZE_MAX };
    s.rows = moco__calloc(2 * wanted * (size_t)channels, sizeof *s.rows);
    s.status = moco__calloc(wanted, sizeof *s.status);
    s.indices = moco__calloc(wanted, sizeof *s.indices);
    moco_status status = MOCO_ENOMEM;
    if (s.rows != NULL && s.status != NULL && s.indices != NULL) {
        choose(&s, wanted);
        for (size_t i = 0; i < s.count; ++i) {
            s.status[i] = MOCO_ENOMEM;
        }
        (void)pthread_mutex_init(&s.mutex, NULL);
        moco__thread_team(threads < WORKERS_MAX ? threads : WORKERS_MAX, "moco-colours", work, &s);
        status = add_up(out, &s);
        (void)pthread_mutex_destroy(&s.mutex);
    }
    free(s.indices);
    free(s.rows);
    free(s.status);
    return status;
}
