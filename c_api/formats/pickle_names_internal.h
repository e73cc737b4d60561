/* Knows the names that a pickle may use: those that torch.load(weights_only=True) allows, and more for plain data. */
#ifndef MOCO_FORMATS_PICKLE_NAMES_INTERNAL_H
#define MOCO_FORMATS_PICKLE_NAMES_INTERNAL_H

#include "formats/pickle_values_internal.h"

/* What calling a name gives. */
typedef enum moco__pickle_action {
    MOCO__NAME_DICTIONARY,
    MOCO__NAME_TENSOR,
    MOCO__NAME_TENSOR_OF_TYPE, /* the type comes after the sizes */
    MOCO__NAME_TENSOR_OF_CLASS,
    MOCO__NAME_TENSOR_ELSEWHERE, /* quantised, sparse, or without values */
    MOCO__NAME_PARAMETER,
    MOCO__NAME_SIZE,
    MOCO__NAME_STORAGE,
    MOCO__NAME_INERT /* without a meaning here, called or not */
} moco__pickle_action;

/* Returns whether a name is known; gives its action, and the type of elements that it means or NULL. */
bool moco__pickle_find_name(moco__pickle_action *out, const moco__pickle_type **type, const char *module,
                            const char *name);

#endif
