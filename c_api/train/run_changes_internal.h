/* Decides which options may change when a run continues, and says what that does to its numbers. */
#ifndef MOCO_TRAIN_RUN_CHANGES_INTERNAL_H
#define MOCO_TRAIN_RUN_CHANGES_INTERNAL_H

#include "train/run_internal.h"

/* Whether a run may continue with another value: those that differ from host to host may, the layout, which only
 * rounds differently, and whether steps are recorded. */
bool moco__run_may_change(const moco_option *option);

/* Applies the changes of moco_train_options, and of the configuration of a restarted job (or NULL), to the settings of
 * a checkpoint, for rank 0. */
moco_status moco__run_change(moco__run *run, const moco_config *asked);

/* Takes the places that moco_train_options give for the images, on every rank: they may differ from host to host. */
moco_status moco__run_take_places(moco__run *run);

/* Whether the paths of the images are not those of the checkpoint, for rank 0. */
bool moco__run_has_moved(const moco__run *run);

/* Logs what changes against an uninterrupted run, if anything does. */
void moco__run_log_changes(const moco__run *run);

#endif
