/* Starts a run: a new one, or from a checkpoint. */
#ifndef MOCO_TRAIN_RUN_START_INTERNAL_H
#define MOCO_TRAIN_RUN_START_INTERNAL_H

#include "train/run_internal.h"

/* Each of these leaves the run ready for its next step. */

/* Starts a new run in a new folder. */
moco_status moco__run_start_new(moco__run *run);
/* Continues from the newest checkpoint in a run's folder, or from one checkpoint. */
moco_status moco__run_start_resumed(moco__run *run, const char *path);
/* Continues the run in config.out if it has a checkpoint there, else starts a new one; for jobs that are restarted. */
moco_status moco__run_start_or_resume(moco__run *run);

#endif
