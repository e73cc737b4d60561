/**
 * @file tensor.h
 * Opaque tensors, scopes that own temporaries, and gradients. Operations are in ops.h.
 *
 * Ownership. An operation that creates a tensor takes a ::moco_scope. The scope owns the result, and moco_scope_clear()
 * frees it. If the scope is NULL, the caller owns the result and frees it with moco_tensor_free(). So arithmetic in C
 * cannot leak: a training step works in one scope and clears it.
 *
 * Autograd. Operations marked *differentiable* are recorded if an input needs a gradient. Operations that write
 * into an existing tensor are never recorded, so they may change parameters too; gradients do not change. A tensor
 * that a backward pass needs may only be written to after it.
 */
#ifndef MOCO_TENSOR_H
#define MOCO_TENSOR_H

#include "device.h"

MOCO_BEGIN_DECLS

/** A libtorch tensor. @since 0.1 */
typedef struct moco_tensor moco_tensor;
/** An ordered list of tensors, for multi-tensor operations. @since 0.1 */
typedef struct moco_tensor_list moco_tensor_list;
/** Owns temporary tensors. One thread at a time may use it. @since 0.1 */
typedef struct moco_scope moco_scope;

/** Element types: identifier, the name in a .safetensors file, bytes. */
#define MOCO_DTYPE_MAP(X)                                                                                              \
    X(MOCO_FLOAT32, "F32", 4)                                                                                          \
    X(MOCO_FLOAT64, "F64", 8)                                                                                          \
    X(MOCO_FLOAT16, "F16", 2)                                                                                          \
    X(MOCO_BFLOAT16, "BF16", 2)                                                                                        \
    X(MOCO_INT64, "I64", 8)                                                                                            \
    X(MOCO_INT32, "I32", 4)                                                                                            \
    X(MOCO_UINT8, "U8", 1)                                                                                             \
    X(MOCO_BOOL, "BOOL", 1)

/** Element type of a tensor. @since 0.1 */
typedef enum moco_dtype {
#define MOCO_DTYPE_ENUM(name, text, bytes) name,
    MOCO_DTYPE_MAP(MOCO_DTYPE_ENUM)
#undef MOCO_DTYPE_ENUM
} moco_dtype;

/** @name Scopes
 * @{ */

/** Creates an empty scope; free it with moco_scope_free(). @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_scope_create(moco_scope **out);

/** Frees all tensors that the scope owns; the scope can be used again. @since 0.1 */
MOCO_API void moco_scope_clear(moco_scope *scope);

/** Frees the scope and its tensors; NULL is allowed. @since 0.1 */
MOCO_API void moco_scope_free(moco_scope *scope);

/** @}
 * @name Creating and reading tensors
 * @{ */

/**
 * Creates a tensor with undefined contents.
 * @param[out] out the result
 * @param scope owns the result; NULL: the caller does
 * @param dtype type of the elements
 * @param device where they are
 * @param sizes @p ndim sizes, each >= 0; at most 64
 * @param ndim number of dimensions
 * @return ::MOCO_ENOMEM if memory is out, ::MOCO_EUNAVAILABLE if the device cannot be used
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_empty(moco_tensor **out, moco_scope *scope, moco_dtype dtype,
                                                     moco_device device, const int64_t *sizes, size_t ndim);

/**
 * Creates a tensor on @p device and copies row-major values from the host into it.
 * @return as moco_tensor_empty()
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_from_host(moco_tensor **out, moco_scope *scope, moco_dtype dtype,
                                                         moco_device device, const int64_t *sizes, size_t ndim,
                                                         const void *values);

/**
 * Creates standard normal float32 values on @p device; a seed gives the same values on every device.
 * @return as moco_tensor_empty()
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_randn(moco_tensor **out, moco_scope *scope, moco_device device,
                                                     const int64_t *sizes, size_t ndim, uint64_t seed);

/** Frees a tensor that the caller owns, not one of a scope; NULL is allowed. @since 0.1 */
MOCO_API void moco_tensor_free(moco_tensor *tensor);

/** Returns the number of dimensions. @since 0.1 */
MOCO_API size_t moco_tensor_ndim(const moco_tensor *tensor);
/** Returns the size of a dimension; -1 if the tensor has no such dimension. @since 0.1 */
MOCO_API int64_t moco_tensor_size(const moco_tensor *tensor, size_t dim);
/** Returns the number of elements. @since 0.1 */
static inline int64_t moco_tensor_numel(const moco_tensor *tensor)
{
    int64_t count = tensor != NULL ? 1 : 0;
    for (size_t d = 0; d < moco_tensor_ndim(tensor); ++d) {
        count *= moco_tensor_size(tensor, d);
    }
    return count;
}
/** Returns the element type. @since 0.1 */
MOCO_API moco_dtype moco_tensor_dtype(const moco_tensor *tensor);
/** Returns the bytes of one element; 0 for other values. @since 0.1 */
static inline size_t moco_dtype_size(moco_dtype dtype)
{
#define MOCO_DTYPE_BYTES(name, text, bytes) (bytes),
    const size_t sizes[] = { MOCO_DTYPE_MAP(MOCO_DTYPE_BYTES) };
#undef MOCO_DTYPE_BYTES
    const size_t index = (size_t)dtype;
    return index < sizeof sizes / sizeof sizes[0] ? sizes[index] : 0;
}
/** Returns the device of a tensor. @since 0.1 */
MOCO_API moco_device moco_tensor_device(const moco_tensor *tensor);

/**
 * Gives a pointer to the elements of a contiguous (row-major) CPU tensor, to read and write them in place.
 * @param[out] out borrowed, valid while the tensor lives
 * @param tensor a contiguous tensor on the CPU
 * @return ::MOCO_EINVALID for other tensors; moco_tensor_to_host() reads all
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_data(void **out, moco_tensor *tensor);

/**
 * Copies all elements to the host, row-major; waits for the device.
 * @param[out] values room for all elements
 * @param bytes size of @p values; must equal the tensor's size in bytes
 * @param tensor on any device
 * @return ::MOCO_EINVALID if @p bytes is another size
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_to_host(void *values, size_t bytes, const moco_tensor *tensor);

/**
 * Overwrites all elements with row-major values from the host; keeps the memory layout.
 * @return ::MOCO_EINVALID if @p bytes is another size
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_set_from_host(moco_tensor *tensor, const void *values, size_t bytes);

/**
 * Reads the value of a one-element tensor as a double; waits for the device.
 * @return ::MOCO_EINVALID if the tensor does not have one element
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_item(double *out, const moco_tensor *tensor);

/** @}
 * @name Views and copies
 * @{ */

/**
 * Copies a tensor to another device; gives a second handle if it is there already. A copy from pinned memory to a GPU
 * is only queued: see moco_device_wait_uploads(). A copy to the CPU is done when the call returns. *Differentiable.*
 * @return ::MOCO_EUNAVAILABLE if there is no such device
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_to(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                  moco_device device);

/** @}
 * @name Lists
 * @{ */

/**
 * Creates a list of second handles on the memory of @p count tensors.
 * @return ::MOCO_EINVALID if a tensor is NULL
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_list_create(moco_tensor_list **out, const moco_tensor *const *tensors,
                                                           size_t count);

/** Frees a list that the caller owns; NULL is allowed. @since 0.1 */
MOCO_API void moco_tensor_list_free(moco_tensor_list *list);

/** Returns the number of tensors in a list. @since 0.1 */
MOCO_API size_t moco_tensor_list_count(const moco_tensor_list *list);

/** Returns a tensor of a list; borrowed, lives as long as the list; NULL after the last. @since 0.1 */
MOCO_API moco_tensor *moco_tensor_list_get(const moco_tensor_list *list, size_t index);

/** @}
 * @name Autograd
 * @{ */

/**
 * Makes a leaf tensor a parameter: operations on it are recorded.
 * @return ::MOCO_EINVALID if the tensor is not of a floating-point type or was computed from another one
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_require_gradient(moco_tensor *tensor);

/**
 * Gives a second handle on a parameter's gradient, which may be written to.
 * @return ::MOCO_EINVALID if it has no gradient yet
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_gradient(moco_tensor **out, moco_scope *scope,
                                                        const moco_tensor *tensor);

/**
 * Sets a parameter's gradient to @p gradient of the same sizes, type and device, whose memory it shares: the next
 * backward pass adds to it in place. NULL: it has none any more.
 * @return ::MOCO_EINVALID if the tensor is not a parameter, or the gradient does not fit
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_set_gradient(moco_tensor *tensor, const moco_tensor *gradient);

/**
 * Scales the gradients of all parameters so that their common L2 norm is at most @p max_norm, in place, as
 * torch.nn.utils.clip_grad_norm_(). Parameters without a gradient are left out.
 * @param[out] norm before the scaling; NULL: the call does not wait for the device
 * @param parameters as moco_encoder_parameters() gives them
 * @param max_norm above 0; INFINITY only measures
 * @return ::MOCO_EINVALID if @p max_norm is not above 0
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_list_clip_gradients(double *norm, const moco_tensor_list *parameters,
                                                                   double max_norm);

/**
 * Adds the gradients of @p tensor to all leaves that it depends on.
 * @param tensor depends on a parameter
 * @param gradient with respect to @p tensor, of its sizes; NULL for a scalar: 1
 * @param retain_graph keeps what the pass needs, so that another one can go through it; false frees it
 * @return ::MOCO_EINVALID if @p tensor depends on no parameter, or @p gradient does not fit
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_backward_with(const moco_tensor *tensor, const moco_tensor *gradient,
                                                             bool retain_graph);

/**
 * Adds the gradients of a scalar to all leaves that it depends on.
 * @return as moco_tensor_backward_with()
 * @since 0.1
 */
static inline moco_status moco_tensor_backward(const moco_tensor *loss)
{
    return moco_tensor_backward_with(loss, NULL, false);
}

/**
 * From now on, no operation of this thread is recorded, until the moco_no_grad_end() that belongs to it. Regions may
 * stand in each other. Within one, parameters may be written to.
 * @since 0.2
 */
MOCO_API void moco_no_grad_begin(void);

/** Ends a region of this thread. @return ::MOCO_EINVALID if there is none @since 0.2 */
MOCO_API MOCO_MUST_USE moco_status moco_no_grad_end(void);

/** @} */

MOCO_END_DECLS

#endif
