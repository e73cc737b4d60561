/* Measures the scale of features, and the learning rates that it allows. */
#include "evaluate/feature_set_internal.h"

#include "base/handle_internal.h"
#include "base/tensor_internal.h"

#include "moco/linear.h"
#include "moco/ops.h"

#include <math.h>
#include <stdlib.h>

enum { POWER_STEPS = 50 };

static moco_status mean_norm(double *out, moco_scope *scope, const moco_features *features)
{
    moco_tensor *squares;
    float *values = moco__calloc(features->count, sizeof *values);
    if (values == NULL) {
        return MOCO_ENOMEM;
    }
    moco_status status;
    MOCO_TRY_GOTO(moco__tensor_row_dot(&squares, scope, features->matrix, features->matrix));
    MOCO_TRY_GOTO(moco_tensor_to_host(values, features->count * sizeof *values, squares));
    double sum = 0;
    for (size_t i = 0; i < features->count; ++i) {
        sum += sqrt((double)values[i]);
    }
    *out = sum / (double)features->count;
done:
    free(values);
    return status;
}

/* Computes the largest eigenvalue of X' X / N by power iteration. It starts from a vector of ones, to which features
 * after a ReLU are never orthogonal. */
static moco_status largest_power(double *out, moco_scope *scope, const moco_features *features)
{
    const int64_t dim = moco_tensor_size(features->matrix, 1);
    float *ones = moco__calloc((size_t)dim, sizeof *ones);
    if (ones == NULL) {
        return MOCO_ENOMEM;
    }
    for (int64_t i = 0; i < dim; ++i) {
        ones[i] = 1;
    }
    const int64_t sizes[2] = { 1, dim };
    double power = 0;
    moco_tensor *row, *transposed, *squared;
    moco_status status;
    MOCO_TRY_GOTO(
        moco_tensor_from_host(&row, scope, MOCO_FLOAT32, moco_tensor_device(features->matrix), sizes, 2, ones));
    MOCO_TRY_GOTO(moco_tensor_transpose(&transposed, scope, features->matrix));
    for (int i = 0; i < POWER_STEPS; ++i) {
        moco_tensor *column, *along;
        MOCO_TRY_GOTO(moco__tensor_normalize(&row, scope, row));
        MOCO_TRY_GOTO(moco_tensor_transpose(&column, scope, row));
        MOCO_TRY_GOTO(moco_tensor_matmul(&along, scope, features->matrix, column)); /* N x 1 */
        MOCO_TRY_GOTO(moco_tensor_matmul(&column, scope, transposed, along));       /* dim x 1 */
        MOCO_TRY_GOTO(moco_tensor_transpose(&row, scope, column));
        MOCO_TRY_GOTO(moco_tensor_divide(&row, scope, row, (double)features->count));
    }
    MOCO_TRY_GOTO(moco__tensor_row_dot(&squared, scope, row, row));
    MOCO_TRY_GOTO(moco_tensor_item(&power, squared));
    *out = sqrt(power);
done:
    free(ones);
    return status;
}

moco_status moco_feature_scale_measure(moco_feature_scale *out, const moco_features *features, double momentum)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(features);
    moco_scope *scope = NULL;
    moco_feature_scale scale = { 0 };
    moco_status status;
    MOCO_TRY_GOTO(moco_scope_create(&scope));
    MOCO_TRY_GOTO(mean_norm(&scale.norm, scope, features));
    MOCO_TRY_GOTO(largest_power(&scale.power, scope, features));
    scale.stable_rate = 2 * (1 + momentum) / (scale.power / 2);
    *out = scale;
done:
    moco_scope_free(scope);
    return status;
}
