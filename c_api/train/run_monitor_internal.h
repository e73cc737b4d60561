/* Tests the encoder of a run by nearest neighbours, and draws the run's pictures. */
#ifndef MOCO_TRAIN_RUN_MONITOR_INTERNAL_H
#define MOCO_TRAIN_RUN_MONITOR_INTERNAL_H

#include "train/run_internal.h"

/* Measures the kNN accuracy; all ranks share the work. MOCO_ESTOPPED as soon as the progress callback asks to stop. */
moco_status moco__run_knn(moco__run *run);
/* Finds out whether a resumed run broke off in the test of the step that it continues from; all ranks get the same. */
moco_status moco__run_lacks_knn(bool *out, const moco__run *run);
/* Draws all pictures of the run; for rank 0. */
moco_status moco__run_plot(const moco__run *run);

#endif
