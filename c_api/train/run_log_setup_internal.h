/* Logs what a run is about to do: where, on which data, with which network and loss. */
#ifndef MOCO_TRAIN_RUN_LOG_SETUP_INTERNAL_H
#define MOCO_TRAIN_RUN_LOG_SETUP_INTERNAL_H

#include "train/run_internal.h"

/* Logs the first lines of a run, and warns of settings that are slow or fit the data badly. */
void moco__run_log_setup(const moco__run *run);

#endif
