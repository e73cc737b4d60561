/* Saves the checkpoints of a run. */
#ifndef MOCO_TRAIN_RUN_SAVE_INTERNAL_H
#define MOCO_TRAIN_RUN_SAVE_INTERNAL_H

#include "train/run_internal.h"

/* Starts to save a checkpoint, if that of this step is not saved yet; older ones are deleted, as keep_last says. Its
 * errors come from the calls that follow. */
moco_status moco__run_save(moco__run *run);
/* Does the same, and leaves older ones alone. */
moco_status moco__run_save_more(moco__run *run);
/* Deletes the checkpoint that was only written for the time of a test. */
moco_status moco__run_forget(moco__run *run);

#endif
