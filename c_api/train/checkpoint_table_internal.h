/* Lists the tensors of a checkpoint with their names, for writing, reading and sharing. */
#ifndef MOCO_TRAIN_CHECKPOINT_TABLE_INTERNAL_H
#define MOCO_TRAIN_CHECKPOINT_TABLE_INTERNAL_H

#include "formats/safetensors_read_internal.h"

#include "moco/model.h"

enum { MOCO__TABLE_NAME = 128 };

typedef struct moco__table {
    moco_named_tensor *rows;
    char (*names)[MOCO__TABLE_NAME];
    size_t count;
    size_t capacity;
    moco_tensor *queue_ptr;    /* int64, 1; NULL: the model has no queue */
    moco_tensor *queue_filled; /* int64, 1; NULL, too */
    moco_tensor *ranks[2];     /* with several ranks: world x values, the statistics of each; else NULL */
} moco__table;

/* Names of the tensors that hold the running statistics of each rank, for the query and the key encoder. */
extern const char *const moco__rank_names[2];

/* Lists a model's tensors. Call moco__table_free() after a failure too. */
moco_status moco__table_create(moco__table *t, const moco_model *model);
void moco__table_free(moco__table *t);
/* Adds a tensor, which must outlive the table. */
void moco__table_add(moco__table *t, const char *prefix, const char *name, const moco_tensor *tensor);
/*
 * Checks that a file holds the tensors of the table and no others, and gives where the queue stands in it; 0 without a
 * queue. Nothing is written to the tensors.
 */
moco_status moco__table_check(int64_t *pointer, int64_t *filled, const moco__table *t, const moco__safetensors *file,
                              const char *path);

#endif
