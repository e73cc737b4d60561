/* Places images on a map: by the first two principal components of their features, or by t-SNE. */
#include "report/map_places_internal.h"

#include "base/handle_internal.h"
#include "base/tensor_internal.h"

#include "moco/embed.h"
#include "moco/ops.h"

#include <stdlib.h>
#include <string.h>

/* Gives every step-th row, so that a dataset in the order of its classes keeps all of them. */
static moco_status choose_rows(moco_tensor **out, moco_scope *scope, moco__map_places *places,
                               const moco_features *features, size_t count)
{
    const size_t all = moco_features_count(features);
    const moco_tensor *matrix = moco_features_matrix(features);
    const int64_t size = (int64_t)count;
    moco_tensor *here = NULL;
    int64_t *rows = moco__calloc(count, sizeof *rows);
    if (rows == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < count; ++i) {
        rows[i] = (int64_t)(i * all / count);
        places->labels[i] = moco_features_labels(features)[rows[i]];
    }
    const moco_status status =
        moco_tensor_from_host(&here, scope, MOCO_INT64, moco_tensor_device(matrix), &size, 1, rows);
    free(rows);
    MOCO_TRY(status);
    const moco_value arguments[] = { moco_value_tensor(matrix), moco_value_int(0), moco_value_tensor(here) };
    return count == all ? moco_tensor_narrow(out, scope, matrix, 0, 0, size)
                        : moco_tensor_call(out, 1, scope, "aten::index_select", arguments, 3);
}

static moco_status place(moco__map_places *out, moco_scope *scope, const moco_features *features,
                         const moco_map_options *o)
{
    moco_tensor *rows, *places;
    moco_tsne_options tsne = MOCO_TSNE_OPTIONS_INIT;
    MOCO_TRY(choose_rows(&rows, scope, out, features, out->count));
    if (o->method == MOCO_MAP_TSNE) {
        tsne.perplexity = o->perplexity;
        tsne.progress = o->progress;
        tsne.payload = o->payload;
        MOCO_TRY(moco_tsne(&places, scope, rows, &tsne));
    } else {
        MOCO_TRY(moco__tensor_pca(&places, out->shares, scope, rows, 2));
    }
    return moco_tensor_to_host(out->xy, 2 * out->count * sizeof *out->xy, places);
}

moco_status moco__map_place(moco__map_places *out, const moco_features *features, const moco_map_options *options)
{
    moco_scope *scope = NULL;
    const size_t all = moco_features_count(features);
    const bool is_part = options->method == MOCO_MAP_TSNE && options->limit > 0 && all > options->limit;
    *out = (moco__map_places){ .count = is_part ? options->limit : all };
    out->xy = moco__calloc(2 * out->count + 2, sizeof *out->xy);
    out->labels = moco__calloc(out->count + 1, sizeof *out->labels);
    if (out->xy == NULL || out->labels == NULL) {
        return MOCO_ENOMEM;
    }
    MOCO_TRY(moco_scope_create(&scope));
    const moco_status status = place(out, scope, features, options);
    moco_scope_free(scope);
    return status;
}

void moco__map_places_free(moco__map_places *places)
{
    free(places->xy);
    free(places->labels);
    *places = (moco__map_places){ .xy = NULL };
}
