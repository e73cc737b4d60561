/**
 * @file ops_reduce.h
 * Sums, means, maxima and the like, of all elements or along a dimension: see ops.h.
 *
 * Each function returns what moco_tensor_call() returns: ::MOCO_EINVALID if sizes or types do not fit. Results belong
 * to the scope, or to the caller if it is NULL.
 *
 * @since 0.2 for all of this file, unless a comment says 0.1.
 */
#ifndef MOCO_OPS_REDUCE_H
#define MOCO_OPS_REDUCE_H

#include "ops_shape.h"

MOCO_BEGIN_DECLS

/** @name All elements
 * @{ */

/** Sums all elements, as a scalar. *Differentiable.* */
static inline moco_status moco_tensor_sum(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::sum", tensor);
}

/** Computes the mean of all elements, as a scalar. *Differentiable.* */
static inline moco_status moco_tensor_mean(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::mean", tensor);
}

/** Finds the largest element, as a scalar. *Differentiable.* */
static inline moco_status moco_tensor_max(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::max", tensor);
}

/** Computes the L2 norm of all elements, as a scalar. *Differentiable.* */
static inline moco_status moco_tensor_norm(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::linalg_vector_norm", tensor);
}

/** Computes the share of elements of a tensor that are below @p bound, as a float32 scalar. @since 0.1 */
static inline moco_status moco_tensor_share_below(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                  int64_t bound)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    moco_tensor *below = NULL;
    moco_status status = moco_ops_int(&below, NULL, "aten::lt.Scalar", tensor, bound);
    if (status == MOCO_OK) {
        const moco_value args[] = { moco_value_tensor(below),
                                    moco_value_named("dtype", moco_value_dtype(MOCO_FLOAT32)) };
        status = moco_ops_call(out, scope, "aten::mean", args, 2);
    }
    moco_tensor_free(below);
    return status;
}

/** @}
 * @name Along a dimension. With @p keep it stays, with size 1: N x M along 1 gives N x 1, or else N
 * @{ */

/** Sums along a dimension. *Differentiable.* */
static inline moco_status moco_tensor_sum_dim(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                              int64_t dim, bool keep)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_ints(&dim, 1), moco_value_bool(keep) };
    return moco_ops_call(out, scope, "aten::sum.dim_IntList", args, 3);
}

/** Computes means along a dimension. *Differentiable.* */
static inline moco_status moco_tensor_mean_dim(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                               int64_t dim, bool keep)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_ints(&dim, 1), moco_value_bool(keep) };
    return moco_ops_call(out, scope, "aten::mean.dim", args, 3);
}

/** Computes log(sum(exp(element))) along a dimension, without overflow. *Differentiable.* */
static inline moco_status moco_tensor_logsumexp(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                int64_t dim, bool keep)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_ints(&dim, 1), moco_value_bool(keep) };
    return moco_ops_call(out, scope, "aten::logsumexp", args, 3);
}

/** Finds where the largest element is along a dimension, as int64. */
static inline moco_status moco_tensor_argmax(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                             int64_t dim, bool keep)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_int(dim), moco_value_bool(keep) };
    return moco_ops_call(out, scope, "aten::argmax", args, 3);
}

/** Finds the largest element along a dimension, and where it is (int64). *Differentiable.* */
static inline moco_status moco_tensor_max_dim(moco_tensor **values, moco_tensor **indices, moco_scope *scope,
                                              const moco_tensor *tensor, int64_t dim, bool keep)
{
    MOCO_OPS_CHECK(values);
    MOCO_OPS_CHECK(indices);
    MOCO_OPS_CHECK(tensor);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_int(dim), moco_value_bool(keep) };
    moco_tensor *outs[2] = { NULL, NULL };
    MOCO_TRY(moco_tensor_call(outs, 2, scope, "aten::max.dim", args, 3));
    *values = outs[0];
    *indices = outs[1];
    return MOCO_OK;
}

/** Computes the L2 norms along a dimension. *Differentiable.* */
static inline moco_status moco_tensor_norm_dim(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                               int64_t dim, bool keep)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_named("dim", moco_value_ints(&dim, 1)),
                                moco_value_named("keepdim", moco_value_bool(keep)) };
    return moco_ops_call(out, scope, "aten::linalg_vector_norm", args, 3);
}

/** Computes exp(element) / sum(exp) along a dimension; the sizes stay. *Differentiable.* */
static inline moco_status moco_tensor_softmax(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                              int64_t dim)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_int(out, scope, "aten::softmax.int", tensor, dim);
}

/** Computes the logarithm of that, without overflow; the sizes stay. *Differentiable.* */
static inline moco_status moco_tensor_log_softmax(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                  int64_t dim)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_int(out, scope, "aten::log_softmax.int", tensor, dim);
}

/** @}
 * @name Of each row of a matrix
 * @{ */

/** Finds the @p k largest elements of each row, sorted: values N x k and int64 indices N x k. @since 0.1 */
static inline moco_status moco_tensor_topk(moco_tensor **values, moco_tensor **indices, moco_scope *scope,
                                           const moco_tensor *tensor, int64_t k)
{
    MOCO_OPS_CHECK(values);
    MOCO_OPS_CHECK(indices);
    MOCO_OPS_CHECK(tensor);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_int(k), moco_value_int(1) };
    moco_tensor *outs[2] = { NULL, NULL };
    if (moco_tensor_ndim(tensor) != 2 || k < 0 || k > moco_tensor_size(tensor, 1)) {
        MOCO_OPS_REFUSE("moco_tensor_topk: the %lld largest of %lld columns; give a matrix", (long long)k,
                        (long long)moco_tensor_size(tensor, 1));
    }
    MOCO_TRY(moco_tensor_call(outs, 2, scope, "aten::topk", args, 3));
    *values = outs[0];
    *indices = outs[1];
    return MOCO_OK;
}

/** @}
 * @name Lists
 * @{ */

/**
 * Computes list = m list + (1 - m) other, tensor by tensor, in place: an average of parameters over the steps. Not
 * recorded.
 * @return ::MOCO_EINVALID if the lists differ in length, or two tensors in sizes, type or device; then
 * nothing changes
 * @since 0.1
 */
static inline moco_status moco_tensor_list_average(const moco_tensor_list *list, const moco_tensor_list *other,
                                                   double m)
{
    MOCO_OPS_CHECK(list);
    MOCO_OPS_CHECK(other);
    if (moco_tensor_list_count(list) != moco_tensor_list_count(other)) {
        MOCO_OPS_REFUSE("moco_tensor_list_average: lists of %zu and %zu tensors", moco_tensor_list_count(list),
                        moco_tensor_list_count(other));
    }
    for (size_t i = 0; i < moco_tensor_list_count(list); ++i) {
        const moco_tensor *a = moco_tensor_list_get(list, i), *b = moco_tensor_list_get(other, i);
        if (!moco_ops_same_sizes(a, b) || moco_tensor_dtype(a) != moco_tensor_dtype(b) ||
            moco_tensor_device(a).type != moco_tensor_device(b).type ||
            moco_tensor_device(a).index != moco_tensor_device(b).index) {
            MOCO_OPS_REFUSE("moco_tensor_list_average: tensor %zu of the two lists has other sizes, type or device", i);
        }
    }
    for (size_t i = 0; i < moco_tensor_list_count(list); ++i) {
        const moco_value scale[] = { moco_value_tensor(moco_tensor_list_get(list, i)), moco_value_real(m) };
        const moco_value add[] = { scale[0], moco_value_tensor(moco_tensor_list_get(other, i)),
                                   moco_value_named("alpha", moco_value_real(1 - m)) };
        MOCO_TRY(moco_ops_write("aten::mul_.Scalar", scale, 2));
        MOCO_TRY(moco_ops_write("aten::add_.Tensor", add, 3));
    }
    return MOCO_OK;
}

/** @} */

MOCO_END_DECLS

#endif
