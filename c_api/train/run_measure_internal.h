/* Measures how the values of the training images are scaled. */
#ifndef MOCO_TRAIN_RUN_MEASURE_INTERNAL_H
#define MOCO_TRAIN_RUN_MEASURE_INTERNAL_H

#include "train/run_setup_internal.h"

/* Replaces normalize "auto" by what rank 0 measures on the images. */
moco_status moco__run_measure(moco__run_setup *setup);

#endif
