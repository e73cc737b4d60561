/* Finds a mechanism. */
#ifndef MOCO_METHOD_MECHANISM_TABLE_INTERNAL_H
#define MOCO_METHOD_MECHANISM_TABLE_INTERNAL_H

#include "method/mechanism_internal.h"

/* Returns the mechanism of a kind; NULL if there is none. */
const moco__mechanism *moco__mechanism_of(moco_mechanism kind);

#endif
