/* Opens a run: checks everything that can be wrong before it touches the run's folder. */
#ifndef MOCO_TRAIN_RUN_OPEN_INTERNAL_H
#define MOCO_TRAIN_RUN_OPEN_INTERNAL_H

#include "train/run_setup_internal.h"

/* Checks the configuration, finds the device, opens the data, compares the ranks and makes the model. */
moco_status moco__run_open(moco__run_setup *setup);
/* Refuses a folder that is not empty, with MOCO_EUNAVAILABLE while its run is trained, else with MOCO_EEXISTS. */
moco_status moco__run_refuse_used_folder(const char *out);
/* Makes the run's folder with its configuration, and takes its lock. `may_hold_run`: a young run may be there. */
moco_status moco__run_create_folder(const moco_config *config, int *lock, bool may_hold_run);

#endif
