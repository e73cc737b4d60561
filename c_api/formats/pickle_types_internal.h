/* Knows the types of elements that torch has. */
#ifndef MOCO_FORMATS_PICKLE_TYPES_INTERNAL_H
#define MOCO_FORMATS_PICKLE_TYPES_INTERNAL_H

#include "formats/pickle_values_internal.h"

/* Returns the type of a name of torch, as "float32"; NULL for others. */
const moco__pickle_type *moco__pickle_type_find(const char *name);

#endif
