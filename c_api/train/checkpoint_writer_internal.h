/* Writes a checkpoint in a separate thread, while training continues. */
#ifndef MOCO_TRAIN_CHECKPOINT_WRITER_INTERNAL_H
#define MOCO_TRAIN_CHECKPOINT_WRITER_INTERNAL_H

#include "train/checkpoint_copy_internal.h"

#include "moco/checkpoint.h"
#include "moco/metrics.h"

#include <pthread.h>
#include <stdbool.h>

enum { MOCO__WRITER_MESSAGE = 2048 };

/* Zeros are a writer that has nothing to do. */
typedef struct moco__checkpoint_writer {
    moco__checkpoint_copy copy; /* its memory is kept for the next */
    bool has_copy;              /* that is to be written */
    char path[MOCO_PATH_MAX];
    moco_metrics *metrics; /* synced before the checkpoint, which they must not lag behind; may be NULL */
    const char *run;       /* whose old checkpoints are deleted; NULL: none are */
    int64_t keep_last, keep_every;
    pthread_t thread;
    bool runs;          /* the thread, or it waits to be joined */
    bool ended;         /* by the thread, atomically */
    moco_status status; /* of the thread */
    char message[MOCO__WRITER_MESSAGE];
} moco__checkpoint_writer;

/*
 * Copies the state of a model, and starts to write it. Fields `metrics`, `run`, `keep_last` and `keep_every` are set
 * before. With several processes all of them call it, and rank 0 writes. Waits for the last checkpoint first.
 */
moco_status moco__writer_start(moco__checkpoint_writer *writer, const char *path, const moco_model *model,
                               moco_position position, const moco_config *config);
/* Tells how the last checkpoint went, if it is written; does not wait. */
moco_status moco__writer_check(moco__checkpoint_writer *writer);
/* Waits until the last checkpoint is written, and tells how it went, once. */
moco_status moco__writer_wait(moco__checkpoint_writer *writer);
/* Waits, and frees the memory. */
void moco__writer_close(moco__checkpoint_writer *writer);

#endif
