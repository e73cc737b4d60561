/**
 * @file tensor.h
 * Opaque tensors, scopes that own temporaries, and the operations that MoCo needs.
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
 * @param sizes @p ndim sizes, each >= 0; at most 64
 * @return ::MOCO_ENOMEM if memory is out, ::MOCO_EUNAVAILABLE if the device cannot be used
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_empty(moco_tensor **out, moco_scope *scope, moco_dtype dtype,
                                                     moco_device device, const int64_t *sizes, size_t ndim);

/** Creates a tensor of zeros. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_zeros(moco_tensor **out, moco_scope *scope, moco_dtype dtype,
                                                     moco_device device, const int64_t *sizes, size_t ndim);

/**
 * Creates a tensor on @p device and copies row-major values from the host into it.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_from_host(moco_tensor **out, moco_scope *scope, moco_dtype dtype,
                                                         moco_device device, const int64_t *sizes, size_t ndim,
                                                         const void *values);

/** Creates standard normal float32 values on @p device; a seed gives the same values on every device. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_randn(moco_tensor **out, moco_scope *scope, moco_device device,
                                                     const int64_t *sizes, size_t ndim, uint64_t seed);

/** Frees a tensor that the caller owns; NULL is allowed. @since 0.1 */
MOCO_API void moco_tensor_free(moco_tensor *tensor);

/** Returns the number of dimensions. @since 0.1 */
MOCO_API size_t moco_tensor_ndim(const moco_tensor *tensor);
/** Returns the size of a dimension; -1 if the tensor has no such dimension. @since 0.1 */
MOCO_API int64_t moco_tensor_size(const moco_tensor *tensor, size_t dim);
/** Returns the number of elements. @since 0.1 */
MOCO_API int64_t moco_tensor_numel(const moco_tensor *tensor);
/** Returns the element type. @since 0.1 */
MOCO_API moco_dtype moco_tensor_dtype(const moco_tensor *tensor);
/** Returns the bytes of one element. @since 0.1 */
MOCO_API size_t moco_dtype_size(moco_dtype dtype);
/** Returns the device of a tensor. @since 0.1 */
MOCO_API moco_device moco_tensor_device(const moco_tensor *tensor);

/**
 * Gives a pointer to the elements of a contiguous (row-major) CPU tensor, to read and write them in place.
 * @param[out] out borrowed, valid while the tensor lives
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_data(void **out, moco_tensor *tensor);

/**
 * Copies all elements to the host, row-major; waits for the device.
 * @param bytes size of @p values; must equal the tensor's size in bytes
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_to_host(void *values, size_t bytes, const moco_tensor *tensor);

/** Overwrites all elements with row-major values from the host; keeps the memory layout. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_set_from_host(moco_tensor *tensor, const void *values, size_t bytes);

/** Reads the value of a one-element tensor as a double; waits for the device. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_item(double *out, const moco_tensor *tensor);

/** @}
 * @name Views and copies
 * @{ */

/** Gives a view of @p length entries of dimension @p dim from @p start; shares memory. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_narrow(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                      size_t dim, int64_t start, int64_t length);

/** Gives the transpose of a matrix, as a view. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_transpose(moco_tensor **out, moco_scope *scope,
                                                         const moco_tensor *tensor);

/** Makes a row-major copy, or a second handle if the tensor is row-major already. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_contiguous(moco_tensor **out, moco_scope *scope,
                                                          const moco_tensor *tensor);

/** Turns N x A x B x ... into a matrix N x (A B ...), row-major; a view if possible. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_flatten(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor);

/**
 * Copies a tensor to another device; gives a second handle if it is there already. A copy from pinned memory to a GPU
 * is only queued: see moco_device_wait_uploads(). A copy to the CPU is done when the call returns. *Differentiable.*
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_to(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                  moco_device device);

/** Overwrites @p tensor with @p source, of the same sizes; element types and devices may differ. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_copy(moco_tensor *tensor, const moco_tensor *source);

/** Concatenates @p count tensors along a dimension. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_cat(moco_tensor **out, moco_scope *scope,
                                                   const moco_tensor *const *tensors, size_t count, size_t dim);

/** Selects entries of the first dimension by @p index (int64, any device). *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_index_select(moco_tensor **out, moco_scope *scope,
                                                            const moco_tensor *tensor, const moco_tensor *index);

/** @}
 * @name Arithmetic
 * @{ */

/** Divides each row of an N x C matrix by max(L2 norm, 1e-12). *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_normalize(moco_tensor **out, moco_scope *scope,
                                                         const moco_tensor *tensor);

/** Does the same into a matrix of the same sizes and device, which may be @p tensor itself. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_normalize_into(moco_tensor *out, const moco_tensor *tensor);

/** Multiplies matrices N x C and C x M. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_matmul(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                                      const moco_tensor *b);

/** Computes row-wise dot products of two N x C matrices, as N x 1. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_row_dot(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                                       const moco_tensor *b);

/** Computes tensor x factor. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_scale(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                     double factor);

/** Computes tensor / divisor, which is not 0. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_divide(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                      double divisor);

/** Computes a + b. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_add(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                                   const moco_tensor *b);

/**
 * Computes the mean softmax cross entropy of N x M logits and int64 labels (N), each in 0..M-1; on a GPU labels are not
 * checked. *Differentiable.*
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_cross_entropy(moco_tensor **out, moco_scope *scope,
                                                             const moco_tensor *logits, const moco_tensor *labels);

/**
 * Counts for each row of N x M how many *other* columns are not below column @p column, as int64 (N). 0 means that the
 * column is the largest; a tie or a NaN counts against it.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_row_rank(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                        int64_t column);

/** Does the same for the column that each row's label (int64, N) names. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_label_rank(moco_tensor **out, moco_scope *scope,
                                                          const moco_tensor *tensor, const moco_tensor *labels);

/** Computes the share of elements of an int64 tensor that are below @p bound, as a float32 scalar. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_share_below(moco_tensor **out, moco_scope *scope,
                                                           const moco_tensor *tensor, int64_t bound);

/** Finds the @p k largest elements of each row, sorted: values N x k and int64 indices N x k. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_topk(moco_tensor **values, moco_tensor **indices, moco_scope *scope,
                                                    const moco_tensor *tensor, int64_t k);

/** Computes tensor += source in place; sizes may broadcast. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_accumulate(moco_tensor *tensor, const moco_tensor *source);

/** Sets all elements to zero. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_zero(moco_tensor *tensor);

/** @}
 * @name Lists
 * @{ */

/** Creates a list of second handles on the memory of @p count tensors. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_list_create(moco_tensor_list **out, const moco_tensor *const *tensors,
                                                           size_t count);

/** Frees a list that the caller owns; NULL is allowed. @since 0.1 */
MOCO_API void moco_tensor_list_free(moco_tensor_list *list);

/** Returns the number of tensors in a list. @since 0.1 */
MOCO_API size_t moco_tensor_list_count(const moco_tensor_list *list);

/** Returns a tensor of a list; borrowed, lives as long as the list; NULL after the last. @since 0.1 */
MOCO_API moco_tensor *moco_tensor_list_get(const moco_tensor_list *list, size_t index);

/**
 * Computes list = m list + (1 - m) other in place, tensor by tensor, by multi-tensor operations. Rounds as written: the
 * shorter list + (1 - m) (other - list) differs in the last bit, which deep networks with batch norm make visible.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_list_average(const moco_tensor_list *list, const moco_tensor_list *other,
                                                            double m);

/** @}
 * @name Autograd
 * @{ */

/** Makes a leaf tensor a parameter: operations on it are recorded. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_require_gradient(moco_tensor *tensor);

/** Gives a second handle on a parameter's gradient. @return ::MOCO_EINVALID if it has no gradient yet @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_gradient(moco_tensor **out, moco_scope *scope,
                                                        const moco_tensor *tensor);

/** Adds the gradients of a scalar to all leaves that it depends on. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_backward(const moco_tensor *loss);

/** Gives a second handle on the same memory, without the history. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_detach(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor);

/** @} */

MOCO_END_DECLS

#endif
