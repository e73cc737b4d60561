/* Defines a training run: its set-up, its state, and what it reports. */
#ifndef MOCO_TRAIN_RUN_INTERNAL_H
#define MOCO_TRAIN_RUN_INTERNAL_H

#include "evaluate/progress_internal.h"
#include "train/checkpoint_writer_internal.h"
#include "train/run_log_internal.h"
#include "train/run_setup_internal.h"
#include "train/step_pace_internal.h"

#include "moco/metrics.h"
#include "moco/train.h"

/* What a step changes, beside the model. */
typedef struct moco__run_state {
    moco_position position;
    uint64_t saved_step; /* of the newest checkpoint; UINT64_MAX: there is none */
    double saved_time;   /* when it was written, or the run started; seconds on the monotonic clock */
    double tested_time;  /* when the last kNN test ended, or the run started */
    int64_t wished;      /* what was due by the clock, and was not done yet; see run_due_internal.h */
} moco__run_state;

/* What the kNN monitor has found so far; known to rank 0. NaN: nothing. */
typedef struct moco__run_tests {
    double start; /* of the network before the first step */
    double best;  /* of the checkpoint "best" */
    bool warned;  /* that the run is worse than its start */
} moco__run_tests;

/* What the label-free monitors have seen; see run_health_internal.h. */
typedef struct moco__run_health {
    moco_step latest;    /* borrowed from the model until its next step */
    uint64_t was_spread; /* the last step whose embeddings were spread */
    uint64_t measured;   /* the last step at which features were measured, or could not be */
    double rank, best_rank, best_knn;
    double measured_time, measured_seconds; /* when that ended, and what it took; 0: not in this session */
    double seconds;                         /* that the monitors took in this session */
    bool warned_of_collapse, warned_of_rank, warned_of_leak;
} moco__run_health;

typedef struct moco__run_report {
    moco__run_log log;
    moco_metrics *metrics; /* NULL: another rank writes them */
    moco__run_tests tests;
    moco__progress progress;
    uint64_t left_chance; /* the last step whose loss was not at chance */
    bool warned_of_chance;
    moco__pace pace;
    moco__run_health health;
} moco__run_report;

/* Where the checkpoint of a resumed run came from; known to rank 0. */
typedef struct moco__run_origin {
    moco_position position;
    moco_device_type device;
    int64_t threads, epochs, max_steps;
    char data[MOCO_PATH_MAX], val_data[MOCO_PATH_MAX];
    char monitor[64];  /* what the images of the kNN monitor were, if they have changed; else empty */
    bool is_known;     /* the checkpoint says what its data were */
    bool data_changed; /* the run continues on other data; known to all ranks */
} moco__run_origin;

typedef struct moco__run {
    moco_train_options options;
    moco__run_origin origin;
    moco__run_setup setup;
    moco__run_state state;
    moco__run_report report;
    moco__checkpoint_writer writer;
    int lock; /* on the folder, of rank 0; see run_lock_internal.h */
} moco__run;

/* Allocates a run; the options may be NULL. */
moco_status moco__run_create(moco__run **out, const moco_config *config, const moco_train_options *options);
void moco__run_free(moco__run *run);

#endif
