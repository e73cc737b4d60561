/* Identifies images and datasets: a number for every image, the overlap of two sets, and a fingerprint. */
#include "dataset/dataset_identity_internal.h"

#include "base/handle_internal.h"
#include "base/hash_internal.h"
#include "base/order_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/file_identity_internal.h"
#include "dataset/pack_sample_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME_SIZE = MOCO_PATH_MAX, SIZES_MAX = 65536, NAMES_MAX = 1 << 24 };

static uint64_t add_number(uint64_t hash, uint64_t number)
{
    return moco__hash(hash, &number, sizeof number);
}

/* An image with its own file is identified by that file, through any links. */
static bool identify_file(uint64_t *out, const char *name)
{
    struct stat info;
    if (stat(name, &info) != 0 || !S_ISREG(info.st_mode)) {
        return false;
    }
    *out = moco__file_identity(info.st_dev, info.st_ino);
    return true;
}

/* Returns whether an image is in the file that the last one was in. */
static bool is_in_last(const moco__identifier *last, const char *name)
{
    return last->length > 0 && strncmp(name, last->name, last->length) == 0 &&
           (name[last->length] == '/' || name[last->length] == '[');
}

/* Others are known by the file that they are in, and what their name has behind that: "shard.tar/key.jpg", "file[3]".
 * The number of the last such file is kept, since the next image is mostly in the same. */
static uint64_t identify_part(moco__identifier *last, const char *name)
{
    if (!is_in_last(last, name)) {
        char path[NAME_SIZE];
        (void)snprintf(path, sizeof path, "%s", name);
        last->length = 0;
        for (size_t i = strlen(path); i > 0 && last->length == 0; --i) {
            if ((path[i] == '/' || path[i] == '[') && path[i - 1] != '/') {
                path[i] = '\0';
                last->length = identify_file(&last->number, path) ? i : 0;
            }
        }
        (void)snprintf(last->name, sizeof last->name, "%s", path);
    }
    const char *rest = name + last->length;
    return moco__hash(last->length > 0 ? last->number : MOCO__HASH_START, rest, strlen(rest));
}

uint64_t moco__dataset_known_identity(const moco_dataset *dataset, size_t index)
{
    return dataset->ops->identity != NULL ? dataset->ops->identity(dataset, index) : 0;
}

uint64_t moco__dataset_identify(moco__identifier *last, const moco_dataset *dataset, size_t index)
{
    char name[NAME_SIZE];
    uint64_t number = dataset->format == MOCO_FORMAT_AUTO ? 0 : moco__dataset_known_identity(dataset, index);
    if (number != 0) {
        return number;
    }
    name[0] = '\0';
    moco_dataset_name(dataset, index, name, sizeof name);
    if (dataset->format == MOCO_FORMAT_AUTO || name[0] == '\0') {
        return 0;
    }
    if (is_in_last(last, name) || !identify_file(&number, name)) {
        number = identify_part(last, name);
    }
    return number != 0 ? number : 1;
}

/* ---- The overlap of two sets ---- */

/* Gives the numbers of all images in ascending order; the caller frees them. */
static uint64_t *identify_all(const moco_dataset *dataset)
{
    moco__identifier last = { 0 };
    uint64_t *numbers = moco__calloc(dataset->count + 1, sizeof *numbers);
    for (size_t i = 0; numbers != NULL && i < dataset->count; ++i) {
        numbers[i] = moco__dataset_identify(&last, dataset, i);
    }
    if (numbers != NULL) {
        qsort(numbers, dataset->count, sizeof *numbers, moco__compare_u64);
    }
    return numbers;
}

moco_status moco_dataset_overlap(size_t *out, const moco_dataset *train, const moco_dataset *test)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(train);
    MOCO_CHECK_ARG(test);
    uint64_t *known = identify_all(train);
    uint64_t *asked = identify_all(test);
    const bool enough_memory = known != NULL && asked != NULL;
    *out = 0;
    for (size_t i = 0, at = 0; enough_memory && i < test->count; ++i) {
        while (at < train->count && known[at] < asked[i]) {
            ++at;
        }
        *out += at < train->count && asked[i] != 0 && known[at] == asked[i] ? 1 : 0;
    }
    free(known);
    free(asked);
    return enough_memory ? MOCO_OK : MOCO_ENOMEM;
}

/* ---- The fingerprint ---- */

uint64_t moco__dataset_fingerprint(const moco_dataset *dataset)
{
    const moco__pack same = { .dataset = dataset }; /* names as in shards: those are the same dataset */
    char key[MOCO__PACK_KEY];
    const size_t stride = dataset->count / SIZES_MAX + 1;
    uint64_t hash = add_number(add_number(MOCO__HASH_START, dataset->count), dataset->class_count);
    for (size_t i = 0; dataset->class_names != NULL && i < dataset->class_count; ++i) {
        hash = moco__hash(hash, dataset->class_names[i], strlen(dataset->class_names[i]) + 1);
    }
    for (size_t i = 0; i < dataset->count; i += dataset->count / NAMES_MAX + 1) {
        moco__pack_key(key, &same, i);
        hash = moco__hash(hash, key, strlen(key) + 1);
        hash = add_number(hash, (uint64_t)moco__dataset_given_label(dataset, i));
        if (dataset->ops->size != NULL && i % stride == 0) {
            hash = add_number(hash, dataset->ops->size(dataset, i));
        }
    }
    return hash;
}
