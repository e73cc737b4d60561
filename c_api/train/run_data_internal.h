/* Finds the images of a run: at the paths of its configuration, or as the application gives them. */
#ifndef MOCO_TRAIN_RUN_DATA_INTERNAL_H
#define MOCO_TRAIN_RUN_DATA_INTERNAL_H

#include "train/run_internal.h"

/* Takes what the options give. For a new run, the configuration takes over a policy. */
moco_status moco__run_take_given(moco__run *run, bool is_new);
/* Opens the images that are not given. */
moco_status moco__run_open_data(moco__run_setup *setup);
/* Names the training images for people. */
const char *moco__run_data_name(const moco__run_setup *setup);

enum { MOCO__ORDER_TEXT = 32 };

/* Describes an order that is given: "callback", or the weights by a hash; "" without one. */
void moco__run_describe_order(char text[MOCO__ORDER_TEXT], const moco__run_setup *setup);

/* Refuses to continue a checkpoint with other data or another policy than it was trained on; for rank 0. */
moco_status moco__run_check_given(const moco__run *run, const char *checkpoint);
/* Refuses another order than the checkpoint had that the model was loaded from. */
moco_status moco__run_check_order(const moco__run *run, const char *path);
/* Lets the model keep, for its checkpoints, what the data are and the application's texts. */
moco_status moco__run_note_given(const moco__run *run);

#endif
