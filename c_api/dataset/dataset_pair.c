/* Decides whether two datasets fit together, and describes a dataset: what every command asks before its work. */
#include "dataset/dataset_pair_internal.h"

#include "base/handle_internal.h"
#include "base/text_internal.h"
#include "dataset/dataset_internal.h"

#include "moco/option.h"

#include <stdio.h>
#include <string.h>

const char *moco__dataset_place(const moco_dataset *dataset)
{
    return dataset->place != NULL ? dataset->place : "the application's dataset";
}

static void describe_split(char *buffer, size_t size, const moco_dataset *dataset)
{
    const char *name = dataset->split == MOCO_SPLIT_TRAIN ? "train" : "test";
    if (!dataset->has_split) {
        (void)snprintf(buffer, size, "no splits");
    } else if (dataset->others == NULL) {
        (void)snprintf(buffer, size, "split %s", name);
    } else {
        (void)snprintf(buffer, size, "split %s (beside it: %s)", name, dataset->others);
    }
}

void moco_dataset_describe(const moco_dataset *dataset, char *buffer, size_t size)
{
    static const char *const formats[] = { MOCO_FORMAT_MAP(MOCO_CHOICE_NAME) };
    char classes[64] = "no labels";
    char split[256];
    if (buffer == NULL || size == 0) {
        return;
    }
    buffer[0] = '\0';
    if (dataset == NULL) {
        return;
    }
    const size_t labels = dataset->class_count;
    if (labels > 0) {
        (void)snprintf(classes, sizeof classes, "%zu class%s", labels, labels == 1 ? "" : "es");
    }
    if (dataset->place == NULL) {
        (void)snprintf(buffer, size, "%zu image%s of %s: %s", dataset->count, moco__plural(dataset->count),
                       moco__dataset_place(dataset), classes);
        return;
    }
    describe_split(split, sizeof split, dataset);
    (void)snprintf(buffer, size, "%zu image%s of %s: %s, format %s, %s", dataset->count, moco__plural(dataset->count),
                   dataset->place, classes, formats[dataset->format], split);
}

/* Finds the first class of one dataset that the other has not; NULL: none. */
static const char *missing(const moco_dataset *from, const moco_dataset *in)
{
    for (size_t i = 0; i < from->class_count; ++i) {
        size_t at = 0;
        while (at < in->class_count && strcmp(from->class_names[i], in->class_names[at]) != 0) {
            ++at;
        }
        if (at == in->class_count) {
            return from->class_names[i];
        }
    }
    return NULL;
}

static moco_status refuse_names(const moco_dataset *train, const moco_dataset *test)
{
    const char *lost = missing(train, test);
    const char *extra = missing(test, train);
    return moco_error_set(MOCO_EINVALID,
                          "%s has %zu class%s and %s has %zu; they must be the same, since a class is known by its "
                          "number%s%s%s%s%s%s",
                          moco__dataset_place(train), train->class_count, train->class_count == 1 ? "" : "es",
                          moco__dataset_place(test), test->class_count, lost != NULL ? "; only the first has '" : "",
                          lost != NULL ? lost : "", lost != NULL ? "'" : "",
                          extra != NULL ? "; only the second has '" : "", extra != NULL ? extra : "",
                          extra != NULL ? "'" : "");
}

static moco_status check_classes(const moco_dataset *train, const moco_dataset *test)
{
    if (train->class_names == NULL || test->class_names == NULL) {
        /* Their numbers are the same, whatever the highest is that each of them has. */
        return test->class_count <= train->class_count
                   ? MOCO_OK
                   : moco_error_set(MOCO_EINVALID,
                                    "%s has %zu class%s and %s has %zu; they must be the same, since nothing can be "
                                    "learnt of the others",
                                    moco__dataset_place(train), train->class_count, train->class_count == 1 ? "" : "es",
                                    moco__dataset_place(test), test->class_count);
    }
    bool equal = train->class_count == test->class_count;
    for (size_t i = 0; equal && i < train->class_count; ++i) {
        equal = strcmp(train->class_names[i], test->class_names[i]) == 0;
    }
    return equal ? MOCO_OK : refuse_names(train, test);
}

static moco_status check_labels(const moco_dataset *dataset)
{
    if (dataset->class_count == 0) {
        return moco_error_set(MOCO_EINVALID, "%s has no labels; give a folder with one folder per class%s",
                              moco__dataset_place(dataset),
                              dataset->format == MOCO_FORMAT_FLAT ? ", at least two of them" : "");
    }
    for (size_t i = 0; i < dataset->count; ++i) {
        int64_t label = 0;
        MOCO_TRY(moco__dataset_label(&label, dataset, i));
        if (label < 0) {
            char name[MOCO_PATH_MAX];
            moco_dataset_name(dataset, i, name, sizeof name);
            return moco_error_set(MOCO_EINVALID, "%s: %s has no label; give labelled images alone",
                                  moco__dataset_place(dataset), name);
        }
    }
    return MOCO_OK;
}

moco_status moco_dataset_check_pair(const moco_dataset *train, const moco_dataset *test)
{
    MOCO_CHECK_ARG(train);
    MOCO_CHECK_ARG(test);
    if (train->class_count == 0 || test->class_count == 0) {
        return check_labels(train->class_count == 0 ? train : test);
    }
    MOCO_TRY(check_classes(train, test));
    MOCO_TRY(check_labels(train));
    MOCO_TRY(check_labels(test));
    if (train->class_count == 1) {
        moco_log(MOCO_LOG_WARNING, "%s has a single class, so that every accuracy is 100 %%",
                 moco__dataset_place(train));
    }
    return MOCO_OK;
}
