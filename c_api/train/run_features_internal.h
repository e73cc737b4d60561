/* Measures without labels what features of some training images are worth. */
#ifndef MOCO_TRAIN_RUN_FEATURES_INTERNAL_H
#define MOCO_TRAIN_RUN_FEATURES_INTERNAL_H

#include "train/run_internal.h"

/* Measures features of some training images, if the epoch that has ended is one to do so, and writes what it finds. A
 * failure is logged: it costs no training. */
moco_status moco__run_measure_features(moco__run *run);

#endif
