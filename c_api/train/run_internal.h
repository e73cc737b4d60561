/* A training run: what its parts (set-up, loop, report, monitor) share. */
#ifndef MOCO_TRAIN_RUN_INTERNAL_H
#define MOCO_TRAIN_RUN_INTERNAL_H

#include "moco/checkpoint.h"
#include "moco/dataset.h"
#include "moco/loader.h"
#include "moco/metrics.h"
#include "moco/schedule.h"
#include "moco/train.h"

#include <stdio.h>

typedef struct moco__run {
    moco_config config; /* resolved */
    moco_train_options options;
    moco_comm *comm; /* of the peers; NULL: one process */
    moco_device device;
    /* data */
    moco_dataset *images;
    moco_dataset *val_images; /* of the kNN monitor; NULL: no monitor */
    moco_sampler *sampler;
    moco_loader *loader;
    /* method */
    moco_model *model;
    moco_schedule schedule;
    /* state */
    moco_position position;
    bool resumes; /* from a checkpoint, whose settings may have to give way to another number of processes */
    uint64_t epoch_steps;
    uint64_t steps;       /* of the whole run */
    uint64_t saved_step;  /* of the newest checkpoint; UINT64_MAX: none */
    double knn_acc1;      /* percent, NaN before the first */
    uint64_t left_chance; /* the last step whose loss was not at chance */
    bool warned_of_chance;
    /* report */
    moco_metrics *metrics;
    FILE *log;
    uint64_t window_start; /* step of the last metrics line */
    double window_time;    /* seconds on the monotonic clock then */
    double window_wait;    /* seconds waited for data until then */
    moco_progress progress;
} moco__run;

/* A run of a configuration; the options may be NULL. train.c */
moco__run *moco__run_allocate(const moco_config *config, const moco_train_options *options);
/* Refuses a folder that is not empty. */
moco_status moco__run_refuse_used_folder(const char *out);
/* Makes the run's folder with its configuration. */
moco_status moco__run_create_folder(const moco_config *config);
/* Finds all that can be wrong before the folder is touched: configuration, device, data, other ranks, model. */
moco_status moco__run_open(moco__run *run);

/* Set-up: from the configuration to a run that can take its first step. run.c */
moco_status moco__run_open_data(moco__run *run);
moco_status moco__run_create_model(moco__run *run);
/* Makes the sampler, which tells the steps of an epoch, and starts it at run->position. */
moco_status moco__run_open_sampler(moco__run *run);
/* Starts the loader at run->position. */
moco_status moco__run_start(moco__run *run);
void moco__run_close(moco__run *run);
/* Where the autos of the configuration become numbers, and the device is found. */
moco_status moco__run_resolve(moco__run *run);

/* Whether this process is the one that writes the run's folder. */
bool moco__run_is_writer(const moco__run *run);

/* Gives all ranks rank 0's configuration. run_agreement.c */
moco_status moco__run_share_config(moco__run *run);
/* Refuses ranks that differ in configuration, data or version. */
moco_status moco__run_agree(moco__run *run);
/* Refuses settings that are asked for again, but are not those of the run. What was auto may be anything. */
moco_status moco__run_same_settings(const moco_config *of_run, const moco_config *asked);
/* Refuses ranks whose queues or parameters have become different. */
moco_status moco__run_check_equal(moco__run *run);

/* Report: log, metrics, progress. run_report.c */
void moco__run_log(moco__run *run, moco_log_level level, const char *format, ...) MOCO_PRINTF(3, 4);
/* To train.log alone. */
void moco__run_log_file(moco__run *run, const char *line);
void moco__run_log_start(moco__run *run);
/* Fills in run->progress, and every print_freq steps reads the metrics back and writes them. */
moco_status moco__run_report(moco__run *run, double lr, bool flush);

/* Monitor: kNN accuracy, and the pictures at the end. run_monitor.c */
moco_status moco__run_knn(moco__run *run);
moco_status moco__run_plot(moco__run *run);

#endif
