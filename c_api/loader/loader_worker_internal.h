/* Turns the samples of a chunk into views: what a worker thread does. */
#ifndef MOCO_LOADER_LOADER_WORKER_INTERNAL_H
#define MOCO_LOADER_LOADER_WORKER_INTERNAL_H

#include "loader/loader_ring_internal.h"
#include "loader/stages_internal.h"

/* What all workers share. */
typedef struct moco__job {
    const moco_dataset *dataset;
    moco_augment_policy policies[2];
    size_t view_count; /* 1 or 2 */
    moco_loader_options options;
    size_t image_bytes; /* bytes of a view in a batch */
    moco__ring ring;
    moco__stage_sums sums; /* with options.measure */
} moco__job;

/* A thread, and the images that it reuses. */
typedef struct moco__worker {
    moco__job *job;
    pthread_t thread;
    moco_image *source;
    moco_image *view;
    moco_image *scratch;
} moco__worker;

/* Fills in a zeroed worker. After a failure, too, moco__worker_free() must be called. */
moco_status moco__worker_make(moco__worker *worker, moco__job *job);
void moco__worker_free(moco__worker *worker);

/* Works until the ring is stopped; the body of a thread, whose argument is the worker. Returns NULL. */
void *moco__worker_run(void *argument);

#endif
