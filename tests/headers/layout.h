/*
 * Pins the layout of every struct of options, so that programs compiled with these headers run with later libraries of
 * the same soname. A new member is a new row, and begins at the size that the struct had: padding at the end of an
 * older struct is not zero. Rows change only with the soname.
 */
#ifndef MOCO_TESTS_HEADERS_LAYOUT_H
#define MOCO_TESTS_HEADERS_LAYOUT_H

#include <moco.h>

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#define AT(type, member, offset) _Static_assert(offsetof(type, member) == (offset), #type "." #member)

#endif
