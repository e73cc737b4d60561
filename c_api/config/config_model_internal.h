/* Resolves the groups of batch norm of a configuration. */
#ifndef MOCO_CONFIG_CONFIG_MODEL_INTERNAL_H
#define MOCO_CONFIG_CONFIG_MODEL_INTERNAL_H

#include "moco/config.h"

/* Returns the number of groups that "auto" means: the largest multiple of the parts that divides the batch, up to the
 * paper's number of groups. A part is what a process computes at a time; it has one or more groups. */
int64_t moco__auto_splits(int64_t batch, int64_t parts);

#endif
