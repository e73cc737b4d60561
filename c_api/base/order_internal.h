/* Compares numbers for qsort() and bsearch(). */
#ifndef MOCO_BASE_ORDER_INTERNAL_H
#define MOCO_BASE_ORDER_INTERNAL_H

#include <stdint.h>

/* Ascending order of uint64_t. */
static inline int moco__compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

#endif
