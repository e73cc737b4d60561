/* Computes which rows are neighbours for t-SNE: a Gaussian around each row, as wide as its perplexity asks. */
#include "evaluate/tsne_affinities_internal.h"

#include "base/handle_internal.h"

#include "moco/ops.h"

#include <math.h>
#include <stdlib.h>

enum { CACHED_ROWS = 64, SEARCH = 60 };

static const double far_away = 1e30; /* of a row from itself, so that it is not its own neighbour */
static const double exact_enough = 1e-4;
static const double least = 1e-12;

int64_t moco__tsne_rows(int64_t count, const moco_tensor *tensor)
{
    return moco_tensor_device(tensor).type == MOCO_CPU && count > CACHED_ROWS ? CACHED_ROWS : count;
}

/* The search for the precision (1 / 2 sigma^2) of each row of a block. */
typedef struct search {
    double *beta, *low, *high; /* one per row */
    float *sums, *products, *betas;
    int64_t rows;
} search;

static moco_status make_search(search *s, int64_t rows)
{
    s->beta = moco__calloc(3 * (size_t)rows, sizeof *s->beta);
    s->sums = moco__calloc(3 * (size_t)rows, sizeof *s->sums);
    if (s->beta == NULL || s->sums == NULL) {
        return MOCO_ENOMEM;
    }
    s->low = s->beta + rows;
    s->high = s->low + rows;
    s->products = s->sums + rows;
    s->betas = s->products + rows;
    return MOCO_OK;
}

static void start(search *s, int64_t rows)
{
    s->rows = rows;
    for (int64_t i = 0; i < rows; ++i) {
        s->beta[i] = 1;
        s->low[i] = 0;
        s->high[i] = INFINITY;
    }
}

/* Halves the intervals. Returns whether all rows are exact enough. */
static bool narrow(search *s, double entropy)
{
    bool found = true;
    for (int64_t i = 0; i < s->rows; ++i) {
        const double sum = fmax((double)s->sums[i], least);
        const double now = log(sum) + s->beta[i] * (double)s->products[i] / sum;
        if (fabs(now - entropy) < exact_enough) {
            continue;
        }
        found = false;
        if (now > entropy) {
            s->low[i] = s->beta[i];
            s->beta[i] = isinf(s->high[i]) ? 2 * s->beta[i] : (s->low[i] + s->high[i]) / 2;
        } else {
            s->high[i] = s->beta[i];
            s->beta[i] = (s->low[i] + s->high[i]) / 2;
        }
    }
    return found;
}

/* Gives exp(-beta d) of a block, and reads its sums and those of d exp(-beta d). */
static moco_status weigh(moco_tensor **out, search *s, moco_scope *scope, const moco_tensor *distances)
{
    moco_tensor *betas, *weights, *products, *sums, *product_sums;
    const int64_t sizes[2] = { s->rows, 1 };
    for (int64_t i = 0; i < s->rows; ++i) {
        s->betas[i] = (float)-s->beta[i];
    }
    MOCO_TRY(moco_tensor_from_host(&betas, scope, MOCO_FLOAT32, moco_tensor_device(distances), sizes, 2, s->betas));
    MOCO_TRY(moco_tensor_mul(&weights, scope, distances, betas));
    MOCO_TRY(moco_tensor_exp(out, scope, weights));
    MOCO_TRY(moco_tensor_mul(&products, scope, distances, *out));
    MOCO_TRY(moco_tensor_sum_dim(&sums, scope, *out, 1, false));
    MOCO_TRY(moco_tensor_sum_dim(&product_sums, scope, products, 1, false));
    MOCO_TRY(moco_tensor_to_host(s->sums, (size_t)s->rows * sizeof *s->sums, sums));
    return moco_tensor_to_host(s->products, (size_t)s->rows * sizeof *s->products, product_sums);
}

/* Gives the squared distances of rows from all others, less that of the nearest, which changes no probability. */
static moco_status distances_of(moco_tensor **out, moco_scope *scope, const moco_tensor *x, const moco_tensor *norms,
                                int64_t first, int64_t rows)
{
    moco_tensor *block, *across, *own, *others, *d, *square, *nearest;
    const int64_t as_row[2] = { 1, moco_tensor_size(x, 0) };
    const int64_t as_column[2] = { rows, 1 };
    MOCO_TRY(moco_tensor_narrow(&block, scope, x, 0, first, rows));
    MOCO_TRY(moco_tensor_transpose(&across, scope, x));
    MOCO_TRY(moco_tensor_matmul(&d, scope, block, across));
    MOCO_TRY(moco_tensor_scale(&d, scope, d, -2));
    MOCO_TRY(moco_tensor_narrow(&own, scope, norms, 0, first, rows));
    MOCO_TRY(moco_tensor_reshape(&own, scope, own, as_column, 2));
    MOCO_TRY(moco_tensor_reshape(&others, scope, norms, as_row, 2));
    MOCO_TRY(moco_tensor_add(&d, scope, d, own));
    MOCO_TRY(moco_tensor_add(&d, scope, d, others));
    MOCO_TRY(moco_tensor_narrow(&square, scope, d, 1, first, rows));
    const moco_value fill[] = { moco_value_tensor(square), moco_value_real(far_away) };
    MOCO_TRY(moco_tensor_call(NULL, 0, scope, "aten::fill_diagonal_", fill, 2));
    const int64_t dim = 1;
    const moco_value least_of[] = { moco_value_tensor(d), moco_value_ints(&dim, 1), moco_value_bool(true) };
    MOCO_TRY(moco_tensor_call(&nearest, 1, scope, "aten::amin", least_of, 3));
    return moco_tensor_sub(out, scope, d, nearest);
}

static moco_status put_block(moco_tensor *p, search *s, moco_scope *scope, const moco_tensor *d, int64_t first,
                             double perplexity)
{
    moco_tensor *weights, *sums, *place;
    bool found = false;
    start(s, moco_tensor_size(d, 0));
    MOCO_TRY(weigh(&weights, s, scope, d));
    for (int i = 0; i < SEARCH && !found; ++i) {
        found = narrow(s, log(perplexity));
        MOCO_TRY(weigh(&weights, s, scope, d));
    }
    MOCO_TRY(moco_tensor_sum_dim(&sums, scope, weights, 1, true));
    MOCO_TRY(moco_tensor_div(&weights, scope, weights, sums));
    MOCO_TRY(moco_tensor_narrow(&place, scope, p, 0, first, s->rows));
    return moco_tensor_copy(place, weights);
}

static moco_status fill_rows(moco_tensor *p, search *s, const moco_tensor *x, double perplexity)
{
    moco_scope *kept = NULL;
    moco_scope *scope = NULL;
    moco_tensor *squares, *norms, *d;
    const int64_t count = moco_tensor_size(x, 0);
    const int64_t step = moco__tsne_rows(count, x);
    moco_status status;
    MOCO_TRY_GOTO(moco_scope_create(&kept));
    MOCO_TRY_GOTO(moco_scope_create(&scope));
    MOCO_TRY_GOTO(moco_tensor_mul(&squares, kept, x, x));
    MOCO_TRY_GOTO(moco_tensor_sum_dim(&norms, kept, squares, 1, false));
    for (int64_t first = 0; first < count; first += step) {
        const int64_t rows = count - first < step ? count - first : step;
        MOCO_TRY_GOTO(distances_of(&d, scope, x, norms, first, rows));
        MOCO_TRY_GOTO(put_block(p, s, scope, d, first, perplexity));
        moco_scope_clear(scope);
    }
done:
    moco_scope_free(scope);
    moco_scope_free(kept);
    return status;
}

double moco__tsne_perplexity(double asked, int64_t rows)
{
    return fmax(fmin(asked, ((double)rows - 1) / 3), 1.0001);
}

moco_status moco__tsne_affinities(moco_tensor **out, const moco_tensor *features, double perplexity)
{
    search s = { .beta = NULL };
    moco_tensor *p = NULL;
    moco_scope *scope = NULL;
    moco_tensor *x, *across, *both;
    const int64_t count = moco_tensor_size(features, 0);
    const int64_t sizes[2] = { count, count };
    moco_status status;
    MOCO_TRY_GOTO(moco_scope_create(&scope));
    MOCO_TRY_GOTO(make_search(&s, moco__tsne_rows(count, features)));
    MOCO_TRY_GOTO(moco_tensor_cast(&x, scope, features, MOCO_FLOAT32));
    MOCO_TRY_GOTO(moco_tensor_zeros(&p, scope, MOCO_FLOAT32, moco_tensor_device(features), sizes, 2));
    MOCO_TRY_GOTO(fill_rows(p, &s, x, perplexity));
    MOCO_TRY_GOTO(moco_tensor_transpose(&across, scope, p));
    MOCO_TRY_GOTO(moco_tensor_add(&both, scope, p, across));
    MOCO_TRY_GOTO(moco_tensor_scale(out, NULL, both, 0.5 / (double)count));
done:
    moco_scope_free(scope);
    free(s.beta);
    free(s.sums);
    return status;
}
