/* Sets up what a training run works with: settings, device, data and model. */
#ifndef MOCO_TRAIN_RUN_SETUP_INTERNAL_H
#define MOCO_TRAIN_RUN_SETUP_INTERNAL_H

#include "method/loss_bounds_internal.h"

#include "moco/checkpoint.h"
#include "moco/dataset.h"
#include "moco/loader.h"
#include "moco/peers.h"
#include "moco/schedule.h"

/* What the application gives instead of the configuration's; borrowed; NULL: it gives none. */
typedef struct moco__run_given {
    const moco_dataset *images, *val_images;
    const char *pipe_data, *pipe_val_data; /* commands that may be run */
    moco_augment_policy policy;            /* its callback and payload count, since the configuration has the rest */
    bool has_order;
    size_t order_count; /* images that the order is for; 0: not said */
    const double *weights;
    moco_order_fn order;
    void *order_payload;
} moco__run_given;

typedef struct moco__run_setup {
    moco_config config; /* without "auto" once it is resolved */
    moco_peers *peers;  /* borrowed; NULL: one process */
    moco_comm *comm;    /* the peers' */
    bool resumes;       /* from a checkpoint, perhaps of another number of processes */
    moco_device device;
    bool chose_device; /* by "auto" */
    moco__run_given given;
    const moco_dataset *images;
    const moco_dataset *val_images; /* for the kNN monitor; NULL: there is no monitor */
    uint64_t fingerprint;           /* of the images, if the run opened them itself */
    uint64_t val_fingerprint;       /* the same of val_images */
    moco_dataset *opened[2];        /* those of the above that the run opened itself */
    moco_sampler *sampler;
    moco_loader *loader;
    moco_model *model;
    moco_schedule schedule;
    uint64_t epoch_steps;
    uint64_t epochs; /* of the run, the last of which may be broken off by max_steps */
    uint64_t steps;  /* of the run */
    int64_t shift;   /* steps done beyond those that the position counts: epochs had another length before */
} moco__run_setup;

/* Returns whether this process writes the run's folder: rank 0 does. */
bool moco__run_is_writer(const moco__run_setup *setup);

/* Returns what the loss of the run can be. */
moco__loss_bounds moco__run_loss_bounds(const moco__run_setup *setup);

/* Finds the device, and replaces every "auto" in the configuration. */
moco_status moco__run_resolve(moco__run_setup *setup);
moco_status moco__run_create_model(moco__run_setup *setup);
/* Opens the sampler at a position, counts the steps, and makes the schedule. */
moco_status moco__run_open_sampler(moco__run_setup *setup, moco_position position);
/* Starts the worker threads, at the sampler's position. */
moco_status moco__run_open_loader(moco__run_setup *setup);
/* Frees everything except what is borrowed. */
void moco__run_close_setup(moco__run_setup *setup);

#endif
