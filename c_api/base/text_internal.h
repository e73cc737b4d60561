/* Writes numbers and plurals as people write them. */
#ifndef MOCO_BASE_TEXT_INTERNAL_H
#define MOCO_BASE_TEXT_INTERNAL_H

#include "moco/common.h"

MOCO_BEGIN_DECLS

/* Returns the ending of a noun after a count: "" for 1 image, "s" for 2 images. */
static inline const char *moco__plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* Writes a number with at most this many significant digits, as "300" and "1e-5"; returns the buffer. */
const char *moco__number_text(char *buffer, size_t size, int digits, double value);

MOCO_END_DECLS

#endif
