/* Predicts keys from queries: linear, batch norm, ReLU, linear. */
#include "method/predictor_internal.h"

#include "base/comm_internal.h"
#include "base/handle_internal.h"
#include "base/rng_internal.h"

#include "moco/ops.h"

#include <math.h>
#include <stdlib.h>

enum { HIDDEN, SCALE, SHIFT, LAST }; /* the parameters */

static const double epsilon = 1e-5; /* of batch norm, as in PyTorch */

const char *const moco__predictor_names[MOCO__PREDICTOR_PARAMETERS] = { "predictor.0.weight", "predictor.1.weight",
                                                                        "predictor.1.bias", "predictor.3.weight" };

/* Draws the weight of a layer uniformly within 1 / sqrt(in). */
static moco_status draw(moco_tensor **out, int64_t rows, int64_t in, uint64_t seed, uint64_t layer, moco_device device)
{
    const int64_t sizes[2] = { rows, in };
    const double bound = 1 / sqrt((double)in);
    moco__rng rng;
    float *values = moco__calloc((size_t)(rows * in), sizeof *values);
    if (values == NULL) {
        return MOCO_ENOMEM;
    }
    moco__rng_start(&rng, seed, MOCO__RNG_PREDICTOR, layer);
    for (int64_t i = 0; i < rows * in; ++i) {
        values[i] = (float)moco__rng_uniform(&rng, -bound, bound);
    }
    const moco_status status = moco_tensor_from_host(out, NULL, MOCO_FLOAT32, device, sizes, 2, values);
    free(values);
    return status;
}

moco_status moco__predictor_create(moco__predictor *predictor, int64_t dim, int64_t hidden, uint64_t seed,
                                   moco_device device)
{
    moco_tensor **weights = predictor->weights;
    MOCO_TRY(draw(&weights[HIDDEN], hidden, dim, seed, HIDDEN, device));
    MOCO_TRY(draw(&weights[LAST], dim, hidden, seed, LAST, device));
    MOCO_TRY(moco_tensor_full(&weights[SCALE], NULL, 1, MOCO_FLOAT32, device, &hidden, 1));
    MOCO_TRY(moco_tensor_zeros(&weights[SHIFT], NULL, MOCO_FLOAT32, device, &hidden, 1));
    for (int i = 0; i < MOCO__PREDICTOR_PARAMETERS; ++i) {
        MOCO_TRY(moco_tensor_require_gradient(weights[i]));
    }
    return moco_tensor_list_create(&predictor->parameters, (const moco_tensor *const *)weights,
                                   MOCO__PREDICTOR_PARAMETERS);
}

void moco__predictor_free(moco__predictor *predictor)
{
    moco_tensor_list_free(predictor->parameters);
    for (int i = 0; i < MOCO__PREDICTOR_PARAMETERS; ++i) {
        moco_tensor_free(predictor->weights[i]);
    }
    *predictor = (moco__predictor){ 0 };
}

/* Gives the mean of each column, over the ranks too if they share statistics. */
static moco_status mean_of(moco_tensor **out, moco_scope *scope, const moco__predictor *predictor, const moco_tensor *x)
{
    moco_tensor *mean;
    MOCO_TRY(moco_tensor_mean_dim(&mean, scope, x, 0, true));
    MOCO_TRY(moco__comm_all_gather_grad(&mean, scope, predictor->sync, mean));
    return moco_tensor_mean_dim(out, scope, mean, 0, true);
}

/* Normalises each channel of a group: N x H is the memory of N / G x G H, in which groups are columns. */
static moco_status normalize(moco_tensor **out, moco_scope *scope, const moco__predictor *predictor,
                             const moco_tensor *x)
{
    const int64_t n = moco_tensor_size(x, 0), hidden = moco_tensor_size(x, 1), groups = predictor->groups;
    const int64_t wide[2] = { n / groups, groups * hidden };
    const int64_t narrow[2] = { n, hidden };
    moco_tensor *y, *mean, *centred, *variance, *deviation;
    MOCO_TRY(moco_tensor_reshape(&y, scope, x, wide, 2));
    MOCO_TRY(mean_of(&mean, scope, predictor, y));
    MOCO_TRY(moco_tensor_sub(&centred, scope, y, mean));
    MOCO_TRY(moco_tensor_mul(&variance, scope, centred, centred));
    MOCO_TRY(mean_of(&variance, scope, predictor, variance));
    MOCO_TRY(moco_tensor_shift(&variance, scope, variance, epsilon));
    MOCO_TRY(moco_tensor_sqrt(&deviation, scope, variance));
    MOCO_TRY(moco_tensor_div(&y, scope, centred, deviation));
    MOCO_TRY(moco_tensor_reshape(&y, scope, y, narrow, 2));
    MOCO_TRY(moco_tensor_mul(&y, scope, y, predictor->weights[SCALE]));
    return moco_tensor_add(out, scope, y, predictor->weights[SHIFT]);
}

moco_status moco__predictor_forward(moco_tensor **out, moco_scope *scope, const moco__predictor *predictor,
                                    moco_tensor *embedding)
{
    moco_tensor *const *w = predictor->weights;
    moco_tensor *x = embedding;
    if (predictor->parameters != NULL) {
        MOCO_TRY(moco_tensor_linear(&x, scope, x, w[HIDDEN], NULL));
        MOCO_TRY(normalize(&x, scope, predictor, x));
        MOCO_TRY(moco_tensor_relu(&x, scope, x));
        MOCO_TRY(moco_tensor_linear(&x, scope, x, w[LAST], NULL));
    }
    *out = x;
    return MOCO_OK;
}
