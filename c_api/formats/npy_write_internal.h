/* Knows the types of numpy. */
#ifndef MOCO_FORMATS_NPY_WRITE_INTERNAL_H
#define MOCO_FORMATS_NPY_WRITE_INTERNAL_H

#include "moco/tensor.h"

/* Returns byte order, kind and bytes, as "<f4"; NULL if numpy has no such type. */
const char *moco__numpy_type(moco_dtype dtype);

#endif
