/* Knows the names that a pickle may use, and makes what calling them gives. */
#ifndef MOCO_FORMATS_PICKLE_CALLS_INTERNAL_H
#define MOCO_FORMATS_PICKLE_CALLS_INTERNAL_H

#include "formats/pickle_values_internal.h"

/* Makes the value of a name; refuses names that are not known. */
moco_status moco__pickle_find_global(moco__pickle_value **out, moco__pickle *pickle, const char *module,
                                     const char *name);
/* Makes the value that a call of a name gives. */
moco_status moco__pickle_call(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *callable,
                              moco__pickle_value *arguments);
/* Makes the storage that a persistent id names. */
moco_status moco__pickle_make_storage(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *id);

#endif
