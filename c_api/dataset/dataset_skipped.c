/* Remembers which images of a dataset could not be read and were skipped. */
#include "dataset/dataset_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 512, MESSAGE_SIZE = 1024 };

struct moco__skipped {
    size_t count;
    size_t first;            /* the lowest index */
    char text[MESSAGE_SIZE]; /* its name and why it could not be read */
    uint8_t known[];         /* one bit per image */
};

/* Skipped images are rare, so that all datasets can share one lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void describe(struct moco__skipped *skipped, const moco_dataset *dataset, size_t index, const char *message)
{
    char name[NAME_SIZE];
    moco_dataset_name(dataset, index, name, sizeof name);
    const bool named = strstr(message, name) != NULL;
    (void)snprintf(skipped->text, sizeof skipped->text, "%s%s%s", named ? "" : name, named ? "" : ": ", message);
    skipped->first = index;
}

bool moco__dataset_skip(const moco_dataset *dataset, size_t index, const char *message)
{
    const uint8_t bit = (uint8_t)(1U << (index % 8));
    bool is_new = true;
    (void)pthread_mutex_lock(&lock);
    if (dataset->skipped == NULL) { /* loaders have a const dataset, but none was made const */
        ((moco_dataset *)dataset)->skipped = calloc(1, sizeof *dataset->skipped + dataset->count / 8 + 1);
    }
    struct moco__skipped *skipped = dataset->skipped;
    if (skipped != NULL) { /* without memory the image is only not counted */
        is_new = (skipped->known[index / 8] & bit) == 0;
        skipped->known[index / 8] |= bit;
        skipped->count += is_new ? 1 : 0;
        if (is_new && (skipped->count == 1 || index < skipped->first)) {
            describe(skipped, dataset, index, message);
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return is_new;
}

bool moco__dataset_is_skipped(const moco_dataset *dataset, size_t index)
{
    (void)pthread_mutex_lock(&lock);
    const struct moco__skipped *skipped = dataset->skipped;
    const bool is = skipped != NULL && ((unsigned)skipped->known[index / 8] >> (index % 8) & 1U) != 0;
    (void)pthread_mutex_unlock(&lock);
    return is;
}

size_t moco_dataset_skipped(const moco_dataset *dataset, char *text, size_t size)
{
    size_t count = 0;
    if (text != NULL && size > 0) {
        text[0] = '\0';
    }
    if (dataset == NULL) {
        return 0;
    }
    (void)pthread_mutex_lock(&lock);
    const struct moco__skipped *skipped = dataset->skipped;
    if (skipped != NULL) {
        count = skipped->count;
    }
    if (count > 0 && text != NULL) {
        (void)snprintf(text, size, "skipped %zu of %zu images%s could not be read%s%s", count, dataset->count,
                       count == 1 ? "; it" : " that", count == 1 ? ": " : "; the first was ", skipped->text);
    }
    (void)pthread_mutex_unlock(&lock);
    return count;
}
