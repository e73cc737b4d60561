/*
 * The features that linear classifiers learnt from, for other programs.
 */
#ifndef MOCO_TOOLS_LINEAR_FEATURES_H
#define MOCO_TOOLS_LINEAR_FEATURES_H

#include <moco.h>

/*
 * Writes features and labels of both sets, and all that another program needs to repeat the training: the order of the
 * images in each epoch ("order", epochs x images) and the first weights ("first.weight").
 */
moco_status linear_write_features(const char *path, const moco_linear *linear, const moco_features *train,
                                  const moco_features *val, int64_t epochs, uint64_t seed);

#endif
