/* Refuses numbers that are NaN or infinite: weights of files, and features. */
#ifndef MOCO_WEIGHTS_FINITE_INTERNAL_H
#define MOCO_WEIGHTS_FINITE_INTERNAL_H

#include "moco/tensor.h"

MOCO_BEGIN_DECLS

/* Finds out whether all values of a tensor of any type are finite; waits for its device. */
moco_status moco__tensor_is_finite(bool *out, const moco_tensor *tensor);

/* Refuses a tensor of a file whose values are not finite: MOCO_EFORMAT, naming both. */
moco_status moco__weights_check_finite(const moco_tensor *tensor, const char *path, const char *name);

MOCO_END_DECLS

#endif
