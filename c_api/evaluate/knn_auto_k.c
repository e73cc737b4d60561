/* Decides how many neighbours vote if no number is given. */
#include "base/handle_internal.h"
#include "evaluate/feature_set_internal.h"

#include <stdlib.h>

/* With 1000 images in a class, as ImageNet has, the number that InstDisc and MoCo use. */
enum { LARGE_CLASS = 1000, LARGE_K = 200, LEAST_K = 5 };

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Returns the size of a small class: of each twenty classes that have images, the smallest. A tenth of a larger one
 * would let large classes outvote it wherever neighbours are few; a single tiny class decides nothing. */
static int64_t small_class(const int64_t *labels, size_t count)
{
    enum { OF = 20 };
    int64_t classes = 0;
    int64_t used = 0;
    for (size_t i = 0; i < count; ++i) {
        classes = labels[i] >= classes ? labels[i] + 1 : classes;
    }
    int64_t *sizes = moco__calloc((size_t)classes + 1, sizeof *sizes);
    if (sizes == NULL) {
        return 0;
    }
    for (size_t i = 0; i < count; ++i) {
        sizes[labels[i] >= 0 ? labels[i] : classes] += labels[i] >= 0 ? 1 : 0;
    }
    qsort(sizes, (size_t)classes, sizeof *sizes, ascending);
    while (used < classes && sizes[used] == 0) {
        ++used;
    }
    const int64_t size = used < classes ? sizes[used + (classes - used) / OF] : 0;
    free(sizes);
    return size;
}

int64_t moco_knn_auto_k(const moco_features *bank)
{
    if (bank == NULL) {
        return 1;
    }
    const int64_t size = small_class(bank->labels, bank->count);
    const int64_t tenth = (size + 5) / 10;
    const int64_t least = size / 2 < LEAST_K ? size / 2 : LEAST_K;
    const int64_t k = size >= LARGE_CLASS ? LARGE_K : tenth > least ? tenth : least;
    return k > 1 ? k : 1;
}
