/**
 * @file ops_rows.h
 * Selects, normalises, compares and ranks the rows of a matrix, and computes the loss of their labels: see ops.h.
 *
 * Each function returns what moco_tensor_call() returns: ::MOCO_EINVALID if sizes or types do not fit. Results belong
 * to the scope, or to the caller if it is NULL.
 *
 * @since 0.1 for all of this file, unless a comment says 0.2.
 */
#ifndef MOCO_OPS_ROWS_H
#define MOCO_OPS_ROWS_H

#include "ops_reduce.h"

MOCO_BEGIN_DECLS

/** Returns whether elements of a type are real numbers. @since 0.2 */
static inline bool moco_ops_is_floating(moco_dtype dtype)
{
    return dtype == MOCO_FLOAT32 || dtype == MOCO_FLOAT64 || dtype == MOCO_FLOAT16 || dtype == MOCO_BFLOAT16;
}

/** Refuses whole numbers that are not in 0..bound - 1. On a GPU that would wait, so those are not checked. @since 0.2
 */
static inline moco_status moco_ops_below(const char *function, const char *noun, const moco_tensor *numbers,
                                         int64_t bound)
{
    const char *const extremes[2] = { "aten::min", "aten::max" };
    const bool checks = moco_tensor_device(numbers).type == MOCO_CPU && moco_tensor_numel(numbers) > 0;
    for (size_t i = 0; checks && i < 2; ++i) {
        moco_tensor *extreme = NULL;
        double value = 0;
        MOCO_TRY(moco_ops_unary(&extreme, NULL, extremes[i], numbers));
        const moco_status status = moco_tensor_item(&value, extreme);
        moco_tensor_free(extreme);
        MOCO_TRY(status);
        if (value < 0 || value >= (double)bound) {
            MOCO_OPS_REFUSE("%s: %s %.0f is not in 0..%lld", function, noun, value, (long long)bound - 1);
        }
    }
    return MOCO_OK;
}

/**
 * Selects entries of the first dimension by @p index (int64, any device): N x ... and M give M x .... *Differentiable.*
 * @return ::MOCO_EINVALID if the index is not a vector of int64, or names an entry that does not exist; an index on a
 * GPU is not checked
 */
static inline moco_status moco_tensor_index_select(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                   const moco_tensor *index)
{
    moco_tensor *where = NULL;
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    MOCO_OPS_CHECK(index);
    if (moco_tensor_ndim(tensor) < 1 || moco_tensor_ndim(index) != 1 || moco_tensor_dtype(index) != MOCO_INT64) {
        MOCO_OPS_REFUSE("moco_tensor_index_select: expected a tensor of 1 or more dimensions and an int64 index of 1 "
                        "dimension");
    }
    MOCO_TRY(moco_ops_below("moco_tensor_index_select", "index", index, moco_tensor_size(tensor, 0)));
    MOCO_TRY(moco_tensor_to(&where, NULL, index, moco_tensor_device(tensor)));
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_int(0), moco_value_tensor(where) };
    const moco_status status = moco_ops_call(out, scope, "aten::index_select", args, 3);
    moco_tensor_free(where);
    return status;
}

/**
 * Divides each row of an N x C matrix by max(L2 norm, 1e-12). *Differentiable.*
 * @return ::MOCO_EINVALID for anything but a matrix of a floating-point type
 */
static inline moco_status moco_tensor_normalize(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    moco_tensor *norm = NULL, *divisor = NULL;
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    if (moco_tensor_ndim(tensor) != 2) {
        MOCO_OPS_REFUSE("moco_tensor_normalize: expected a matrix, got a tensor of %zu dimensions",
                        moco_tensor_ndim(tensor));
    }
    if (!moco_ops_is_floating(moco_tensor_dtype(tensor))) {
        MOCO_OPS_REFUSE("moco_tensor_normalize: the tensor holds whole numbers; give one of a floating-point type");
    }
    MOCO_TRY(moco_tensor_norm_dim(&norm, NULL, tensor, 1, true));
    moco_status status = moco_ops_real(&divisor, NULL, "aten::clamp_min", norm, 1e-12);
    if (status == MOCO_OK) {
        status = moco_ops_binary(out, scope, "aten::div.Tensor", tensor, divisor);
    }
    moco_tensor_free(norm);
    moco_tensor_free(divisor);
    return status;
}

/**
 * Computes the mean softmax cross entropy of N x M logits and int64 labels (N), each in 0..M-1; on a GPU labels are not
 * checked. *Differentiable.* The result is a scalar.
 * @return ::MOCO_EINVALID if sizes, types or labels do not fit
 */
static inline moco_status moco_tensor_cross_entropy(moco_tensor **out, moco_scope *scope, const moco_tensor *logits,
                                                    const moco_tensor *labels)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(logits);
    MOCO_OPS_CHECK(labels);
    if (moco_tensor_ndim(logits) != 2 || !moco_ops_is_floating(moco_tensor_dtype(logits))) {
        MOCO_OPS_REFUSE("moco_tensor_cross_entropy: expected logits as a matrix of a floating-point type");
    }
    if (moco_tensor_dtype(labels) != MOCO_INT64 || moco_tensor_ndim(labels) != 1 ||
        moco_tensor_size(labels, 0) != moco_tensor_size(logits, 0)) {
        MOCO_OPS_REFUSE("moco_tensor_cross_entropy: expected an int64 label for each of %lld rows",
                        (long long)moco_tensor_size(logits, 0));
    }
    MOCO_TRY(moco_ops_below("moco_tensor_cross_entropy", "label", labels, moco_tensor_size(logits, 1)));
    return moco_ops_binary(out, scope, "aten::cross_entropy_loss", logits, labels);
}

/** Computes row-wise dot products of two N x C matrices, as N x 1. *Differentiable.* */
static inline moco_status moco_tensor_row_dot(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                              const moco_tensor *b)
{
    moco_tensor *product = NULL;
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(a);
    MOCO_OPS_CHECK(b);
    if (moco_tensor_ndim(a) != 2 || moco_tensor_ndim(b) != 2 || moco_tensor_size(a, 0) != moco_tensor_size(b, 0) ||
        moco_tensor_size(a, 1) != moco_tensor_size(b, 1)) {
        MOCO_OPS_REFUSE("moco_tensor_row_dot: expected two matrices of the same sizes");
    }
    moco_status status = moco_ops_binary(&product, NULL, "aten::mul.Tensor", a, b);
    if (status == MOCO_OK) {
        status = moco_tensor_sum_dim(out, scope, product, 1, true);
    }
    moco_tensor_free(product);
    return status;
}

/**
 * Counts for each row of N x M how many *other* columns are not below @p values (N x 1), one of them, as int64 (N). 0
 * means that it is the largest; a tie or a NaN counts against it. @since 0.2
 */
static inline moco_status moco_ops_rank(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                        const moco_tensor *values)
{
    moco_tensor *below = NULL, *count = NULL;
    moco_status status = moco_ops_binary(&below, NULL, "aten::lt.Tensor", tensor, values);
    if (status == MOCO_OK) {
        status = moco_tensor_sum_dim(&count, NULL, below, 1, false);
    }
    if (status == MOCO_OK) {
        status = moco_ops_int(out, scope, "aten::rsub.Scalar", count, moco_tensor_size(tensor, 1) - 1);
    }
    moco_tensor_free(below);
    moco_tensor_free(count);
    return status;
}

/** Counts as moco_ops_rank(), for column @p column of N x M, as int64 (N). */
static inline moco_status moco_tensor_row_rank(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                               int64_t column)
{
    moco_tensor *values = NULL;
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    if (moco_tensor_ndim(tensor) != 2 || column < 0 || column >= moco_tensor_size(tensor, 1)) {
        MOCO_OPS_REFUSE("moco_tensor_row_rank: column %lld of %lld; give a matrix", (long long)column,
                        (long long)moco_tensor_size(tensor, 1));
    }
    MOCO_TRY(moco_tensor_narrow(&values, NULL, tensor, 1, column, 1));
    const moco_status status = moco_ops_rank(out, scope, tensor, values);
    moco_tensor_free(values);
    return status;
}

/** Counts as moco_ops_rank(), for the column that each row's label (int64, N) names, as int64 (N). */
static inline moco_status moco_tensor_label_rank(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                 const moco_tensor *labels)
{
    moco_tensor *index = NULL, *values = NULL;
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    MOCO_OPS_CHECK(labels);
    if (moco_tensor_size(tensor, 0) != moco_tensor_numel(labels)) {
        MOCO_OPS_REFUSE("moco_tensor_label_rank: expected an int64 label for each of %lld rows",
                        (long long)moco_tensor_size(tensor, 0));
    }
    MOCO_TRY(moco_tensor_unsqueeze(&index, NULL, labels, 1));
    moco_status status = moco_tensor_gather(&values, NULL, tensor, 1, index);
    if (status == MOCO_OK) {
        status = moco_ops_rank(out, scope, tensor, values);
    }
    moco_tensor_free(index);
    moco_tensor_free(values);
    return status;
}

MOCO_END_DECLS

#endif
