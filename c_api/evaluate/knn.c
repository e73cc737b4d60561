/* The weighted kNN classifier of arXiv 1805.01978, section 3.4, over L2-normalised features. */
#include "evaluate/feature_set_internal.h"

#include "base/handle_internal.h"
#include "ranks/comm_numbers_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 256 }; /* queries a matrix product: bounds the memory of the similarities */

/* Nearest neighbours of a chunk of queries, on the host. */
typedef struct neighbours {
    float *cosines; /* CHUNK x k, descending */
    int64_t *rows;  /* CHUNK x k, of the bank */
    int64_t k;
} neighbours;

static moco_status allocate(neighbours *near, int64_t k)
{
    near->k = k;
    near->cosines = moco__calloc((size_t)(CHUNK * k), sizeof *near->cosines);
    near->rows = moco__calloc((size_t)(CHUNK * k), sizeof *near->rows);
    return near->cosines != NULL && near->rows != NULL ? MOCO_OK : MOCO_ENOMEM;
}

static void release(neighbours *near)
{
    free(near->cosines);
    free(near->rows);
}

static moco_status search(neighbours *near, moco_scope *scope, const moco_features *bank, const moco_features *queries,
                          int64_t from, int64_t count)
{
    moco_tensor *q, *transposed, *cosines, *top, *rows;
    MOCO_TRY(moco_tensor_narrow(&q, scope, queries->matrix, 0, from, count));
    MOCO_TRY(moco_tensor_transpose(&transposed, scope, bank->matrix));
    MOCO_TRY(moco_tensor_matmul(&cosines, scope, q, transposed)); /* count x bank */
    MOCO_TRY(moco_tensor_topk(&top, &rows, scope, cosines, near->k));
    const size_t found = (size_t)(count * near->k);
    MOCO_TRY(moco_tensor_to_host(near->cosines, found * sizeof *near->cosines, top));
    MOCO_TRY(moco_tensor_to_host(near->rows, found * sizeof *near->rows, rows));
    moco_scope_clear(scope);
    return MOCO_OK;
}

/* The class with the most weight among a query's first k neighbours; votes has room for all classes. */
static int64_t vote(const neighbours *near, int64_t query, int64_t k, const moco_features *bank, double temperature,
                    double *votes, int64_t classes)
{
    for (int64_t c = 0; c < classes; ++c) {
        votes[c] = 0;
    }
    for (int64_t i = query * near->k; i < query * near->k + k; ++i) {
        votes[bank->labels[near->rows[i]]] += exp((double)near->cosines[i] / temperature);
    }
    int64_t best = 0;
    for (int64_t c = 1; c < classes; ++c) {
        if (votes[c] > votes[best]) {
            best = c;
        }
    }
    return best;
}

/* One query's class by every pair of k and temperature; the first k of the sorted neighbours are the k nearest. */
static void vote_all(int64_t *predicted, const neighbours *near, int64_t from, int64_t query, const moco_features *bank,
                     size_t queries, const moco_knn_grid_options *o, double *votes, int64_t classes)
{
    size_t cell = 0;
    for (size_t i = 0; i < o->k_count; ++i) {
        const int64_t k = o->k[i] < near->k ? o->k[i] : near->k;
        for (size_t t = 0; t < o->temperature_count; ++t, ++cell) {
            predicted[cell * queries + (size_t)(from + query)] =
                vote(near, query, k, bank, o->temperatures[t], votes, classes);
        }
    }
}

/* Predicts the classes of this rank's chunks: each world-th one, so that chunks are the same on any number of ranks. */
static moco_status classify(int64_t *predicted, neighbours *near, moco_scope *scope, const moco_features *bank,
                            const moco_features *queries, const moco_knn_grid_options *o, int64_t classes)
{
    double *votes = moco__calloc((size_t)classes, sizeof *votes);
    if (votes == NULL) {
        return MOCO_ENOMEM;
    }
    const int64_t total = (int64_t)queries->count;
    const int64_t first = (int64_t)moco_comm_rank(o->comm) * CHUNK;
    const int64_t stride = (int64_t)moco_comm_world(o->comm) * CHUNK;
    moco_status status = MOCO_OK;
    for (int64_t from = first; from < total && status == MOCO_OK; from += stride) {
        const int64_t count = total - from < CHUNK ? total - from : CHUNK;
        status = search(near, scope, bank, queries, from, count);
        for (int64_t i = 0; i < count && status == MOCO_OK; ++i) {
            vote_all(predicted, near, from, i, bank, queries->count, o, votes, classes);
        }
    }
    free(votes);
    return status;
}

static double accuracy_of(const int64_t *predicted, const moco_features *queries)
{
    size_t right = 0;
    for (size_t i = 0; i < queries->count; ++i) {
        right += predicted[i] == queries->labels[i] ? 1 : 0;
    }
    return 100.0 * (double)right / (double)queries->count;
}

static moco_status check_pair(const moco_features *bank, const moco_features *queries)
{
    MOCO_CHECK_ARG(bank);
    MOCO_CHECK_ARG(queries);
    if (bank->raw || queries->raw) {
        return moco_error_set(MOCO_EINVALID, "kNN: the features are raw; give them to moco_features_normalize() first");
    }
    if (moco_tensor_size(bank->matrix, 1) != moco_tensor_size(queries->matrix, 1)) {
        return moco_error_set(MOCO_EINVALID, "kNN: features of %lld and %lld dimensions cannot be compared",
                              (long long)moco_tensor_size(bank->matrix, 1),
                              (long long)moco_tensor_size(queries->matrix, 1));
    }
    return MOCO_OK;
}

/* Number of classes in the labels of both, or an error where one is missing. */
static moco_status count_classes(int64_t *classes, const moco_features *bank, const moco_features *queries)
{
    const moco_features *both[2] = { bank, queries };
    int64_t highest = -1;
    for (int f = 0; f < 2; ++f) {
        for (size_t i = 0; i < both[f]->count; ++i) {
            const int64_t label = both[f]->labels[i];
            if (label < 0) {
                return moco_error_set(MOCO_EINVALID, "kNN: image %zu of the %s has no label; use labelled data",
                                      (size_t)both[f]->indices[i], f == 0 ? "training images" : "test images");
            }
            highest = label > highest ? label : highest;
        }
    }
    *classes = highest + 1;
    return MOCO_OK;
}

static moco_status check_grid(const moco_knn_grid_options *o)
{
    if (o->k == NULL || o->temperatures == NULL || o->k_count == 0 || o->temperature_count == 0) {
        return moco_error_set(MOCO_EINVALID, "kNN: %zu values of k and %zu temperatures; give at least one of each",
                              o->k != NULL ? o->k_count : 0, o->temperatures != NULL ? o->temperature_count : 0);
    }
    for (size_t i = 0; i < o->k_count; ++i) {
        if (o->k[i] < 1) {
            return moco_error_set(MOCO_EINVALID, "kNN: k %lld must be at least 1", (long long)o->k[i]);
        }
    }
    for (size_t i = 0; i < o->temperature_count; ++i) {
        if (!(o->temperatures[i] > 0)) {
            return moco_error_set(MOCO_EINVALID, "kNN: temperature %g must be above 0", o->temperatures[i]);
        }
    }
    return MOCO_OK;
}

/* Neighbours that the largest k asks for. */
static int64_t largest_k(const moco_knn_grid_options *o, const moco_features *bank)
{
    int64_t k = 1;
    for (size_t i = 0; i < o->k_count; ++i) {
        k = o->k[i] > k ? o->k[i] : k;
    }
    return k < (int64_t)bank->count ? k : (int64_t)bank->count;
}

moco_status moco_knn_grid(double *accuracies, int64_t *predicted, const moco_features *bank,
                          const moco_features *queries, const moco_knn_grid_options *options)
{
    MOCO_CHECK_ARG(accuracies);
    MOCO_CHECK_ARG(options);
    MOCO_TRY(check_pair(bank, queries));
    MOCO_TRY(check_grid(options));
    int64_t classes = 0;
    MOCO_TRY(count_classes(&classes, bank, queries));
    const size_t cells = options->k_count * options->temperature_count;
    neighbours near = { 0 };
    moco_scope *scope = NULL;
    moco_status status;
    int64_t *votes = moco__calloc(cells * queries->count, sizeof *votes); /* zero where another rank votes */
    if (votes == NULL) {
        return MOCO_ENOMEM;
    }
    MOCO_TRY_GOTO(allocate(&near, largest_k(options, bank)));
    MOCO_TRY_GOTO(moco_scope_create(&scope));
    MOCO_TRY_GOTO(classify(votes, &near, scope, bank, queries, options, classes));
    MOCO_TRY_GOTO(
        moco__comm_sum_numbers(options->comm, moco_tensor_device(bank->matrix), votes, cells * queries->count));
    for (size_t i = 0; i < cells; ++i) {
        accuracies[i] = accuracy_of(votes + i * queries->count, queries);
    }
    if (predicted != NULL) {
        memcpy(predicted, votes, cells * queries->count * sizeof *votes);
    }
done:
    moco_scope_free(scope);
    release(&near);
    free(votes);
    return status;
}

moco_status moco_knn(double *accuracy, int64_t *predicted, const moco_features *bank, const moco_features *queries,
                     const moco_knn_options *options)
{
    const moco_knn_options defaults = MOCO_KNN_OPTIONS_INIT;
    const moco_knn_options *o = options != NULL ? options : &defaults;
    moco_knn_grid_options grid = MOCO_KNN_GRID_OPTIONS_INIT;
    MOCO_CHECK_ARG(accuracy);
    grid.k = &o->k;
    grid.k_count = 1;
    grid.temperatures = &o->temperature;
    grid.temperature_count = 1;
    grid.comm = o->comm;
    return moco_knn_grid(accuracy, predicted, bank, queries, &grid);
}

moco_status moco_nearest(size_t *rows, double *cosines, size_t k, const moco_features *bank,
                         const moco_features *queries, size_t query)
{
    MOCO_CHECK_ARG(rows);
    MOCO_TRY(check_pair(bank, queries));
    if (k < 1 || k > bank->count || query >= queries->count) {
        return moco_error_set(MOCO_EINVALID, "nearest: %zu neighbours of %zu images for query %zu of %zu", k,
                              bank->count, query, queries->count);
    }
    neighbours near = { 0 };
    moco_scope *scope = NULL;
    moco_status status;
    MOCO_TRY_GOTO(allocate(&near, (int64_t)k));
    MOCO_TRY_GOTO(moco_scope_create(&scope));
    MOCO_TRY_GOTO(search(&near, scope, bank, queries, (int64_t)query, 1));
    for (size_t i = 0; i < k; ++i) {
        rows[i] = (size_t)near.rows[i];
        if (cosines != NULL) {
            cosines[i] = (double)near.cosines[i];
        }
    }
done:
    moco_scope_free(scope);
    release(&near);
    return status;
}
