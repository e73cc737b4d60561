/**
 * @file ops_math.h
 * Computes element by element, and products of matrices: see ops.h.
 *
 * Each function returns what moco_tensor_call() returns: ::MOCO_EINVALID if sizes or types do not fit. Results belong
 * to the scope, or to the caller if it is NULL.
 *
 * @since 0.2 for all of this file, unless a comment says 0.1.
 */
#ifndef MOCO_OPS_MATH_H
#define MOCO_OPS_MATH_H

#include "ops_shape.h"

MOCO_BEGIN_DECLS

/** @name Two tensors, whose sizes broadcast: N x M and N x M, N x 1, M or a scalar give N x M
 * @{ */

/** Computes a + b. *Differentiable.* @since 0.1 */
static inline moco_status moco_tensor_add(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                          const moco_tensor *b)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(a);
    MOCO_OPS_CHECK(b);
    return moco_ops_binary(out, scope, "aten::add.Tensor", a, b);
}

/** Computes a - b. *Differentiable.* */
static inline moco_status moco_tensor_sub(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                          const moco_tensor *b)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(a);
    MOCO_OPS_CHECK(b);
    return moco_ops_binary(out, scope, "aten::sub.Tensor", a, b);
}

/** Computes a x b, element by element. *Differentiable.* */
static inline moco_status moco_tensor_mul(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                          const moco_tensor *b)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(a);
    MOCO_OPS_CHECK(b);
    return moco_ops_binary(out, scope, "aten::mul.Tensor", a, b);
}

/** Computes a / b, element by element. *Differentiable.* */
static inline moco_status moco_tensor_div(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                          const moco_tensor *b)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(a);
    MOCO_OPS_CHECK(b);
    return moco_ops_binary(out, scope, "aten::div.Tensor", a, b);
}

/** Compares: a = b, as bool. */
static inline moco_status moco_tensor_eq(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                         const moco_tensor *b)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(a);
    MOCO_OPS_CHECK(b);
    return moco_ops_binary(out, scope, "aten::eq.Tensor", a, b);
}

/** Compares: a < b, as bool. */
static inline moco_status moco_tensor_lt(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                         const moco_tensor *b)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(a);
    MOCO_OPS_CHECK(b);
    return moco_ops_binary(out, scope, "aten::lt.Tensor", a, b);
}

/** Compares: a > b, as bool. */
static inline moco_status moco_tensor_gt(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                         const moco_tensor *b)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(a);
    MOCO_OPS_CHECK(b);
    return moco_ops_binary(out, scope, "aten::gt.Tensor", a, b);
}

/** Computes tensor += source in place; the sizes of @p source may broadcast. Not recorded. @since 0.1 */
static inline moco_status moco_tensor_accumulate(moco_tensor *tensor, const moco_tensor *source)
{
    MOCO_OPS_CHECK(tensor);
    MOCO_OPS_CHECK(source);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_tensor(source) };
    return moco_ops_write("aten::add_.Tensor", args, 2);
}

/** @}
 * @name A tensor and a number; the result has the tensor's sizes
 * @{ */

/** Computes tensor x factor. *Differentiable.* @since 0.1 */
static inline moco_status moco_tensor_scale(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                            double factor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_real(out, scope, "aten::mul.Scalar", tensor, factor);
}

/** Computes tensor / divisor, which is not 0. *Differentiable.* @since 0.1 */
static inline moco_status moco_tensor_divide(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                             double divisor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    if (!(divisor > 0) && !(divisor < 0)) {
        MOCO_OPS_REFUSE("moco_tensor_divide: divisor %g must be a number other than 0", divisor);
    }
    return moco_ops_real(out, scope, "aten::div.Scalar", tensor, divisor);
}

/** Computes tensor + summand. *Differentiable.* */
static inline moco_status moco_tensor_shift(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                            double summand)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_real(out, scope, "aten::add.Scalar", tensor, summand);
}

/** Computes each element to a power. *Differentiable.* */
static inline moco_status moco_tensor_pow(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                          double exponent)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_real(out, scope, "aten::pow.Tensor_Scalar", tensor, exponent);
}

/** Limits each element to low..high; -INFINITY or INFINITY: no limit. *Differentiable.* */
static inline moco_status moco_tensor_clamp(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor, double low,
                                            double high)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_real(low), moco_value_real(high) };
    return moco_ops_call(out, scope, "aten::clamp", args, 3);
}

/** @}
 * @name One tensor, element by element; the result has its sizes
 * @{ */

/** Computes e to the power of each element. *Differentiable.* */
static inline moco_status moco_tensor_exp(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::exp", tensor);
}

/** Computes natural logarithms. *Differentiable.* */
static inline moco_status moco_tensor_log(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::log", tensor);
}

/** Computes square roots. *Differentiable.* */
static inline moco_status moco_tensor_sqrt(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::sqrt", tensor);
}

/** Computes magnitudes. *Differentiable.* */
static inline moco_status moco_tensor_abs(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::abs", tensor);
}

/** Changes the signs. *Differentiable.* */
static inline moco_status moco_tensor_neg(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::neg", tensor);
}

/** Computes max(element, 0). *Differentiable.* */
static inline moco_status moco_tensor_relu(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::relu", tensor);
}

/** Computes 1 / (1 + exp(-element)). *Differentiable.* */
static inline moco_status moco_tensor_sigmoid(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(tensor);
    return moco_ops_unary(out, scope, "aten::sigmoid", tensor);
}

/** @}
 * @name Products and layers
 * @{ */

/** Multiplies matrices N x C and C x M: N x M. *Differentiable.* @since 0.1 */
static inline moco_status moco_tensor_matmul(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                             const moco_tensor *b)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(a);
    MOCO_OPS_CHECK(b);
    return moco_ops_binary(out, scope, "aten::mm", a, b);
}

/** Multiplies B pairs of matrices: B x N x C and B x C x M give B x N x M. *Differentiable.* */
static inline moco_status moco_tensor_bmm(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                          const moco_tensor *b)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(a);
    MOCO_OPS_CHECK(b);
    return moco_ops_binary(out, scope, "aten::bmm", a, b);
}

/**
 * Computes input x weight transposed + bias: N x C, O x C and O give N x O. *Differentiable.*
 * @param[out] out the result
 * @param scope owns the result; NULL: the caller does
 * @param input N x C
 * @param weight O x C
 * @param bias may be NULL
 */
static inline moco_status moco_tensor_linear(moco_tensor **out, moco_scope *scope, const moco_tensor *input,
                                             const moco_tensor *weight, const moco_tensor *bias)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(input);
    MOCO_OPS_CHECK(weight);
    const moco_value args[] = { moco_value_tensor(input), moco_value_tensor(weight), moco_value_optional(bias) };
    return moco_ops_call(out, scope, "aten::linear", args, 3);
}

/**
 * Normalises each channel of N x C or N x C x H x W, by the batch in training and else by the running statistics.
 * *Differentiable.*
 * @param[out] out the result
 * @param scope owns the result; NULL: the caller does
 * @param input N x C or N x C x H x W
 * @param weight,bias C each; may be NULL
 * @param mean,variance running statistics, C each, which training moves by @p momentum (PyTorch: 0.1) to the batch's;
 * may be NULL in training
 * @param training by the batch; false: by the running statistics
 * @param momentum 0..1, how far the running statistics move
 * @param epsilon added to the variance; 1e-5 in PyTorch
 */
static inline moco_status moco_tensor_batch_norm(moco_tensor **out, moco_scope *scope, const moco_tensor *input,
                                                 const moco_tensor *weight, const moco_tensor *bias, moco_tensor *mean,
                                                 moco_tensor *variance, bool training, double momentum, double epsilon)
{
    MOCO_OPS_CHECK(out);
    MOCO_OPS_CHECK(input);
    const moco_value args[] = { moco_value_tensor(input),  moco_value_optional(weight),   moco_value_optional(bias),
                                moco_value_optional(mean), moco_value_optional(variance), moco_value_bool(training),
                                moco_value_real(momentum), moco_value_real(epsilon),      moco_value_bool(true) };
    return moco_ops_call(out, scope, "aten::batch_norm", args, 9);
}

/** @} */

MOCO_END_DECLS

#endif
