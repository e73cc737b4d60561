/* Takes a share of every class of a dataset, chosen by a seed: for semi-supervised training, and for quick tests. */
#include "base/handle_internal.h"
#include "base/rng_internal.h"
#include "dataset/dataset_internal.h"

#include <math.h>
#include <stdlib.h>

typedef struct subset_state {
    const moco_dataset *whole; /* borrowed */
    size_t *indices;           /* ascending */
} subset_state;

static size_t index_of(const moco_dataset *dataset, size_t index)
{
    const subset_state *state = dataset->state;
    return state->indices[index];
}

static moco_status read_image(const moco_dataset *dataset, moco_image *image, size_t index)
{
    const subset_state *state = dataset->state;
    return moco_dataset_read(state->whole, image, index_of(dataset, index));
}

static void name_of(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    const subset_state *state = dataset->state;
    moco_dataset_name(state->whole, index_of(dataset, index), buffer, size);
}

static int64_t label_of(const moco_dataset *dataset, size_t index)
{
    const subset_state *state = dataset->state;
    return moco_dataset_label(state->whole, index_of(dataset, index));
}

static void close_state(moco_dataset *dataset)
{
    subset_state *state = dataset->state;
    if (state != NULL) {
        free(state->indices);
        free(state);
    }
}

static const moco__dataset_ops subset_ops = { read_image, name_of, NULL, label_of, close_state };

/* Computes how many images of each class are wanted: the fraction, and at least one of a class that has any. */
static moco_status count_wanted(size_t *wanted, const moco_dataset *whole, double fraction)
{
    const size_t classes = moco_dataset_class_count(whole);
    for (size_t i = 0; i < moco_dataset_count(whole); ++i) {
        int64_t label;
        MOCO_TRY(moco__dataset_label(&label, whole, i));
        if (label < 0) {
            char name[256];
            moco_dataset_name(whole, i, name, sizeof name);
            return moco_error_set(MOCO_EINVALID, "dataset: %s has no label; a share of every class needs labels", name);
        }
        wanted[label] += 1;
    }
    for (size_t c = 0; c < classes; ++c) {
        const double share = floor(fraction * (double)wanted[c] + 0.5);
        wanted[c] = wanted[c] > 0 && share < 1 ? 1 : (size_t)share;
    }
    return MOCO_OK;
}

/* Chooses the first images of each class in a seeded order, and lists them in the order of the dataset. */
static moco_status choose(moco_dataset *subset, const moco_dataset *whole, size_t *wanted, uint64_t seed)
{
    subset_state *state = subset->state;
    const size_t count = moco_dataset_count(whole);
    int64_t *order = moco__calloc(count, sizeof *order);
    bool *taken = moco__calloc(count, sizeof *taken);
    state->indices = moco__calloc(count, sizeof *state->indices);
    const bool enough_memory = order != NULL && taken != NULL && state->indices != NULL;
    if (enough_memory) {
        moco__permutation(order, count, seed, MOCO__RNG_SUBSET, 0);
        for (size_t i = 0; i < count; ++i) {
            const int64_t label = moco_dataset_label(whole, (size_t)order[i]);
            taken[order[i]] = label >= 0 && wanted[label] > 0; /* a callback may have changed its mind */
            if (taken[order[i]]) {
                wanted[label] -= 1;
            }
        }
        for (size_t i = 0; i < count; ++i) {
            if (taken[i]) {
                state->indices[subset->count++] = i;
            }
        }
    }
    free(order);
    free(taken);
    return enough_memory ? MOCO_OK : MOCO_ENOMEM;
}

static moco_status fill(moco_dataset *subset, const moco_dataset *whole, double fraction, uint64_t seed)
{
    subset_state *state = moco__calloc(1, sizeof *state);
    size_t *wanted = moco__calloc(moco_dataset_class_count(whole), sizeof *wanted);
    moco_status status = state != NULL && wanted != NULL ? MOCO_OK : MOCO_ENOMEM;
    subset->ops = &subset_ops;
    subset->state = state;
    subset->class_count = whole->class_count;
    subset->format = whole->format;
    subset->is_sequential = whole->is_sequential;
    if (status == MOCO_OK) {
        state->whole = whole;
        status = count_wanted(wanted, whole, fraction);
    }
    if (status == MOCO_OK) {
        status = choose(subset, whole, wanted, seed);
    }
    free(wanted);
    return status;
}

moco_status moco_dataset_fraction(moco_dataset **out, const moco_dataset *dataset, double fraction, uint64_t seed)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(dataset);
    if (!(fraction > 0 && fraction <= 1)) {
        return moco_error_set(MOCO_EINVALID, "dataset: a fraction of %g must be above 0 and at most 1", fraction);
    }
    if (moco_dataset_class_count(dataset) == 0) {
        return moco_error_set(MOCO_EINVALID,
                              "dataset: the images have no labels, so a share of every class cannot be taken");
    }
    moco_dataset *subset = moco__handle_alloc(sizeof *subset);
    if (subset == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status = fill(subset, dataset, fraction, seed);
    if (status != MOCO_OK) {
        moco_dataset_free(subset);
        return status;
    }
    *out = subset;
    return MOCO_OK;
}
