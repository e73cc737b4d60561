/* numpy's names of types. */
#ifndef MOCO_FORMATS_NUMPY_TYPE_INTERNAL_H
#define MOCO_FORMATS_NUMPY_TYPE_INTERNAL_H

#include "moco/tensor.h"

/* Byte order, kind and bytes, as "<f4"; NULL where numpy has no such type. */
const char *moco__numpy_type(moco_dtype dtype);

#endif
