/* Counts typing errors. */
#ifndef MOCO_BASE_NEAREST_NAME_INTERNAL_H
#define MOCO_BASE_NEAREST_NAME_INTERNAL_H

#include <stddef.h>

/* Returns the typing errors between a text and a name, or one of the name's words plus one. */
size_t moco__names_apart(const char *wrong, const char *known);

/* Returns the errors from which on a name is not near: one is allowed in two letters, two in five, three in nine. */
size_t moco__names_bound(const char *wrong);

#endif
