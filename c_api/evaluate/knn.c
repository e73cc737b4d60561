/* Classifies L2-normalised features by a weighted vote of the k nearest, as in arXiv 1805.01978, section 3.4. */
#include "evaluate/knn_own_internal.h"
#include "evaluate/knn_search_internal.h"

#include "base/comm_internal.h"
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "ranks/comm_numbers_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Queries, the bank that votes on them, and the result. */
typedef struct election {
    const moco_features *bank, *queries;
    const moco_knn_options *options;
    int64_t classes;
    bool has_own;       /* some queries are in the bank too, and do not vote on themselves */
    double *votes;      /* classes: room for one election */
    int64_t *predicted; /* k_count x temperature_count x queries */
} election;

/* Returns the class with the most votes of the first k neighbours of a query, the index-th of all and the query-th of
 * its chunk; its own image does not count. */
static int64_t vote(const election *e, const moco__neighbours *near, int64_t query, size_t index, int64_t k,
                    double temperature)
{
    int64_t voted = 0;
    for (int64_t c = 0; c < e->classes; ++c) {
        e->votes[c] = 0;
    }
    for (int64_t i = query * near->k; i < (query + 1) * near->k && voted < k; ++i) {
        if (!e->has_own || !moco__knn_is_own(e->bank, near->rows[i], e->queries, index)) {
            e->votes[e->bank->labels[near->rows[i]]] += exp((double)near->cosines[i] / temperature);
            ++voted;
        }
    }
    int64_t best = 0;
    for (int64_t c = 1; c < e->classes; ++c) {
        if (e->votes[c] > e->votes[best]) {
            best = c;
        }
    }
    return best;
}

/* Classifies a query, the index-th of all and the query-th of its chunk, with every pair of k and temperature. */
static void vote_all(const election *e, const moco__neighbours *near, int64_t query, size_t index)
{
    const moco_knn_options *o = e->options;
    size_t cell = 0;
    for (size_t i = 0; i < o->k_count; ++i) {
        const int64_t k =
            o->ks[i] < near->k ? o->ks[i] : near->k; /* neighbours are sorted: the first k are the nearest */
        for (size_t t = 0; t < o->temperature_count; ++t, ++cell) {
            e->predicted[cell * e->queries->count + index] = vote(e, near, query, index, k, o->temperatures[t]);
        }
    }
}

/* Classifies this rank's chunks: each world-th chunk of queries, so that chunks are the same on any number of ranks. */
static moco_status classify(const election *e, moco__neighbours *near, moco_scope *scope)
{
    int64_t stops = 0;
    moco_comm *comm = e->options->comm;
    const int64_t total = (int64_t)e->queries->count;
    const int64_t first = (int64_t)moco_comm_rank(comm) * MOCO__KNN_QUERIES;
    const int64_t stride = (int64_t)moco_comm_world(comm) * MOCO__KNN_QUERIES;
    for (int64_t from = first; from < total && stops == 0; from += stride) {
        const int64_t count = total - from < MOCO__KNN_QUERIES ? total - from : MOCO__KNN_QUERIES;
        MOCO_TRY(moco__neighbours_search(near, scope, e->bank, e->queries, from, count));
        for (int64_t i = 0; i < count; ++i) {
            vote_all(e, near, i, (size_t)(from + i));
        }
        const moco_features_fn progress = e->options->progress;
        stops = progress != NULL && progress((size_t)(from + count), (size_t)total, e->options->payload) != 0 ? 1 : 0;
    }
    MOCO_TRY(moco__comm_largest(&stops, comm, stops)); /* all ranks end together */
    return stops == 0 ? MOCO_OK : moco_error_set(MOCO_ESTOPPED, "kNN: stopped by the progress callback");
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
    if (bank == NULL || queries == NULL) {
        return moco_error_set(MOCO_EINVALID, "kNN: argument %s is NULL", bank == NULL ? "bank" : "queries");
    }
    if (bank->raw || queries->raw) {
        return moco_error_set(MOCO_EINVALID, "kNN: the features are raw; call moco_features_normalize() first");
    }
    if (moco_tensor_size(bank->matrix, 1) != moco_tensor_size(queries->matrix, 1)) {
        return moco_error_set(MOCO_EINVALID, "kNN: features of %lld and %lld dimensions cannot be compared",
                              (long long)moco_tensor_size(bank->matrix, 1),
                              (long long)moco_tensor_size(queries->matrix, 1));
    }
    return MOCO_OK;
}

/* Counts the classes in the labels of both. Fails if a label is missing. */
static moco_status count_classes(int64_t *classes, const moco_features *bank, const moco_features *queries)
{
    const moco_features *both[2] = { bank, queries };
    int64_t highest = -1;
    for (int f = 0; f < 2; ++f) {
        for (size_t i = 0; i < both[f]->count; ++i) {
            const int64_t label = both[f]->labels[i];
            if (label < 0) {
                return moco_error_set(MOCO_EINVALID, "kNN: image %zu of the %s has no label; give labelled data",
                                      (size_t)both[f]->indices[i], f == 0 ? "training images" : "test images");
            }
            highest = label > highest ? label : highest;
        }
    }
    *classes = highest + 1;
    return MOCO_OK;
}

static moco_status check_grid(const moco_knn_options *o)
{
    if (o->ks == NULL || o->temperatures == NULL) {
        return moco_error_set(MOCO_EINVALID, "kNN: %s is NULL; give values, or set %s to 0",
                              o->ks == NULL ? "ks" : "temperatures", o->ks == NULL ? "k_count" : "temperature_count");
    }
    for (size_t i = 0; i < o->k_count; ++i) {
        if (o->ks[i] < 1) {
            return moco_error_set(MOCO_EINVALID, "kNN: k %lld must be at least 1", (long long)o->ks[i]);
        }
    }
    for (size_t i = 0; i < o->temperature_count; ++i) {
        if (!(o->temperatures[i] > 0)) {
            return moco_error_set(MOCO_EINVALID, "kNN: temperature %g must be above 0", o->temperatures[i]);
        }
    }
    return MOCO_OK;
}

/* Returns the largest k, and one more if the nearest may be the query itself; at most the size of the bank. */
static int64_t largest_k(const moco_knn_options *o, const moco_features *bank, bool has_own)
{
    int64_t k = 1;
    for (size_t i = 0; i < o->k_count; ++i) {
        k = o->ks[i] > k ? o->ks[i] : k;
    }
    if (k > (int64_t)bank->count) {
        if (moco_comm_rank(o->comm) == 0) {
            moco_log(MOCO_LOG_WARNING,
                     "kNN: k %lld is more than the %zu images that can vote, so all of them vote; choose a smaller k",
                     (long long)k, bank->count);
        }
        return (int64_t)bank->count;
    }
    return has_own && k < (int64_t)bank->count ? k + 1 : k;
}

MOCO__DEFINE_INIT(moco_knn_options, MOCO_KNN_OPTIONS_INIT)

/* Reads the options; one k and one temperature become a list of one, which points into *out. */
static moco_status read_options(moco_knn_options *out, const moco_knn_options *options, const moco_features *bank)
{
    MOCO__READ_OPTIONS(out, options, MOCO_KNN_OPTIONS_INIT);
    if (out->k_count == 0) {
        out->k = out->k == 0 ? moco_knn_auto_k(bank) : out->k;
        out->ks = &out->k;
        out->k_count = 1;
    }
    if (out->temperature_count == 0) {
        out->temperatures = &out->temperature;
        out->temperature_count = 1;
    }
    return MOCO_OK;
}

moco_status moco_knn(double *accuracy, int64_t *predicted, const moco_features *bank, const moco_features *queries,
                     const moco_knn_options *options)
{
    moco_knn_options o;
    MOCO_CHECK_ARG(accuracy);
    MOCO_TRY(read_options(&o, options, bank));
    MOCO_TRY(check_pair(bank, queries));
    MOCO_TRY(check_grid(&o));
    election e = { .bank = bank, .queries = queries, .options = &o };
    MOCO_TRY(count_classes(&e.classes, bank, queries));
    MOCO_TRY(moco__knn_has_own(&e.has_own, bank, queries));
    const size_t cells = o.k_count * o.temperature_count;
    moco__neighbours near = { 0 };
    moco_scope *scope = NULL;
    moco_status status;
    e.votes = moco__calloc((size_t)e.classes, sizeof *e.votes);
    e.predicted = moco__calloc(cells * queries->count, sizeof *e.predicted); /* zero where another rank votes */
    MOCO_TRY_GOTO(e.votes != NULL && e.predicted != NULL ? MOCO_OK : MOCO_ENOMEM);
    MOCO_TRY_GOTO(moco__neighbours_allocate(&near, largest_k(&o, bank, e.has_own)));
    MOCO_TRY_GOTO(moco_scope_create(&scope));
    MOCO_TRY_GOTO(classify(&e, &near, scope));
    MOCO_TRY_GOTO(
        moco__comm_sum_numbers(o.comm, moco_tensor_device(bank->matrix), e.predicted, cells * queries->count));
    for (size_t i = 0; i < cells; ++i) {
        accuracy[i] = accuracy_of(e.predicted + i * queries->count, queries);
    }
    if (predicted != NULL) {
        memcpy(predicted, e.predicted, cells * queries->count * sizeof *predicted);
    }
done:
    moco_scope_free(scope);
    moco__neighbours_release(&near);
    free(e.predicted);
    free(e.votes);
    return status;
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
    moco__neighbours near = { 0 };
    moco_scope *scope = NULL;
    moco_status status;
    MOCO_TRY_GOTO(moco__neighbours_allocate(&near, (int64_t)k));
    MOCO_TRY_GOTO(moco_scope_create(&scope));
    MOCO_TRY_GOTO(moco__neighbours_search(&near, scope, bank, queries, (int64_t)query, 1));
    for (size_t i = 0; i < k; ++i) {
        rows[i] = (size_t)near.rows[i];
        if (cosines != NULL) {
            cosines[i] = (double)near.cosines[i];
        }
    }
done:
    moco_scope_free(scope);
    moco__neighbours_release(&near);
    return status;
}
