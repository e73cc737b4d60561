/* Refuses features that are NaN or infinite: every number that is made of them would be wrong. */
#include "evaluate/feature_finite_internal.h"

#include "base/handle_internal.h"
#include "weights/finite_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns the first row that is not finite; `rows` if all are. */
static size_t first_bad(const float *values, size_t rows, size_t dim)
{
    for (size_t i = 0; i < rows * dim; ++i) {
        if (!isfinite(values[i])) {
            return i / dim;
        }
    }
    return rows;
}

static moco_status refuse(const char *image)
{
    return moco_error_set(MOCO_EDIVERGED,
                          "features: those of %s are NaN or infinite: the network's training diverged, or its numbers "
                          "overflow; take an earlier checkpoint",
                          image);
}

moco_status moco__features_check_finite(const moco_features *features, const moco_dataset *dataset)
{
    const size_t dim = (size_t)moco_tensor_size(features->matrix, 1);
    const size_t bytes = features->count * dim * sizeof(float);
    char name[256] = "an image";
    bool finite = true;
    MOCO_TRY(moco__tensor_is_finite(&finite, features->matrix));
    if (finite) {
        return MOCO_OK;
    }
    float *values = malloc(bytes);
    if (values != NULL && moco_tensor_to_host(values, bytes, features->matrix) == MOCO_OK) {
        const size_t row = first_bad(values, features->count, dim);
        if (row < features->count) {
            moco_dataset_name(dataset, (size_t)features->indices[row], name, sizeof name);
        }
    }
    free(values);
    return refuse(name);
}

moco_status moco__rows_check_finite(const float *values, size_t rows, size_t dim)
{
    char name[32];
    const size_t row = first_bad(values, rows, dim);
    (void)snprintf(name, sizeof name, "images[%zu]", row);
    return row < rows ? refuse(name) : MOCO_OK;
}
