/* Takes a share of every class of a dataset, chosen by a seed: for semi-supervised training, and for quick tests. */
#include "base/handle_internal.h"
#include "base/rng_internal.h"
#include "dataset/dataset_internal.h"

#include <math.h>
#include <stdlib.h>

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
static moco_status choose(size_t *indices, size_t *chosen, const moco_dataset *whole, size_t *wanted, uint64_t seed)
{
    const size_t count = moco_dataset_count(whole);
    int64_t *order = moco__calloc(count, sizeof *order);
    bool *taken = moco__calloc(count, sizeof *taken);
    const bool enough_memory = order != NULL && taken != NULL;
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
                indices[(*chosen)++] = i;
            }
        }
    }
    free(order);
    free(taken);
    return enough_memory ? MOCO_OK : MOCO_ENOMEM;
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
    size_t chosen = 0;
    size_t *wanted = moco__calloc(moco_dataset_class_count(dataset), sizeof *wanted);
    size_t *indices = moco__calloc(moco_dataset_count(dataset), sizeof *indices);
    moco_status status = wanted != NULL && indices != NULL ? MOCO_OK : MOCO_ENOMEM;
    if (status == MOCO_OK) {
        status = count_wanted(wanted, dataset, fraction);
    }
    if (status == MOCO_OK) {
        status = choose(indices, &chosen, dataset, wanted, seed);
    }
    if (status == MOCO_OK) {
        status = moco_dataset_subset(out, dataset, indices, chosen);
    }
    free(indices);
    free(wanted);
    return status;
}
