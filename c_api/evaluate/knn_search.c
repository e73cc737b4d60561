#include "evaluate/knn_search_internal.h"

#include "base/handle_internal.h"

#include "moco/ops.h"

#include <stdlib.h>

moco_status moco__neighbours_allocate(moco__neighbours *near, int64_t k)
{
    const size_t size = (size_t)(MOCO__KNN_QUERIES * k);
    *near = (moco__neighbours){ .k = k, .block = MOCO__KNN_BLOCK };
    float **const cosines[] = { &near->cosines, &near->block_cosines, &near->merged_cosines };
    int64_t **const rows[] = { &near->rows, &near->block_rows, &near->merged_rows };
    for (int i = 0; i < 3; ++i) {
        *cosines[i] = moco__calloc(size, sizeof **cosines[i]);
        *rows[i] = moco__calloc(size, sizeof **rows[i]);
        if (*cosines[i] == NULL || *rows[i] == NULL) {
            return MOCO_ENOMEM;
        }
    }
    return MOCO_OK;
}

void moco__neighbours_release(moco__neighbours *near)
{
    free(near->cosines);
    free(near->rows);
    free(near->block_cosines);
    free(near->block_rows);
    free(near->merged_cosines);
    free(near->merged_rows);
}

/* Finds the k nearest of a block of the bank, from its row `first` on; each query has k of them. */
static moco_status search_block(moco__neighbours *near, moco_scope *scope, const moco_features *bank, int64_t first,
                                int64_t rows, const moco_tensor *q, int64_t k)
{
    moco_tensor *block, *transposed, *cosines, *top, *places;
    MOCO_TRY(moco_tensor_narrow(&block, scope, bank->matrix, 0, first, rows));
    MOCO_TRY(moco_tensor_transpose(&transposed, scope, block));
    MOCO_TRY(moco_tensor_matmul(&cosines, scope, q, transposed)); /* queries x rows */
    MOCO_TRY(moco_tensor_topk(&top, &places, scope, cosines, k));
    const size_t found = (size_t)(moco_tensor_size(q, 0) * k);
    MOCO_TRY(moco_tensor_to_host(near->block_cosines, found * sizeof *near->block_cosines, top));
    MOCO_TRY(moco_tensor_to_host(near->block_rows, found * sizeof *near->block_rows, places));
    for (size_t i = 0; i < found; ++i) {
        near->block_rows[i] += first;
    }
    return MOCO_OK;
}

/* Merges the `found` neighbours of a query so far with `more` of a block, and keeps the nearest. */
static void merge(moco__neighbours *near, int64_t query, int64_t found, int64_t more)
{
    const float *a = near->cosines + query * near->k, *b = near->block_cosines + query * more;
    const int64_t *a_rows = near->rows + query * near->k, *b_rows = near->block_rows + query * more;
    int64_t i = 0, j = 0;
    for (int64_t to = query * near->k; i + j < found + more && i + j < near->k; ++to) {
        const bool of_block = i == found || (j < more && b[j] > a[i]);
        near->merged_cosines[to] = of_block ? b[j] : a[i];
        near->merged_rows[to] = of_block ? b_rows[j] : a_rows[i];
        j += of_block ? 1 : 0;
        i += of_block ? 0 : 1;
    }
}

static void swap_with_merged(moco__neighbours *near)
{
    float *cosines = near->cosines;
    int64_t *rows = near->rows;
    near->cosines = near->merged_cosines;
    near->rows = near->merged_rows;
    near->merged_cosines = cosines;
    near->merged_rows = rows;
}

moco_status moco__neighbours_search(moco__neighbours *near, moco_scope *scope, const moco_features *bank,
                                    const moco_features *queries, int64_t from, int64_t count)
{
    const int64_t total = (int64_t)bank->count;
    int64_t found = 0;
    for (int64_t first = 0; first < total; first += near->block) {
        const int64_t rows = total - first < near->block ? total - first : near->block;
        const int64_t more = rows < near->k ? rows : near->k;
        moco_tensor *q;
        MOCO_TRY(moco_tensor_narrow(&q, scope, queries->matrix, 0, from, count));
        MOCO_TRY(search_block(near, scope, bank, first, rows, q, more));
        moco_scope_clear(scope); /* the similarities to one block alone are in memory */
        for (int64_t i = 0; i < count; ++i) {
            merge(near, i, found, more);
        }
        swap_with_merged(near);
        found = found + more < near->k ? found + more : near->k;
    }
    return MOCO_OK;
}
