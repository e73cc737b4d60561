/* Counts the broken images that a loader has skipped. */
#include "loader/loader_skips_internal.h"

#include "base/handle_internal.h"

#include <stdlib.h>

moco_status moco__skips_make(moco__skips *skips, size_t images)
{
    skips->known = moco__calloc(images / 8 + 1, sizeof *skips->known);
    return skips->known != NULL ? MOCO_OK : MOCO_ENOMEM;
}

void moco__skips_free(moco__skips *skips)
{
    free(skips->known);
}

void moco__skips_add(moco__skips *skips, size_t index)
{
    const unsigned char bit = (unsigned char)(1U << (index % 8));
    if ((atomic_fetch_or(&skips->known[index / 8], bit) & bit) == 0) {
        atomic_fetch_add(&skips->count, 1);
    }
}
