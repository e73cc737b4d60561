/* Takes some rows of features. */
#include "evaluate/feature_rows_internal.h"

#include "base/handle_internal.h"
#include "base/tensor_internal.h"
#include "evaluate/feature_set_internal.h"

#include "moco/ops.h"

#include <stdlib.h>

static moco_status take_matrix(moco_tensor **out, const moco_features *features, const int64_t *rows, size_t count)
{
    const int64_t size = (int64_t)count;
    moco_tensor *where;
    MOCO_TRY(moco_tensor_from_host(&where, NULL, MOCO_INT64, moco_tensor_device(features->matrix), &size, 1, rows));
    const moco_status status = moco__tensor_index_select(out, NULL, features->matrix, where);
    moco_tensor_free(where);
    return status;
}

moco_status moco__features_take(moco_features **out, const moco_features *features, const size_t *rows, size_t count)
{
    moco_features *taken = moco__features_allocate(count);
    int64_t *places = moco__calloc(count, sizeof *places);
    moco_status status;
    MOCO_TRY_GOTO(taken != NULL && places != NULL ? MOCO_OK : MOCO_ENOMEM);
    taken->raw = features->raw;
    for (size_t i = 0; i < count; ++i) {
        places[i] = (int64_t)rows[i];
        taken->labels[i] = features->labels[rows[i]];
        taken->indices[i] = features->indices[rows[i]];
        taken->identities[i] = features->identities[rows[i]];
    }
    MOCO_TRY_GOTO(take_matrix(&taken->matrix, features, places, count));
    *out = taken;
    taken = NULL;
done:
    moco_features_free(taken);
    free(places);
    return status;
}
