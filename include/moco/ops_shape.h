/**
 * @file ops_shape.h
 * Makes, views, copies, joins and selects: see ops.h.
 *
 * Each function returns what moco_tensor_call() returns: ::MOCO_EINVALID if sizes or types do not fit. Results belong
 * to the scope, or to the caller if it is NULL.
 *
 * @since 0.2 for all of this file, unless a comment says 0.1.
 */
#ifndef MOCO_OPS_SHAPE_H
#define MOCO_OPS_SHAPE_H

#include "ops_call.h"

MOCO_BEGIN_DECLS

/** @name Making tensors
 * @{ */

/** Sets all elements to zero, in place. Not recorded. @since 0.1 */
static inline moco_status moco_tensor_zero(moco_tensor *tensor)
{
    MOCO_OPS_CHECK(tensor);
    const moco_value args[] = { moco_value_tensor(tensor) };
    return moco_ops_write("aten::zero_", args, 1);
}

/**
 * Makes a tensor of one number.
 * @param[out] out the result
 * @param scope owns the result; NULL: the caller does
 * @param number the value of all elements
 * @param dtype type of the elements
 * @param device where they are
 * @param sizes @p ndim sizes
 * @param ndim number of dimensions
 */
static inline moco_status moco_tensor_full(moco_tensor **out, moco_scope *scope, double number, moco_dtype dtype,
                                           moco_device device, const int64_t *sizes, size_t ndim)
{
    MOCO_OPS_CHECK(out);
    const moco_value args[] = { moco_value_ints(sizes, ndim), moco_value_real(number),
                                moco_value_named("dtype", moco_value_dtype(dtype)),
                                moco_value_named("device", moco_value_device(device)) };
    return moco_ops_call(out, scope, "aten::full", args, 4);
}

/** Makes a tensor of zeros, as moco_tensor_empty(). @since 0.1 */
static inline moco_status moco_tensor_zeros(moco_tensor **out, moco_scope *scope, moco_dtype dtype, moco_device device,
                                            const int64_t *sizes, size_t ndim)
{
    MOCO_OPS_CHECK(out);
    moco_tensor *made = NULL;
    MOCO_TRY(moco_tensor_empty(&made, scope, dtype, device, sizes, ndim));
    const moco_status status = moco_tensor_zero(made);
    if (status == MOCO_OK) {
        *out = made;
    } else if (scope == NULL) {
        moco_tensor_free(made);
    }
    return status;
}

/** Makes the int64 numbers 0..count-1, as a vector. */
static inline moco_status moco_tensor_arange(moco_tensor **out, moco_scope *scope, int64_t count, moco_device device)
{
    MOCO_OPS_CHECK(out);
    const moco_value args[] = { moco_value_int(count), moco_value_named("dtype", moco_value_dtype(MOCO_INT64)),
                                moco_value_named("device", moco_value_device(device)) };
    return moco_ops_call(out, scope, "aten::arange", args, 3);
}

/** @}
 * @name Views and copies
 * @{ */

/** Gives a second handle on the same memory, without the history. @since 0.1 */
static inline moco_status moco_tensor_detach(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::detach", tensor);
}

/** Copies a tensor, with its sizes. *Differentiable.* */
static inline moco_status moco_tensor_clone(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::clone", tensor);
}

/** Converts the elements; gives a second handle if they have that type already. *Differentiable.* */
static inline moco_status moco_tensor_cast(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                           moco_dtype dtype)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_dtype(dtype) };
    return moco_ops_call(out, scope, "aten::to.dtype", args, 2);
}

/** Overwrites @p tensor with @p source, of the same sizes; element types and devices may differ. Not recorded.
 * @since 0.1 */
static inline moco_status moco_tensor_copy(moco_tensor *tensor, const moco_tensor *source)
{
    MOCO_OPS_CHECK(tensor);
    MOCO_OPS_CHECK(source);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_tensor(source) };
    if (!moco_ops_same_sizes(tensor, source)) {
        MOCO_OPS_REFUSE("moco_tensor_copy: the sizes of the two tensors differ");
    }
    return moco_ops_write("aten::copy_", args, 2);
}

/** Makes a row-major copy, or a second handle if the tensor is row-major already. *Differentiable.* @since 0.1 */
static inline moco_status moco_tensor_contiguous(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::contiguous", tensor);
}

/** Gives a view of @p length entries of dimension @p dim from @p start. *Differentiable.* @since 0.1 */
static inline moco_status moco_tensor_narrow(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                             size_t dim, int64_t start, int64_t length)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_int((int64_t)dim), moco_value_int(start),
                                moco_value_int(length) };
    const int64_t size = moco_tensor_size(tensor, dim);
    if (size < 0 || start < 0 || length < 0 || start > size || length > size - start) {
        MOCO_OPS_REFUSE("moco_tensor_narrow: %lld entries from %lld of dimension %zu, which has %lld",
                        (long long)length, (long long)start, dim, (long long)(size < 0 ? 0 : size));
    }
    return moco_ops_call(out, scope, "aten::narrow", args, 4);
}

/** Gives the transpose of a matrix, as a view: N x M gives M x N. *Differentiable.* @since 0.1 */
static inline moco_status moco_tensor_transpose(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    if (moco_tensor_ndim(tensor) != 2) {
        MOCO_OPS_REFUSE("moco_tensor_transpose: expected a matrix, got a tensor of %zu dimensions",
                        moco_tensor_ndim(tensor));
    }
    return moco_ops_unary(out, scope, "aten::t", tensor);
}

/** Gives a view with the dimensions in another order: dimension i is dims[i] of the tensor. *Differentiable.* */
static inline moco_status moco_tensor_permute(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                              const int64_t *dims, size_t ndim)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_ints(out, scope, "aten::permute", tensor, dims, ndim);
}

/** Gives the elements, in row-major order, other sizes; one of them may be -1: what is left. A view if possible.
 * *Differentiable.* */
static inline moco_status moco_tensor_reshape(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                              const int64_t *sizes, size_t ndim)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_ints(out, scope, "aten::reshape", tensor, sizes, ndim);
}

/** Turns N x A x B x ... into a matrix N x (A B ...), row-major; a view if possible. *Differentiable.* @since 0.1 */
static inline moco_status moco_tensor_flatten(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    if (moco_tensor_ndim(tensor) < 2) {
        MOCO_OPS_REFUSE("moco_tensor_flatten: the tensor has %zu dimensions; give 2 or more", moco_tensor_ndim(tensor));
    }
    return moco_ops_int(out, scope, "aten::flatten.using_ints", tensor, 1);
}

/** Gives a view with one more dimension, of size 1, before @p dim: N x M and 1 give N x 1 x M. *Differentiable.* */
static inline moco_status moco_tensor_unsqueeze(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                int64_t dim)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_int(out, scope, "aten::unsqueeze", tensor, dim);
}

/** @}
 * @name Joining and selecting
 * @{ */

/** Concatenates @p count tensors along a dimension: N x C and M x C along 0 give (N + M) x C. *Differentiable.*
 * @since 0.1 */
static inline moco_status moco_tensor_cat(moco_tensor **out, moco_scope *scope, const moco_tensor *const *tensors,
                                          size_t count, size_t dim)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensors);
    const moco_value args[] = { moco_value_tensors(tensors, count), moco_value_int((int64_t)dim) };
    if (count > 0 && tensors[0] != NULL && dim >= moco_tensor_ndim(tensors[0])) {
        MOCO_OPS_REFUSE("moco_tensor_cat: dimension %zu of a tensor of %zu dimensions", dim,
                        moco_tensor_ndim(tensors[0]));
    }
    return moco_ops_call(out, scope, "aten::cat", args, 2);
}

/** Takes tensor[i][index[i][j]] for a matrix and @p dim 1: N x M and int64 N x J give N x J. *Differentiable.* */
static inline moco_status moco_tensor_gather(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                             int64_t dim, const moco_tensor *index)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    MOCO_OPS_CHECK(index);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_int(dim), moco_value_tensor(index) };
    return moco_ops_call(out, scope, "aten::gather", args, 3);
}

/** Copies a tensor, and puts @p source where moco_tensor_gather() would take it from. *Differentiable.* */
static inline moco_status moco_tensor_scatter(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                              int64_t dim, const moco_tensor *index, const moco_tensor *source)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    MOCO_OPS_CHECK(index);
    MOCO_OPS_CHECK(source);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_int(dim), moco_value_tensor(index),
                                moco_value_tensor(source) };
    return moco_ops_call(out, scope, "aten::scatter.src", args, 4);
}

/** Overwrites rows of N x ...: row index[i] (int64, M) becomes row i of @p source (M x ...). Not recorded. */
static inline moco_status moco_tensor_set_rows(moco_tensor *tensor, const moco_tensor *index, const moco_tensor *source)
{
    MOCO_OPS_CHECK(tensor);
    MOCO_OPS_CHECK(index);
    MOCO_OPS_CHECK(source);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_int(0), moco_value_tensor(index),
                                moco_value_tensor(source) };
    return moco_ops_write("aten::index_copy_", args, 4);
}

/** Takes an element of @p a where @p condition (bool) holds, else of @p b; sizes broadcast. *Differentiable.* */
static inline moco_status moco_tensor_where(moco_tensor **out, moco_scope *scope, const moco_tensor *condition,
                                            const moco_tensor *a, const moco_tensor *b)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(condition);
    MOCO_OPS_CHECK(a);
    MOCO_OPS_CHECK(b);
    const moco_value args[] = { moco_value_tensor(condition), moco_value_tensor(a), moco_value_tensor(b) };
    return moco_ops_call(out, scope, "aten::where.self", args, 3);
}

/** Copies a tensor, with @p number where @p mask (bool, sizes broadcast) holds. *Differentiable.* */
static inline moco_status moco_tensor_masked_fill(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                  const moco_tensor *mask, double number)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    MOCO_OPS_CHECK(mask);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_tensor(mask), moco_value_real(number) };
    return moco_ops_call(out, scope, "aten::masked_fill.Scalar", args, 3);
}

/** @} */

MOCO_END_DECLS

#endif
