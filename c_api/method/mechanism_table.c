/* Lists the mechanisms. */
#include "method/mechanism_table_internal.h"

static const moco__mechanism *const table[] = {
    [MOCO_MECHANISM_MOCO] = &moco__mechanism_moco,
    [MOCO_MECHANISM_END_TO_END] = &moco__mechanism_end_to_end,
    [MOCO_MECHANISM_MEMORY_BANK] = &moco__mechanism_memory_bank,
    [MOCO_MECHANISM_MOMENTUM_BATCH] = &moco__mechanism_momentum_batch,
};

const moco__mechanism *moco__mechanism_of(moco_mechanism kind)
{
    const size_t index = (size_t)kind;
    return index < sizeof table / sizeof table[0] ? table[index] : NULL;
}
