/* Holds a part of the training images out, on which settings are chosen, so that test images decide nothing. */
#include "evaluate/hold_out_internal.h"

#include "base/handle_internal.h"
#include "base/rng_internal.h"

#include <math.h>
#include <stdlib.h>

enum { SMALL_SET = 2000, MOST_HELD = 10000 };
enum { STREAM = 1 }; /* 0 is that of moco_dataset_fraction(), whose share would be held out again */

static double share_of(size_t count)
{
    const double share = count < SMALL_SET ? 0.2 : 0.1;
    return fmin(share, (double)MOST_HELD / (double)count);
}

/* Counts the images of each class, and replaces the numbers by how many of them are held out. */
static moco_status count_wanted(int64_t **wanted, const int64_t *labels, size_t count)
{
    int64_t classes = 0;
    for (size_t i = 0; i < count; ++i) {
        if (labels[i] < 0) {
            return moco_error_set(MOCO_EINVALID, "image %zu of the training images has no label; give labelled data",
                                  i);
        }
        classes = labels[i] >= classes ? labels[i] + 1 : classes;
    }
    int64_t *numbers = moco__calloc((size_t)classes + 1, sizeof *numbers);
    if (numbers == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < count; ++i) {
        numbers[labels[i]] += 1;
    }
    for (int64_t c = 0; c < classes; ++c) {
        const int64_t all = numbers[c];
        const int64_t share = (int64_t)floor(share_of(count) * (double)all + 0.5);
        numbers[c] = all < 2 ? 0 : share < 1 ? 1 : share;
    }
    *wanted = numbers;
    return MOCO_OK;
}

/* Marks the first images of each class in a seeded order. */
static void mark(bool *is_held, int64_t *order, int64_t *wanted, const int64_t *labels, size_t count, uint64_t seed)
{
    moco__permutation(order, count, seed, MOCO__RNG_SUBSET, STREAM);
    for (size_t i = 0; i < count; ++i) {
        const size_t image = (size_t)order[i];
        is_held[image] = wanted[labels[image]] > 0;
        wanted[labels[image]] -= is_held[image] ? 1 : 0;
    }
}

static void divide(moco__hold_out *out, const bool *is_held, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        if (is_held[i]) {
            out->held[out->held_count++] = i;
        } else {
            out->learnt[out->learnt_count++] = i;
        }
    }
}

moco_status moco__hold_out_create(moco__hold_out *out, const int64_t *labels, size_t count, uint64_t seed)
{
    moco__hold_out parts = { NULL, 0, NULL, 0 };
    int64_t *wanted = NULL;
    int64_t *order = moco__calloc(count, sizeof *order);
    bool *is_held = moco__calloc(count, sizeof *is_held);
    parts.learnt = moco__calloc(count, sizeof *parts.learnt);
    parts.held = moco__calloc(count, sizeof *parts.held);
    moco_status status;
    MOCO_TRY_GOTO(order != NULL && is_held != NULL && parts.learnt != NULL && parts.held != NULL ? MOCO_OK
                                                                                                 : MOCO_ENOMEM);
    MOCO_TRY_GOTO(count_wanted(&wanted, labels, count));
    mark(is_held, order, wanted, labels, count, seed);
    divide(&parts, is_held, count);
    if (parts.held_count == 0) {
        status = moco_error_set(MOCO_EINVALID, "no class has two training images, so that none can be held out to "
                                               "choose learning rates on; give the rates, or more images");
    }
done:
    free(wanted);
    free(order);
    free(is_held);
    if (status == MOCO_OK) {
        *out = parts;
    } else {
        moco__hold_out_free(&parts);
    }
    return status;
}

void moco__hold_out_free(moco__hold_out *parts)
{
    free(parts->learnt);
    free(parts->held);
    *parts = (moco__hold_out){ NULL, 0, NULL, 0 };
}

moco_status moco__hold_out_datasets(moco_dataset **learnt, moco_dataset **held, const moco_dataset *dataset,
                                    uint64_t seed)
{
    const size_t count = moco_dataset_count(dataset);
    moco__hold_out parts = { NULL, 0, NULL, 0 };
    int64_t *labels = moco__calloc(count, sizeof *labels);
    moco_dataset *first = NULL;
    moco_status status;
    MOCO_TRY_GOTO(labels != NULL ? MOCO_OK : MOCO_ENOMEM);
    for (size_t i = 0; i < count; ++i) {
        labels[i] = moco_dataset_label(dataset, i);
    }
    MOCO_TRY_GOTO(moco__hold_out_create(&parts, labels, count, seed));
    MOCO_TRY_GOTO(moco_dataset_subset(&first, dataset, parts.learnt, parts.learnt_count));
    MOCO_TRY_GOTO(moco_dataset_subset(held, dataset, parts.held, parts.held_count));
    *learnt = first;
    first = NULL;
done:
    moco_dataset_free(first);
    moco__hold_out_free(&parts);
    free(labels);
    return status;
}
