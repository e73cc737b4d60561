/* Measures the quality of features of some training images without labels. */
#ifndef MOCO_TRAIN_RUN_FEATURES_INTERNAL_H
#define MOCO_TRAIN_RUN_FEATURES_INTERNAL_H

#include "train/run_internal.h"

/* Reads back from the run's metrics what earlier sessions have found. */
void moco__run_recall_features(moco__run *run);

/* Measures features of some training images, if that is cheap by the steps since the last time, and writes what it
 * finds. A failure is logged, and the run continues. */
moco_status moco__run_measure_features(moco__run *run);

#endif
