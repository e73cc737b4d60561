/**
 * @file call.h
 * Calls any operator of libtorch by its name; ops.h has the common ones as functions.
 *
 * @since 0.2 for all of this file.
 */
#ifndef MOCO_CALL_H
#define MOCO_CALL_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/** What a ::moco_value holds. */
typedef enum moco_value_kind {
    MOCO_VALUE_NONE,    /**< None, or the default if the operator takes no None */
    MOCO_VALUE_TENSOR,  /**< data.tensor */
    MOCO_VALUE_TENSORS, /**< data.tensors and count; NULL entries are None where the operator takes that */
    MOCO_VALUE_INT,     /**< data.whole; fits real numbers and lists of one length too */
    MOCO_VALUE_REAL,    /**< data.real */
    MOCO_VALUE_BOOL,    /**< data.flag */
    MOCO_VALUE_INTS,    /**< data.ints and count: for int[4] four, or one that stands for all */
    MOCO_VALUE_TEXT,    /**< data.text */
    MOCO_VALUE_DTYPE,   /**< data.dtype */
    MOCO_VALUE_DEVICE   /**< data.device */
} moco_value_kind;

/** What a ::moco_value holds, by its kind. All pointers are borrowed for the call. */
typedef union moco_value_data {
    const moco_tensor *tensor;         /**< one tensor */
    const moco_tensor *const *tensors; /**< several tensors */
    int64_t whole;                     /**< a whole number */
    double real;                       /**< a real number */
    bool flag;                         /**< a truth value */
    const int64_t *ints;               /**< whole numbers */
    const char *text;                  /**< a text */
    moco_dtype dtype;                  /**< an element type */
    moco_device device;                /**< a device */
} moco_value_data;

/** An argument of an operator; a zeroed struct is None. */
typedef struct moco_value {
    moco_value_kind kind; /**< which member of data counts */
    const char *name;     /**< of the argument in the operator's schema; NULL: the next one in order */
    size_t count;         /**< of tensors or ints */
    moco_value_data data; /**< the value itself */
} moco_value;

/**
 * Calls an operator of libtorch. *Differentiable* wherever the operator is.
 *
 * The operators and their schemas are those of PyTorch's `native_functions.yaml`, as `aten::logsumexp(Tensor self,
 * int[1] dim, bool keepdim=False) -> Tensor`. Arguments are given in the order of the schema, those with a name in any
 * order after them; what is left out takes the schema's default.
 *
 * An operator whose name ends in `_` writes into its first argument, which a backward pass may still need, and which
 * must not be a parameter outside of moco_no_grad_begin(). Operators are refused that write elsewhere (`.out`), change
 * sizes in place, use files, or begin with `_` (they check less), except `_foreach_` and `_fused_`. Random operators
 * draw from libtorch's own generator, which no seed of libmoco sets.
 * @param[out] outs the operator's tensors, in order; numbers become scalars on the CPU, lists their elements. NULL
 * stands for a tensor that the operator does not give
 * @param n_outs how many are wanted, from the first; 0 drops all
 * @param scope owns the result; NULL: the caller does
 * @param op "aten::add.Tensor"; or "aten::add", which takes the overload that the arguments fit
 * @param args @p n_args arguments; NULL if there are none
 * @param n_args number of arguments
 * @return ::MOCO_ENOTFOUND for an unknown operator, with the name that was meant; ::MOCO_EINVALID for arguments that do
 * not fit, which quotes the schema, for what the operator itself refuses, and for results of a type that ::moco_dtype
 * does not have; ::MOCO_EUNAVAILABLE if a device has no such operator
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_call(moco_tensor **outs, size_t n_outs, moco_scope *scope,
                                                    const char *op, const moco_value *args, size_t n_args);

/** @name Arguments
 * @{ */

/** None, or the default. */
static inline moco_value moco_value_none(void)
{
    const moco_value value = { MOCO_VALUE_NONE, NULL, 0, { NULL } };
    return value;
}

/** A tensor. */
static inline moco_value moco_value_tensor(const moco_tensor *tensor)
{
    const moco_value value = { MOCO_VALUE_TENSOR, NULL, 0, { tensor } };
    return value;
}

/** A tensor that may be left out: NULL is None. */
static inline moco_value moco_value_optional(const moco_tensor *tensor)
{
    return tensor != NULL ? moco_value_tensor(tensor) : moco_value_none();
}

/** @p count tensors. */
static inline moco_value moco_value_tensors(const moco_tensor *const *tensors, size_t count)
{
    moco_value value = moco_value_none();
    value.kind = MOCO_VALUE_TENSORS;
    value.count = count;
    value.data.tensors = tensors;
    return value;
}

/** A whole number. */
static inline moco_value moco_value_int(int64_t whole)
{
    moco_value value = moco_value_none();
    value.kind = MOCO_VALUE_INT;
    value.data.whole = whole;
    return value;
}

/** A real number. */
static inline moco_value moco_value_real(double real)
{
    moco_value value = moco_value_none();
    value.kind = MOCO_VALUE_REAL;
    value.data.real = real;
    return value;
}

/** A truth value. */
static inline moco_value moco_value_bool(bool flag)
{
    moco_value value = moco_value_none();
    value.kind = MOCO_VALUE_BOOL;
    value.data.flag = flag;
    return value;
}

/** @p count whole numbers: sizes, dimensions. */
static inline moco_value moco_value_ints(const int64_t *ints, size_t count)
{
    moco_value value = moco_value_none();
    value.kind = MOCO_VALUE_INTS;
    value.count = count;
    value.data.ints = ints;
    return value;
}

/** A text. */
static inline moco_value moco_value_text(const char *text)
{
    moco_value value = moco_value_none();
    value.kind = MOCO_VALUE_TEXT;
    value.data.text = text;
    return value;
}

/** An element type. */
static inline moco_value moco_value_dtype(moco_dtype dtype)
{
    moco_value value = moco_value_none();
    value.kind = MOCO_VALUE_DTYPE;
    value.data.dtype = dtype;
    return value;
}

/** A device. */
static inline moco_value moco_value_device(moco_device device)
{
    moco_value value = moco_value_none();
    value.kind = MOCO_VALUE_DEVICE;
    value.data.device = device;
    return value;
}

/** An argument by its name in the schema: `moco_value_named("keepdim", moco_value_bool(true))`. */
static inline moco_value moco_value_named(const char *name, moco_value value)
{
    value.name = name;
    return value;
}

/** @} */

MOCO_END_DECLS

#endif
