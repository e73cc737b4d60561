/* numpy's names of types. */
#ifndef MOCO_C_API_NUMPY_TYPE_H
#define MOCO_C_API_NUMPY_TYPE_H

#include "moco/tensor.h"

/* Byte order, kind and bytes, as "<f4"; NULL where numpy has no such type. */
const char *moco__numpy_type(moco_dtype dtype);

#endif
