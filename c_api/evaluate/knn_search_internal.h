/* Finds the rows of the bank that are nearest to queries, block by block. */
#ifndef MOCO_EVALUATE_KNN_SEARCH_INTERNAL_H
#define MOCO_EVALUATE_KNN_SEARCH_INTERNAL_H

#include "evaluate/feature_set_internal.h"

/* A matrix product has the similarities of so many queries to so many rows of the bank: 64 MiB. */
enum { MOCO__KNN_QUERIES = 256, MOCO__KNN_BLOCK = 65536 };

/* The nearest neighbours of up to MOCO__KNN_QUERIES queries, on the host. */
typedef struct moco__neighbours {
    float *cosines;                        /* MOCO__KNN_QUERIES x k, descending */
    int64_t *rows;                         /* MOCO__KNN_QUERIES x k, in the bank */
    int64_t k;                             /* at most the size of the bank */
    int64_t block;                         /* rows of the bank at a time */
    float *block_cosines, *merged_cosines; /* the same of one block, and room to merge */
    int64_t *block_rows, *merged_rows;
} moco__neighbours;

/* Makes room for k neighbours of each query. moco__neighbours_release() frees it, after a failure too. */
moco_status moco__neighbours_allocate(moco__neighbours *near, int64_t k);
void moco__neighbours_release(moco__neighbours *near);

/* Finds the neighbours of count queries from `from` on. The scope, which is cleared, has the tensors meanwhile. */
moco_status moco__neighbours_search(moco__neighbours *near, moco_scope *scope, const moco_features *bank,
                                    const moco_features *queries, int64_t from, int64_t count);

#endif
