/* Computes the forces of t-SNE by products of matrices, a block of rows at a time. */
#include "evaluate/tsne_forces_internal.h"

#include "base/handle_internal.h"
#include "evaluate/tsne_affinities_internal.h"

#include "moco/ops.h"

#include <stdlib.h>

/* What all blocks of rows share: 1 + |y_i - y_j|^2 is the product of row i of `left` and column j of `right`. */
typedef struct places {
    moco_tensor *left, *right, *sides; /* N x 4, 4 x N, and 3 x N: y0, y1, 1 */
} places;

static moco_status upload(places *p, moco_scope *scope, moco_device device, const double *y, int64_t count)
{
    const size_t n = (size_t)count;
    float *values = moco__calloc(11 * n, sizeof *values);
    const int64_t left[2] = { count, 4 };
    const int64_t right[2] = { 4, count };
    const int64_t sides[2] = { 3, count };
    moco_status status = values != NULL ? MOCO_OK : MOCO_ENOMEM;
    MOCO_TRY_GOTO(status);
    for (size_t i = 0; i < n; ++i) {
        const double a = y[2 * i];
        const double b = y[2 * i + 1];
        const double row[] = { -2 * a, -2 * b, a * a + b * b, 1 };
        const double column[] = { a, b, 1, 1 + a * a + b * b };
        for (size_t c = 0; c < 4; ++c) {
            values[4 * i + c] = (float)row[c];
            values[(4 + c) * n + i] = (float)column[c];
        }
        values[8 * n + i] = (float)a;
        values[9 * n + i] = (float)b;
        values[10 * n + i] = 1;
    }
    MOCO_TRY_GOTO(moco_tensor_from_host(&p->left, scope, MOCO_FLOAT32, device, left, 2, values));
    MOCO_TRY_GOTO(moco_tensor_from_host(&p->right, scope, MOCO_FLOAT32, device, right, 2, values + 4 * n));
    MOCO_TRY_GOTO(moco_tensor_from_host(&p->sides, scope, MOCO_FLOAT32, device, sides, 2, values + 8 * n));
done:
    free(values);
    return status;
}

static moco_status in_place(const char *op, moco_scope *scope, moco_tensor *tensor)
{
    const moco_value argument = moco_value_tensor(tensor);
    return moco_tensor_call(NULL, 0, scope, op, &argument, 1);
}

/* Reads sum_j w_ij (y_i - y_j) of a block from its product with the sides, which is fast this way round. */
static moco_status read_force(double *out, float *room, moco_scope *scope, const moco_tensor *weights,
                              const moco_tensor *sides, const double *y)
{
    moco_tensor *across, *product;
    const size_t rows = (size_t)moco_tensor_size(weights, 0);
    MOCO_TRY(moco_tensor_transpose(&across, scope, weights));
    MOCO_TRY(moco_tensor_matmul(&product, scope, sides, across));
    MOCO_TRY(moco_tensor_to_host(room, 3 * rows * sizeof *room, product));
    for (size_t i = 0; i < rows; ++i) {
        const double whole = (double)room[2 * rows + i];
        out[2 * i] = whole * y[2 * i] - (double)room[i];
        out[2 * i + 1] = whole * y[2 * i + 1] - (double)room[rows + i];
    }
    return MOCO_OK;
}

static moco_status add_block(double *pull, double *push, double *sum, float *room, moco_scope *scope, const places *p,
                             const moco_tensor *affinities, const double *y, int64_t first)
{
    moco_tensor *left, *near, *square, *own, *weights, *whole;
    float value;
    const int64_t count = moco_tensor_size(affinities, 0);
    const int64_t step = moco__tsne_rows(count, affinities);
    const int64_t rows = count - first < step ? count - first : step;
    MOCO_TRY(moco_tensor_narrow(&left, scope, p->left, 0, first, rows));
    MOCO_TRY(moco_tensor_matmul(&near, scope, left, p->right));
    MOCO_TRY(in_place("aten::reciprocal_", scope, near));
    MOCO_TRY(moco_tensor_narrow(&square, scope, near, 1, first, rows));
    const moco_value fill[] = { moco_value_tensor(square), moco_value_real(0) };
    MOCO_TRY(moco_tensor_call(NULL, 0, scope, "aten::fill_diagonal_", fill, 2));
    MOCO_TRY(moco_tensor_sum(&whole, scope, near));
    MOCO_TRY(moco_tensor_narrow(&own, scope, affinities, 0, first, rows));
    MOCO_TRY(moco_tensor_mul(&weights, scope, own, near));
    MOCO_TRY(read_force(pull + 2 * first, room, scope, weights, p->sides, y + 2 * first));
    MOCO_TRY(in_place("aten::square_", scope, near));
    MOCO_TRY(read_force(push + 2 * first, room, scope, near, p->sides, y + 2 * first));
    MOCO_TRY(moco_tensor_to_host(&value, sizeof value, whole));
    *sum += (double)value;
    return MOCO_OK;
}

moco_status moco__tsne_forces(double *pull, double *push, double *sum, const moco_tensor *affinities, const double *y)
{
    const int64_t count = moco_tensor_size(affinities, 0);
    const int64_t step = moco__tsne_rows(count, affinities);
    moco_scope *kept = NULL;
    moco_scope *scope = NULL;
    places p = { NULL, NULL, NULL };
    float *room = moco__calloc(3 * (size_t)step, sizeof *room);
    moco_status status = room != NULL ? MOCO_OK : MOCO_ENOMEM;
    MOCO_TRY_GOTO(status);
    MOCO_TRY_GOTO(moco_scope_create(&kept));
    MOCO_TRY_GOTO(moco_scope_create(&scope));
    MOCO_TRY_GOTO(upload(&p, kept, moco_tensor_device(affinities), y, count));
    *sum = 0;
    for (int64_t first = 0; first < count; first += step) {
        MOCO_TRY_GOTO(add_block(pull, push, sum, room, scope, &p, affinities, y, first));
        moco_scope_clear(scope);
    }
done:
    free(room);
    moco_scope_free(scope);
    moco_scope_free(kept);
    return status;
}
