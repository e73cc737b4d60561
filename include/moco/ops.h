/**
 * @file ops.h
 * The operations that people use daily, as functions over moco_tensor_call(): those that give tensors of other shapes
 * or types are in ops_shape.h, element-wise ones and products in ops_math.h, those over a dimension in ops_reduce.h,
 * and those on the rows of a matrix in ops_rows.h.
 *
 * All are inline, so they add nothing to what the library exports; languages without C's headers call
 * moco_tensor_call(). They return what it returns. A dimension counts from 0, or from -1 backwards.
 *
 * @since 0.2 for all of this file, unless a comment says 0.1.
 */
#ifndef MOCO_OPS_H
#define MOCO_OPS_H

#include "ops_math.h"
#include "ops_reduce.h"
#include "ops_rows.h"
#include "ops_shape.h"

#endif
