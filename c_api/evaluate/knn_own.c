/* Finds the queries that are in the bank themselves, so that no image votes on its own class. */
#include "evaluate/knn_own_internal.h"

#include "base/handle_internal.h"
#include "base/order_internal.h"

#include <stdlib.h>

moco_status moco__knn_has_own(bool *out, const moco_features *bank, const moco_features *queries)
{
    uint64_t *known = moco__calloc(bank->count, sizeof *known);
    if (known == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < bank->count; ++i) {
        known[i] = bank->identities[i];
    }
    qsort(known, bank->count, sizeof *known, moco__compare_u64);
    *out = false;
    for (size_t i = 0; i < queries->count && !*out; ++i) {
        const uint64_t asked = queries->identities[i];
        *out = asked != 0 && bsearch(&asked, known, bank->count, sizeof *known, moco__compare_u64) != NULL;
    }
    free(known);
    return MOCO_OK;
}
