/**
 * @file ops_call.h
 * What the functions of ops.h share: calls of operators by the kind of their arguments, and the checks before them.
 *
 * @since 0.2 for all of this file.
 */
#ifndef MOCO_OPS_CALL_H
#define MOCO_OPS_CALL_H

#include "call.h"

MOCO_BEGIN_DECLS

/** Sets the message and returns ::MOCO_EINVALID from the calling function. */
#define MOCO_OPS_REFUSE(...)                                                                                           \
    do {                                                                                                               \
        (void)moco_error_set(MOCO_EINVALID, __VA_ARGS__);                                                              \
        return MOCO_EINVALID;                                                                                          \
    } while (0)

/** Refuses an argument that is NULL, and names it. */
#define MOCO_OPS_CHECK(argument)                                                                                       \
    do {                                                                                                               \
        if ((argument) == NULL) {                                                                                      \
            MOCO_OPS_REFUSE("%s: argument " #argument " is NULL", __func__);                                           \
        }                                                                                                              \
    } while (0)

/** Calls an operator that gives one tensor. */
static inline moco_status moco_ops_call(moco_tensor **out, moco_scope *scope, const char *op, const moco_value *args,
                                        size_t n_args)
{
    return moco_tensor_call(out, 1, scope, op, args, n_args);
}

/** Calls an operator on one tensor. */
static inline moco_status moco_ops_unary(moco_tensor **out, moco_scope *scope, const char *op,
                                         const moco_tensor *tensor)
{
    const moco_value args[] = { moco_value_tensor(tensor) };
    return moco_ops_call(out, scope, op, args, 1);
}

/** Calls an operator on two tensors. */
static inline moco_status moco_ops_binary(moco_tensor **out, moco_scope *scope, const char *op, const moco_tensor *a,
                                          const moco_tensor *b)
{
    const moco_value args[] = { moco_value_tensor(a), moco_value_tensor(b) };
    return moco_ops_call(out, scope, op, args, 2);
}

/** Calls an operator on a tensor and a number. */
static inline moco_status moco_ops_real(moco_tensor **out, moco_scope *scope, const char *op, const moco_tensor *tensor,
                                        double number)
{
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_real(number) };
    return moco_ops_call(out, scope, op, args, 2);
}

/** Calls an operator on a tensor and a whole number. */
static inline moco_status moco_ops_int(moco_tensor **out, moco_scope *scope, const char *op, const moco_tensor *tensor,
                                       int64_t number)
{
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_int(number) };
    return moco_ops_call(out, scope, op, args, 2);
}

/** Calls an operator on a tensor and whole numbers. */
static inline moco_status moco_ops_ints(moco_tensor **out, moco_scope *scope, const char *op, const moco_tensor *tensor,
                                        const int64_t *numbers, size_t count)
{
    const moco_value args[] = { moco_value_tensor(tensor), moco_value_ints(numbers, count) };
    return moco_ops_call(out, scope, op, args, 2);
}

/** Calls an operator that writes into its first argument, without recording it. */
static inline moco_status moco_ops_write(const char *op, const moco_value *args, size_t n_args)
{
    moco_no_grad_begin();
    const moco_status status = moco_tensor_call(NULL, 0, NULL, op, args, n_args);
    const moco_status ended = moco_no_grad_end();
    return status != MOCO_OK ? status : ended;
}

/** Returns whether two tensors have the same sizes. */
static inline bool moco_ops_same_sizes(const moco_tensor *a, const moco_tensor *b)
{
    bool same = moco_tensor_ndim(a) == moco_tensor_ndim(b);
    for (size_t d = 0; same && d < moco_tensor_ndim(a); ++d) {
        same = moco_tensor_size(a, d) == moco_tensor_size(b, d);
    }
    return same;
}

MOCO_END_DECLS

#endif
