/* Names a dataset for people. */
#ifndef MOCO_DATASET_DATASET_PAIR_INTERNAL_H
#define MOCO_DATASET_DATASET_PAIR_INTERNAL_H

#include "moco/dataset.h"

/* Returns the path that the images of a dataset are at, borrowed, or words for an application's. */
const char *moco__dataset_place(const moco_dataset *dataset);

#endif
