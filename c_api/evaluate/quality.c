/* Measures the quality of features without labels. */
#include "moco/quality.h"

#include "base/handle_internal.h"
#include "base/tensor_internal.h"

#include "moco/ops.h"

#include <math.h>
#include <stdlib.h>

static const double rankme_room = 1e-7;
static const double lidar_room = 1e-8;
static const double lidar_within = 1e-4;
static const double negligible = 1e-10; /* of the largest eigenvalue */
static const moco_device host = { MOCO_CPU, 0 };

/* ---- Spectra ---- */

/* Returns the exponential of the entropy of the values' shares. */
static double effective_rank(const double *values, size_t count, double room)
{
    double sum = 0;
    double entropy = 0;
    for (size_t i = 0; i < count; ++i) {
        sum += values[i];
    }
    for (size_t i = 0; i < count && sum > 0; ++i) {
        const double share = values[i] / sum + room;
        entropy -= share * log(share);
    }
    return sum > 0 ? exp(entropy) : 0;
}

/* Returns minus the slope of ln(value) over ln(place); the values ascend. */
static double decay(const double *values, size_t count)
{
    double n = 0;
    double x = 0;
    double y = 0;
    double xx = 0;
    double xy = 0;
    for (size_t place = 1; place <= count; ++place) {
        const double value = values[count - place];
        if (value > negligible * values[count - 1]) {
            const double across = log((double)place);
            const double up = log(value);
            n += 1;
            x += across;
            y += up;
            xx += across * across;
            xy += across * up;
        }
    }
    return n > 2 ? -(n * xy - x * y) / (n * xx - x * x) : NAN;
}

/* Gives the eigenvalues of a symmetric matrix in ascending order; those that rounding made negative become 0. */
static moco_status eigenvalues(double *out, size_t count, moco_scope *scope, const moco_tensor *matrix)
{
    moco_tensor *here, *values;
    MOCO_TRY(moco_tensor_to(&here, scope, matrix, host));
    const moco_value argument = moco_value_tensor(here);
    MOCO_TRY(moco_tensor_call(&values, 1, scope, "aten::linalg_eigvalsh", &argument, 1));
    MOCO_TRY(moco_tensor_to_host(out, count * sizeof *out, values));
    for (size_t i = 0; i < count; ++i) {
        if (!isfinite(out[i])) {
            return moco_error_set(MOCO_EINVALID, "quality: the features hold NaN or infinite values");
        }
        out[i] = fmax(out[i], 0);
    }
    return MOCO_OK;
}

/* Gives the eigenvalues of x^T x that can differ from 0, by the smaller of x^T x and x x^T. */
static moco_status spectrum(double *out, size_t count, moco_scope *scope, const moco_tensor *x)
{
    moco_tensor *across, *product;
    const bool tall = moco_tensor_size(x, 0) >= moco_tensor_size(x, 1);
    MOCO_TRY(moco_tensor_transpose(&across, scope, x));
    MOCO_TRY(moco_tensor_matmul(&product, scope, tall ? across : x, tall ? x : across));
    return eigenvalues(out, count, scope, product);
}

static moco_status without_mean(moco_tensor **out, moco_scope *scope, const moco_tensor *x)
{
    moco_tensor *mean;
    MOCO_TRY(moco_tensor_mean_dim(&mean, scope, x, 0, true));
    return moco_tensor_sub(out, scope, x, mean);
}

/* ---- Spread ---- */

/* Gives the spread of rows of norm 1, as a scalar on their device. */
static moco_status spread_of(moco_tensor **out, moco_scope *scope, const moco_tensor *rows)
{
    moco_tensor *centred, *sums, *deviations, *mean;
    const double n = (double)moco_tensor_size(rows, 0);
    MOCO_TRY(without_mean(&centred, scope, rows));
    MOCO_TRY(moco_tensor_mul(&centred, scope, centred, centred));
    MOCO_TRY(moco_tensor_sum_dim(&sums, scope, centred, 0, false));
    MOCO_TRY(moco_tensor_sqrt(&deviations, scope, sums));
    MOCO_TRY(moco_tensor_mean(&mean, scope, deviations));
    return moco_tensor_scale(out, scope, mean, sqrt((double)moco_tensor_size(rows, 1) / (n - 1)));
}

static moco_status measure(moco_quality *out, double *values, size_t count, moco_scope *scope,
                           const moco_tensor *features)
{
    moco_tensor *x, *unit, *spread, *centred;
    MOCO_TRY(moco_tensor_cast(&x, scope, features, MOCO_FLOAT64));
    MOCO_TRY(spectrum(values, count, scope, x));
    for (size_t i = 0; i < count; ++i) {
        values[i] = sqrt(values[i]);
    }
    out->rankme = effective_rank(values, count, rankme_room);
    MOCO_TRY(without_mean(&centred, scope, x));
    MOCO_TRY(spectrum(values, count, scope, centred));
    out->alpha = decay(values, count);
    MOCO_TRY(moco__tensor_normalize(&unit, scope, x));
    MOCO_TRY(spread_of(&spread, scope, unit));
    return moco_tensor_to_host(&out->spread, sizeof out->spread, spread);
}

/* ---- The interface ---- */

static moco_status check_matrix(const moco_tensor *x, int64_t rows)
{
    if (moco_tensor_ndim(x) != 2 || moco_tensor_size(x, 0) < rows || moco_tensor_size(x, 1) < 1) {
        return moco_error_set(MOCO_EINVALID, "quality: give a matrix of at least %lld rows, one per image",
                              (long long)rows);
    }
    return MOCO_OK;
}

/* Ends a region without gradients, and keeps the first failure. */
static moco_status leave(moco_scope *scope, moco_status status)
{
    const moco_status ended = moco_no_grad_end();
    moco_scope_free(scope);
    return status != MOCO_OK ? status : ended;
}

moco_status moco_quality_measure(moco_quality *out, const moco_tensor *features)
{
    moco_quality found = { NAN, NAN, NAN };
    moco_scope *scope = NULL;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(features);
    MOCO_TRY(check_matrix(features, 2));
    const int64_t rows = moco_tensor_size(features, 0);
    const int64_t columns = moco_tensor_size(features, 1);
    const size_t count = (size_t)(rows < columns ? rows : columns);
    double *values = moco__calloc(count, sizeof *values);
    if (values == NULL) {
        return MOCO_ENOMEM;
    }
    moco_no_grad_begin();
    moco_status status = moco_scope_create(&scope);
    if (status == MOCO_OK) {
        status = measure(&found, values, count, scope, features);
    }
    free(values);
    MOCO_TRY(leave(scope, status));
    *out = found;
    return MOCO_OK;
}

/* Gives the sum of exp(-2 |q - q'|^2) over all rows, where |q - q'|^2 = 2 - 2 q q'. */
static moco_status nearness(moco_tensor **out, moco_scope *scope, const moco_tensor *q)
{
    moco_tensor *across, *near;
    MOCO_TRY(moco_tensor_transpose(&across, scope, q));
    MOCO_TRY(moco_tensor_matmul(&near, scope, q, across));
    MOCO_TRY(moco_tensor_scale(&near, scope, near, 4));
    MOCO_TRY(moco_tensor_shift(&near, scope, near, -4));
    MOCO_TRY(moco_tensor_exp(&near, scope, near));
    return moco_tensor_sum(out, scope, near);
}

/* One copy brings all numbers to the host. */
static moco_status measure_pairs(moco_pair_quality *out, moco_scope *scope, const moco_tensor *queries,
                                 const moco_tensor *keys)
{
    moco_tensor *q, *k, *near, *spread, *apart, *all;
    float numbers[3];
    const double n = (double)moco_tensor_size(queries, 0);
    MOCO_TRY(moco_tensor_cast(&q, scope, queries, MOCO_FLOAT32));
    MOCO_TRY(moco_tensor_cast(&k, scope, keys != NULL ? keys : queries, MOCO_FLOAT32));
    MOCO_TRY(nearness(&near, scope, q));
    MOCO_TRY(spread_of(&spread, scope, q));
    MOCO_TRY(moco_tensor_sub(&apart, scope, q, k));
    MOCO_TRY(moco_tensor_mul(&apart, scope, apart, apart));
    MOCO_TRY(moco_tensor_sum(&apart, scope, apart));
    const moco_tensor *const parts[] = { near, spread, apart };
    const moco_value argument = moco_value_tensors(parts, 3);
    MOCO_TRY(moco_tensor_call(&all, 1, scope, "aten::stack", &argument, 1));
    MOCO_TRY(moco_tensor_to_host(numbers, sizeof numbers, all));
    /* A row is at distance 0 from itself, which does not count as a pair. */
    out->uniformity = log(fmax((double)numbers[0] - n, 1e-300) / (n * (n - 1)));
    out->spread = (double)numbers[1];
    out->alignment = keys != NULL ? (double)numbers[2] / n : NAN;
    return MOCO_OK;
}

moco_status moco_quality_pairs(moco_pair_quality *out, const moco_tensor *queries, const moco_tensor *keys)
{
    moco_pair_quality found = { NAN, NAN, NAN };
    moco_scope *scope = NULL;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(queries);
    MOCO_TRY(check_matrix(queries, 2));
    moco_no_grad_begin();
    moco_status status = moco_scope_create(&scope);
    if (status == MOCO_OK) {
        status = measure_pairs(&found, scope, queries, keys);
    }
    MOCO_TRY(leave(scope, status));
    *out = found;
    return MOCO_OK;
}

/* ---- LiDAR ---- */

static moco_status covariance(moco_tensor **out, moco_scope *scope, const moco_tensor *centred, double count)
{
    moco_tensor *across;
    MOCO_TRY(moco_tensor_transpose(&across, scope, centred));
    MOCO_TRY(moco_tensor_matmul(out, scope, across, centred));
    return moco_tensor_scale(out, scope, *out, 1 / count);
}

static moco_status solve(moco_tensor **out, moco_scope *scope, const moco_tensor *lower, const moco_tensor *right)
{
    moco_value arguments[] = { moco_value_tensor(lower), moco_value_tensor(right), moco_value_bool(false) };
    arguments[2].name = "upper";
    return moco_tensor_call(out, 1, scope, "aten::linalg_solve_triangular", arguments, 3);
}

/* Gives B and W of a tensor of objects x views x D. */
static moco_status split_covariance(moco_tensor **between, moco_tensor **within, moco_scope *scope,
                                    const moco_tensor *views)
{
    moco_tensor *means, *flat, *rest, *ridge;
    const int64_t sizes[3] = { moco_tensor_size(views, 0), moco_tensor_size(views, 1), moco_tensor_size(views, 2) };
    const int64_t rows[2] = { sizes[0] * sizes[1], sizes[2] };
    MOCO_TRY(moco_tensor_mean_dim(&means, scope, views, 1, true));
    MOCO_TRY(moco_tensor_sub(&rest, scope, views, means));
    MOCO_TRY(moco_tensor_reshape(&rest, scope, rest, rows, 2));
    MOCO_TRY(covariance(within, scope, rest, (double)sizes[0] * (double)(sizes[1] - 1)));
    moco_value eye[] = { moco_value_int(sizes[2]), moco_value_dtype(MOCO_FLOAT64) };
    eye[1].name = "dtype";
    MOCO_TRY(moco_tensor_call(&ridge, 1, scope, "aten::eye", eye, 2));
    MOCO_TRY(moco_tensor_scale(&ridge, scope, ridge, lidar_within));
    MOCO_TRY(moco_tensor_add(within, scope, *within, ridge));
    const int64_t objects[2] = { sizes[0], sizes[2] };
    MOCO_TRY(moco_tensor_reshape(&flat, scope, means, objects, 2));
    MOCO_TRY(without_mean(&flat, scope, flat));
    return covariance(between, scope, flat, (double)(sizes[0] - 1));
}

/* With W = L L^T, L^-1 B L^-T has the eigenvalues of W^-1/2 B W^-1/2. */
static moco_status measure_lidar(double *out, double *values, moco_scope *scope, const moco_tensor *views,
                                 int64_t per_object)
{
    moco_tensor *x, *between, *within, *lower, *half, *across, *ratio;
    const int64_t columns = moco_tensor_size(views, 1);
    const int64_t sizes[3] = { moco_tensor_size(views, 0) / per_object, per_object, columns };
    MOCO_TRY(moco_tensor_to(&x, scope, views, host));
    MOCO_TRY(moco_tensor_cast(&x, scope, x, MOCO_FLOAT64));
    MOCO_TRY(moco_tensor_reshape(&x, scope, x, sizes, 3));
    MOCO_TRY(split_covariance(&between, &within, scope, x));
    const moco_value argument = moco_value_tensor(within);
    MOCO_TRY(moco_tensor_call(&lower, 1, scope, "aten::linalg_cholesky", &argument, 1));
    MOCO_TRY(solve(&half, scope, lower, between));
    MOCO_TRY(moco_tensor_transpose(&across, scope, half));
    MOCO_TRY(solve(&ratio, scope, lower, across));
    MOCO_TRY(eigenvalues(values, (size_t)columns, scope, ratio));
    *out = effective_rank(values, (size_t)columns, lidar_room);
    return MOCO_OK;
}

moco_status moco_quality_lidar(double *out, const moco_tensor *views, int64_t per_object)
{
    double found = NAN;
    moco_scope *scope = NULL;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(views);
    MOCO_TRY(check_matrix(views, 4));
    if (per_object < 2 || moco_tensor_size(views, 0) % per_object != 0 || moco_tensor_size(views, 0) == per_object) {
        return moco_error_set(MOCO_EINVALID,
                              "quality: %lld rows are not views of several objects with %lld each; give all views of "
                              "each object, 2 or more",
                              (long long)moco_tensor_size(views, 0), (long long)per_object);
    }
    double *values = moco__calloc((size_t)moco_tensor_size(views, 1), sizeof *values);
    if (values == NULL) {
        return MOCO_ENOMEM;
    }
    moco_no_grad_begin();
    moco_status status = moco_scope_create(&scope);
    if (status == MOCO_OK) {
        status = measure_lidar(&found, values, scope, views, per_object);
    }
    free(values);
    MOCO_TRY(leave(scope, status));
    *out = found;
    return MOCO_OK;
}
