/* Knows the names of the classes of datasets whose files do not have them. */
#ifndef MOCO_DATASET_CLASS_NAMES_INTERNAL_H
#define MOCO_DATASET_CLASS_NAMES_INTERNAL_H

#include "dataset/dataset_internal.h"

/* Gives a dataset the names of CIFAR-10's or CIFAR-100's classes, by their number. Others get none. */
moco_status moco__class_names_cifar(moco_dataset *dataset);

/* Gives a dataset of IDX files the names of Fashion-MNIST's or MNIST's classes, if its labels begin as those of the
 * published files do, or if its path names Fashion-MNIST. Others get none. */
moco_status moco__class_names_idx(moco_dataset *dataset, const char *path);

#endif
