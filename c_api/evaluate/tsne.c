/*
 * Places points in a plane so that neighbours stay neighbours: t-SNE (van der Maaten and Hinton 2008), exact, with all
 * pairs. The steps are those of scikit-learn: from the principal components, first with exaggerated attraction.
 */
#include "moco/embed.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "base/tensor_internal.h"
#include "evaluate/tsne_affinities_internal.h"
#include "evaluate/tsne_forces_internal.h"
#include "weights/finite_internal.h"

#include <math.h>
#include <stdlib.h>

enum { EXAGGERATED = 250, FEWEST = 4, MOST = 20000 };

static const double exaggeration = 12;
static const double first_extent = 1e-4;

/* The moving points; all arrays have 2 N values. */
typedef struct descent {
    size_t values;
    double *y, *speed, *gain, *pull, *push;
} descent;

static moco_status make_descent(descent *d, const moco_tensor *matrix)
{
    moco_tensor *components = NULL;
    void *data = NULL;
    double squares = 0;
    d->values = 2 * (size_t)moco_tensor_size(matrix, 0);
    d->y = moco__calloc(5 * d->values, sizeof *d->y);
    if (d->y == NULL) {
        return MOCO_ENOMEM;
    }
    d->speed = d->y + d->values;
    d->gain = d->speed + d->values;
    d->pull = d->gain + d->values;
    d->push = d->pull + d->values;
    MOCO_TRY(moco__tensor_pca(&components, NULL, NULL, matrix, 2));
    const moco_status status = moco_tensor_data(&data, components);
    for (size_t i = 0; status == MOCO_OK && i < d->values; ++i) {
        d->y[i] = (double)((const float *)data)[i];
        d->gain[i] = 1;
        squares += i % 2 == 0 ? d->y[i] * d->y[i] : 0;
    }
    moco_tensor_free(components);
    const double deviation = sqrt(squares / ((double)d->values / 2));
    for (size_t i = 0; i < d->values; ++i) {
        d->y[i] *= first_extent / fmax(deviation, 1e-30);
    }
    return status;
}

static void move(descent *d, double attraction, double sum, double momentum)
{
    const double rate = fmax((double)d->values / 2 / exaggeration / 4, 50);
    double centre[2] = { 0, 0 };
    for (size_t i = 0; i < d->values; ++i) {
        const double slope = 4 * (attraction * d->pull[i] - d->push[i] / sum);
        d->gain[i] = d->speed[i] * slope < 0 ? d->gain[i] + 0.2 : fmax(0.8 * d->gain[i], 0.01);
        d->speed[i] = momentum * d->speed[i] - rate * d->gain[i] * slope;
        d->y[i] += d->speed[i];
        centre[i % 2] += d->y[i] * 2 / (double)d->values;
    }
    for (size_t i = 0; i < d->values; ++i) {
        d->y[i] -= centre[i % 2];
    }
}

static moco_status descend(descent *d, const moco_tensor *affinities, const moco_tsne_options *o)
{
    for (int64_t i = 0; i < o->iterations; ++i) {
        double sum = 0;
        const bool early = i < EXAGGERATED && i < o->iterations / 3;
        MOCO_TRY(moco__tsne_forces(d->pull, d->push, &sum, affinities, d->y));
        move(d, early ? exaggeration : 1, fmax(sum, 1e-30), early ? 0.5 : 0.8);
        if (o->progress != NULL && o->progress((size_t)i + 1, (size_t)o->iterations, o->payload) != 0) {
            return moco_error_set(MOCO_ESTOPPED, "tsne: stopped by the progress callback");
        }
    }
    return MOCO_OK;
}

static moco_status give(moco_tensor **out, moco_scope *scope, const descent *d)
{
    const int64_t sizes[2] = { (int64_t)d->values / 2, 2 };
    float *values = moco__calloc(d->values, sizeof *values);
    if (values == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < d->values; ++i) {
        values[i] = (float)d->y[i];
    }
    const moco_status status =
        moco_tensor_from_host(out, scope, MOCO_FLOAT32, (moco_device){ MOCO_CPU, 0 }, sizes, 2, values);
    free(values);
    return status;
}

static moco_status check(const moco_tensor *matrix, const moco_tsne_options *o)
{
    if (moco_tensor_ndim(matrix) == 2 && moco_tensor_size(matrix, 0) < FEWEST) {
        return moco_error_set(
            MOCO_EINVALID,
            "tsne: %lld rows are too few; it needs %d; principal components (map-method pca) do with fewer",
            (long long)moco_tensor_size(matrix, 0), FEWEST);
    }
    if (moco_tensor_ndim(matrix) != 2 || moco_tensor_size(matrix, 0) > MOST || moco_tensor_size(matrix, 1) < 2) {
        return moco_error_set(MOCO_EINVALID, "tsne: give a matrix of %d to %d rows and 2 columns or more", FEWEST,
                              MOST);
    }
    if (!(o->perplexity > 1) || o->iterations < 1) {
        return moco_error_set(MOCO_EINVALID,
                              "tsne: perplexity %g and %lld iterations; give more than 1, and at least 1",
                              o->perplexity, (long long)o->iterations);
    }
    bool finite = true;
    MOCO_TRY(moco__tensor_is_finite(&finite, matrix));
    return finite ? MOCO_OK : moco_error_set(MOCO_EINVALID, "tsne: the matrix has values that are NaN or infinite");
}

MOCO__DEFINE_INIT(moco_tsne_options, MOCO_TSNE_OPTIONS_INIT)

moco_status moco_tsne(moco_tensor **out, moco_scope *scope, const moco_tensor *matrix, const moco_tsne_options *options)
{
    moco_tsne_options o;
    descent d = { .y = NULL };
    moco_tensor *affinities = NULL;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(matrix);
    MOCO__READ_OPTIONS(&o, options, MOCO_TSNE_OPTIONS_INIT);
    MOCO_TRY(check(matrix, &o));
    const double perplexity = moco__tsne_perplexity(o.perplexity, moco_tensor_size(matrix, 0));
    moco_no_grad_begin();
    moco_status status = make_descent(&d, matrix);
    MOCO_TRY_GOTO(status);
    MOCO_TRY_GOTO(moco__tsne_affinities(&affinities, matrix, perplexity));
    MOCO_TRY_GOTO(descend(&d, affinities, &o));
    MOCO_TRY_GOTO(give(out, scope, &d));
done:
    free(d.y);
    moco_tensor_free(affinities);
    const moco_status ended = moco_no_grad_end();
    return status != MOCO_OK ? status : ended;
}
