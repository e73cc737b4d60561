/*
 * Opens tar shards. Images of plain shards are read at random, by pread and without a lock. Those of compressed shards
 * come from streams (shard_stream_internal.h), which are only fast if images are read in the order of the shards.
 */
#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/dataset_split_internal.h"
#include "dataset/image_name_internal.h"
#include "dataset/shard_list_internal.h"
#include "dataset/shard_open_internal.h"
#include "dataset/shard_pattern_internal.h"
#include "dataset/shard_scan_internal.h"
#include "dataset/shard_stream_internal.h"
#include "formats/command_source_internal.h"
#include "formats/tar_read_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPEN_MAX = 512, /* shards kept open; with more, each read opens its shard, so that descriptors never run out */
    NAME_SIZE = 4096
};

/* Samples: a window of MOCO_SHARD_WINDOW, the next window, and those that are being read. */
static const size_t default_keep = 3072;

typedef struct tar_state {
    moco__shard *shards;
    size_t *starts; /* the index of each shard's first sample */
    size_t shard_count;
    int *descriptors; /* of plain shards, -1 for others; NULL: too many to keep open */
    moco__streams *streams;
} tar_state;

/* Returns the shard that holds image *index; *index becomes its position there. */
static size_t locate(const tar_state *state, size_t *index)
{
    size_t low = 0;
    size_t high = state->shard_count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (state->starts[middle] <= *index) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *index -= state->starts[low];
    return low;
}

static void name_of(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    const tar_state *state = dataset->state;
    const moco__shard *shard = &state->shards[locate(state, &index)];
    (void)snprintf(buffer, size, "%s/%s", shard->path, moco__shard_name(shard, index));
}

static int64_t label_of(const moco_dataset *dataset, size_t index)
{
    const tar_state *state = dataset->state;
    const moco__shard *shard = &state->shards[locate(state, &index)];
    return shard->samples[index].label;
}

/* ---- Reading ---- */

static moco_status read_at(int descriptor, moco__bytes *out, const moco__shard *shard, size_t position)
{
    const moco__shard_sample *sample = &shard->samples[position];
    MOCO_TRY(moco__bytes_resize(out, sample->size));
    size_t got = 0;
    const int error = moco__read_at(&got, out->data, descriptor, sample->size, sample->offset);
    if (error != 0 || got < sample->size) {
        return moco_error_set(MOCO_EIO, "%s/%s: cannot be read at offset %llu: %s", shard->path,
                              moco__shard_name(shard, position), (unsigned long long)(sample->offset + got),
                              error != 0 ? strerror(error)
                                         : "the shard ends there; it was cut off after it was opened");
    }
    return MOCO_OK;
}

static moco_status open_plain(int *descriptor, const moco__shard *shard)
{
    *descriptor = moco__open(shard->path, O_RDONLY);
    if (*descriptor < 0) {
        (void)moco__files_cannot("open", shard->path, errno);
        return MOCO_EIO; /* also if it is gone: skip_broken must not pass over all of its images */
    }
    return MOCO_OK;
}

/* Sparse images are rare, so that each opens the archive again. */
static moco_status read_sparse(moco__bytes *out, const moco__shard *shard, size_t position)
{
    moco__source *source;
    MOCO_TRY(moco__source_open(&source, shard->path));
    const moco_status status =
        moco__tar_content_at(source, shard->samples[position].offset, out, MOCO__IMAGE_BYTES_MAX);
    moco__source_close(source);
    return status;
}

static moco_status fetch_file(const moco_dataset *dataset, moco__bytes *out, size_t index)
{
    const tar_state *state = dataset->state;
    const size_t at = locate(state, &index);
    const moco__shard *shard = &state->shards[at];
    if (!shard->plain) {
        return moco__streams_read(state->streams, at, index, out);
    }
    if (shard->samples[index].sparse) {
        return read_sparse(out, shard, index);
    }
    if (state->descriptors != NULL) {
        return read_at(state->descriptors[at], out, shard, index);
    }
    int descriptor = -1;
    MOCO_TRY(open_plain(&descriptor, shard));
    const moco_status status = read_at(descriptor, out, shard, index);
    (void)moco__close(descriptor);
    return status;
}

static moco_status read_image(const moco_dataset *dataset, moco_image *image, size_t index)
{
    char name[NAME_SIZE];
    moco__bytes *file = moco__bytes_of_thread();
    if (file == NULL) {
        return MOCO_ENOMEM;
    }
    MOCO_TRY(fetch_file(dataset, file, index));
    name_of(dataset, index, name, sizeof name);
    return moco_image_decode(image, file->data, file->size, name);
}

static void close_state(moco_dataset *dataset)
{
    tar_state *state = dataset->state;
    if (state == NULL) {
        return;
    }
    moco__streams_free(state->streams);
    for (size_t i = 0; i < state->shard_count; ++i) {
        if (state->descriptors != NULL && state->descriptors[i] >= 0) {
            (void)moco__close(state->descriptors[i]);
        }
        moco__shard_free(&state->shards[i]);
    }
    free(state->descriptors);
    free(state->starts);
    free(state->shards);
    free(state);
}

static uint64_t size_of(const moco_dataset *dataset, size_t index)
{
    const tar_state *state = dataset->state;
    const moco__shard *shard = &state->shards[locate(state, &index)];
    return shard->samples[index].size;
}

static const moco__dataset_ops tar_ops = { read_image, name_of, fetch_file, label_of, close_state, size_of, NULL };

/* ---- Opening ---- */

/* Takes the names of the classes, which must be the same in all shards. */
static moco_status take_names(moco_dataset *dataset, const moco__shard *shard, const moco__shard *first)
{
    const char *name = (const char *)shard->texts.data;
    const bool new = shard == first;
    if (shard->class_count != first->class_count) {
        return moco_error_set(MOCO_EFORMAT, "%s names %zu classes, but %s names %zu; they must be the same",
                              first->path, first->class_count, shard->path, shard->class_count);
    }
    if (new && shard->class_count > 0) {
        MOCO_TRY(moco__dataset_alloc_names(dataset, shard->class_count));
    }
    for (size_t i = 0; i < shard->class_count; ++i, name += strlen(name) + 1) {
        if (new) {
            dataset->class_names[i] = strdup(name);
        }
        if (dataset->class_names[i] == NULL) {
            return moco_error_set(MOCO_ENOMEM, "%s: out of memory for the names of classes", shard->path);
        }
        if (strcmp(dataset->class_names[i], name) != 0) {
            return moco_error_set(MOCO_EFORMAT, "class %zu is '%s' in %s, but '%s' in %s; they must be the same", i,
                                  dataset->class_names[i], first->path, name, shard->path);
        }
    }
    return MOCO_OK;
}

/* Without names, the classes are those up to the largest number. */
static moco_status take_labels(moco_dataset *dataset, const tar_state *state)
{
    const moco__shard *labelled = NULL;
    const moco__shard *bare = NULL;
    size_t limit = 0;
    for (size_t s = 0; s < state->shard_count; ++s) {
        const moco__shard *shard = &state->shards[s];
        limit = shard->class_limit > limit ? shard->class_limit : limit;
        if (shard->count > 0) {
            *(shard->class_limit > 0 ? &labelled : &bare) = shard;
        }
    }
    if (labelled != NULL && bare != NULL) {
        return moco_error_set(MOCO_EFORMAT, "%s has no .cls, but %s has; give all shards classes, or none of them",
                              bare->path, labelled->path);
    }
    if (dataset->class_names == NULL) {
        dataset->class_count = limit;
    }
    return MOCO_OK;
}

static moco_status refuse_empty(const moco_dataset *dataset, const tar_state *state)
{
    char others[1024];
    const bool any = moco__left_out_text(&dataset->left_out, others, sizeof others) > 0;
    return moco_error_set(MOCO_EFORMAT,
                          "dataset: no image in %s%s: members must be named KEY.jpg (" MOCO__IMAGE_EXTENSION_TEXT
                          "), without a dot in KEY%s%s",
                          state->shards[0].path, state->shard_count > 1 ? " and the other shards" : "", any ? "; " : "",
                          others);
}

static moco_status count_samples(moco_dataset *dataset, tar_state *state)
{
    for (size_t i = 0; i < state->shard_count; ++i) {
        const moco__shard *shard = &state->shards[i];
        state->starts[i] = dataset->count;
        dataset->shard_sizes[i] = shard->count;
        dataset->count += shard->count;
        moco__left_out_merge(&dataset->left_out, &shard->left_out);
        dataset->is_sequential = dataset->is_sequential || !shard->plain;
        MOCO_TRY(take_names(dataset, shard, &state->shards[0]));
    }
    if (dataset->count == 0) {
        return refuse_empty(dataset, state);
    }
    return take_labels(dataset, state);
}

static moco_status prepare_reading(const moco_dataset *dataset, tar_state *state, size_t keep)
{
    if (dataset->is_sequential) {
        MOCO_TRY(
            moco__streams_create(&state->streams, state->shards, state->shard_count, keep > 0 ? keep : default_keep));
    }
    if (state->shard_count > OPEN_MAX) {
        return MOCO_OK;
    }
    state->descriptors = moco__calloc(state->shard_count, sizeof *state->descriptors);
    if (state->descriptors == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < state->shard_count; ++i) {
        state->descriptors[i] = -1;
    }
    for (size_t i = 0; i < state->shard_count; ++i) {
        if (state->shards[i].plain) {
            MOCO_TRY(open_plain(&state->descriptors[i], &state->shards[i]));
        }
    }
    return MOCO_OK;
}

static moco_status open_shards(moco_dataset *dataset, const moco__shard_list *list, size_t keep)
{
    tar_state *state = dataset->state;
    state->shards = moco__calloc(list->count, sizeof *state->shards);
    state->starts = moco__calloc(list->count, sizeof *state->starts);
    dataset->shard_sizes = moco__calloc(list->count, sizeof *dataset->shard_sizes);
    if (state->shards == NULL || state->starts == NULL || dataset->shard_sizes == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < list->count; ++i) {
        MOCO_TRY(list->are_commands ? moco__shard_scan_as(&state->shards[i], list->paths[i], true)
                                    : moco__shard_open(&state->shards[i], list->paths[i]));
        state->shard_count = i + 1;
    }
    dataset->shard_count = list->count;
    MOCO_TRY(count_samples(dataset, state));
    return prepare_reading(dataset, state, keep);
}

static moco_status open_tar(moco_dataset *dataset, const char *path, bool is_file, const moco_dataset_options *options)
{
    (void)is_file; /* a list of shards may be either */
    char *place = NULL;
    moco__shard_list list;
    dataset->ops = &tar_ops;
    dataset->format = MOCO_FORMAT_TAR;
    dataset->state = moco__calloc(1, sizeof(tar_state));
    if (dataset->state == NULL) {
        return MOCO_ENOMEM;
    }
    MOCO_TRY(moco__split_folder(&place, path, options->split));
    moco_status status = moco__shard_list_find(&list, place, &dataset->left_out);
    free(place);
    if (status == MOCO_OK) {
        if (!list.are_commands) {
            moco__split_warn_of_shards(path, list.paths, list.count);
        }
        status = open_shards(dataset, &list, options->keep);
        moco__shard_list_free(&list);
    }
    return status;
}

static bool is_tar_file(const char *path)
{
    moco__source *source = NULL;
    const bool found = moco__source_open(&source, path) == MOCO_OK && moco__tar_is(source);
    moco__source_close(source);
    return found;
}

static bool is_tar(const char *path, bool is_file)
{
    char *place = NULL;
    if (moco__command_is(path)) {
        return true;
    }
    if (is_file) {
        const bool is_pattern = moco__shard_pattern_is(path) && !moco__files_exist(path);
        return is_pattern || moco__is_shard_name(path) || is_tar_file(path);
    }
    const bool found =
        moco__split_folder(&place, path, MOCO_SPLIT_TRAIN) == MOCO_OK && moco__shard_list_is_folder(place);
    free(place);
    return found;
}

const moco__dataset_kind moco__dataset_tar = {
    .format = MOCO_FORMAT_TAR,
    .file = "a tar shard",
    .recognise = is_tar,
    .open = open_tar,
};
