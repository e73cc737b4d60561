/* Finds the queries that are in the bank themselves. */
#ifndef MOCO_EVALUATE_KNN_OWN_INTERNAL_H
#define MOCO_EVALUATE_KNN_OWN_INTERNAL_H

#include "evaluate/feature_set_internal.h"

/* Finds out whether any query is an image of the bank too. */
moco_status moco__knn_has_own(bool *out, const moco_features *bank, const moco_features *queries);

/* Returns whether a row of the bank is the very image of a query. */
static inline bool moco__knn_is_own(const moco_features *bank, int64_t row, const moco_features *queries, size_t query)
{
    return queries->identities[query] != 0 && bank->identities[row] == queries->identities[query];
}

#endif
