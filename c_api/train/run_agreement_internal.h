/* Compares what must be equal on all ranks of a run. */
#ifndef MOCO_TRAIN_RUN_AGREEMENT_INTERNAL_H
#define MOCO_TRAIN_RUN_AGREEMENT_INTERNAL_H

#include "train/run_setup_internal.h"

/* Gives all ranks rank 0's configuration. */
moco_status moco__run_share_config(moco__run_setup *setup);
/* Refuses ranks that differ in configuration, data or version. */
moco_status moco__run_agree(const moco__run_setup *setup);
/* Refuses settings that differ from those of the run; "auto" fits every setting. */
moco_status moco__run_same_settings(const moco_config *of_run, const moco_config *asked);
/* Refuses ranks whose queues or parameters differ after a step. */
moco_status moco__run_check_equal(const moco__run_setup *setup, uint64_t step);

#endif
