/* Counts the handles that are alive, in C and in C++, so that tests can prove that nothing leaks. */
#include "base/live_internal.h"

#include "moco/version.h"

#include <stdatomic.h>

static atomic_size_t live;

void moco__live_add(void)
{
    atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
}

void moco__live_remove(void)
{
    atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
}

size_t moco_live_handles(void)
{
    return atomic_load(&live);
}
