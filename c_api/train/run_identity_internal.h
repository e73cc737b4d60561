/* Records what the data of a run are, and finds out whether they have changed since a checkpoint. */
#ifndef MOCO_TRAIN_RUN_IDENTITY_INTERNAL_H
#define MOCO_TRAIN_RUN_IDENTITY_INTERNAL_H

#include "train/run_internal.h"

/* Refuses a checkpoint of a memory bank, which has one row per image, for another number of images. */
moco_status moco__run_check_bank(const moco__run_setup *setup, const char *checkpoint);
/* Compares the data with those that the checkpoint noted which the model was loaded from. Other data are refused,
 * unless options.data_changed is set: then the position goes back to the beginning of its epoch. All ranks call it. */
moco_status moco__run_check_identity(moco__run *run, const char *checkpoint);
/* Refuses a checkpoint that does not note its data, if its steps do not fit the epochs of these. Call it when the
 * sampler is open. */
moco_status moco__run_check_length(const moco__run *run);
/* Lets the model keep what the data are, for its checkpoints. */
moco_status moco__run_note_identity(const moco__run_setup *setup);

/* Refuses a folder of a new run that is in its data or around them, or of any run that is among its images. */
moco_status moco__run_check_places(const moco__run_setup *setup);

#endif
