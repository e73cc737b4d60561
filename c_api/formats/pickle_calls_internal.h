/* Knows the names that a pickle may use, and makes what calling them gives. */
#ifndef MOCO_FORMATS_PICKLE_CALLS_INTERNAL_H
#define MOCO_FORMATS_PICKLE_CALLS_INTERNAL_H

#include "formats/pickle_values_internal.h"

/* Finds a name in the table of known names; refuses others. */
moco_status moco__pickle_find_global(size_t *row, const moco__pickle *pickle, const char *module, const char *name);
/* Makes the value that a call of a name gives. */
moco_status moco__pickle_call(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *callable,
                              moco__pickle_value *arguments);
/* Makes the storage that a persistent id names. */
moco_status moco__pickle_make_storage(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *id);

#endif
