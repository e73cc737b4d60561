/**
 * @file tensor.h
 * Opaque tensors, scopes that own temporaries, and the few operations that MoCo is written with.
 *
 * Ownership. An operation that makes a tensor takes a ::moco_scope: with a scope, the scope owns the result and
 * moco_scope_clear() frees it; with NULL, the caller owns it and frees it with moco_tensor_free(). So arithmetic in C
 * cannot leak: a training step works in one scope and clears it at its end.
 *
 * Autograd. Operations marked *differentiable* are recorded when an input needs a gradient. Operations that write
 * into an existing tensor are never recorded.
 */
#ifndef MOCO_TENSOR_H
#define MOCO_TENSOR_H

#include "device.h"

MOCO_BEGIN_DECLS

/** A tensor of libtorch. @since 0.1 */
typedef struct moco_tensor moco_tensor;
/** An ordered list of tensors that multi-tensor operations work on at once. @since 0.1 */
typedef struct moco_tensor_list moco_tensor_list;
/** Owner of temporaries. Not thread-safe: one scope belongs to one thread at a time. @since 0.1 */
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

/** Makes an empty scope, freed with moco_scope_free(). @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_scope_create(moco_scope **out);

/** Frees all tensors that the scope owns; the scope is empty and usable again. @since 0.1 */
MOCO_API void moco_scope_clear(moco_scope *scope);

/** Frees the scope and all that it owns; NULL is allowed. @since 0.1 */
MOCO_API void moco_scope_free(moco_scope *scope);

/** @}
 * @name Making and looking at tensors
 * @{ */

/** Makes a tensor with undefined contents. @param sizes @p ndim sizes, each >= 0 @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_empty(moco_tensor **out, moco_scope *scope, moco_dtype dtype,
                                                     moco_device device, const int64_t *sizes, size_t ndim);

/** Makes a tensor of zeros. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_zeros(moco_tensor **out, moco_scope *scope, moco_dtype dtype,
                                                     moco_device device, const int64_t *sizes, size_t ndim);

/**
 * Makes a tensor on @p device from row-major values of the host, which are copied.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_from_host(moco_tensor **out, moco_scope *scope, moco_dtype dtype,
                                                         moco_device device, const int64_t *sizes, size_t ndim,
                                                         const void *values);

/** Makes standard normal float32 values on @p device, the same for a seed on every device. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_randn(moco_tensor **out, moco_scope *scope, moco_device device,
                                                     const int64_t *sizes, size_t ndim, uint64_t seed);

/** Frees a tensor that the caller owns; NULL is allowed. @since 0.1 */
MOCO_API void moco_tensor_free(moco_tensor *tensor);

/** Number of dimensions. @since 0.1 */
MOCO_API size_t moco_tensor_ndim(const moco_tensor *tensor);
/** Size of a dimension; -1 where there is none such. @since 0.1 */
MOCO_API int64_t moco_tensor_size(const moco_tensor *tensor, size_t dim);
/** Number of elements. @since 0.1 */
MOCO_API int64_t moco_tensor_numel(const moco_tensor *tensor);
/** Element type. @since 0.1 */
MOCO_API moco_dtype moco_tensor_dtype(const moco_tensor *tensor);
/** Bytes of one element. @since 0.1 */
MOCO_API size_t moco_dtype_size(moco_dtype dtype);
/** Where the tensor lies. @since 0.1 */
MOCO_API moco_device moco_tensor_device(const moco_tensor *tensor);

/**
 * Pointer to the elements of a CPU tensor that is contiguous (row-major), for writing and reading in place.
 * @param[out] out borrowed, valid while the tensor lives
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_data(void **out, moco_tensor *tensor);

/**
 * Copies all elements, row-major, to the host; waits for the device.
 * @param bytes size of @p values; must be the tensor's
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_to_host(void *values, size_t bytes, const moco_tensor *tensor);

/** Overwrites all elements with row-major values of the host; the memory layout stays. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_set_from_host(moco_tensor *tensor, const void *values, size_t bytes);

/** The value of a one-element tensor as a double; waits for the device. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_item(double *out, const moco_tensor *tensor);

/** @}
 * @name Views and copies
 * @{ */

/** A view of @p length entries of dimension @p dim from @p start; shares memory. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_narrow(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                      size_t dim, int64_t start, int64_t length);

/** The transpose of a matrix, as a view. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_transpose(moco_tensor **out, moco_scope *scope,
                                                         const moco_tensor *tensor);

/** Row-major copy, or a second handle where the tensor is row-major already. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_contiguous(moco_tensor **out, moco_scope *scope,
                                                          const moco_tensor *tensor);

/** N x A x B x ... as a matrix N x (A B ...), row-major; a view where possible. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_flatten(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor);

/**
 * On another device; a second handle where it lies there already. From pinned memory to a GPU the copy is only queued:
 * see moco_device_wait_uploads(). *Differentiable.*
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_to(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                  moco_device device);

/** Copies @p source over @p tensor, of the same sizes; element types and devices may differ. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_copy(moco_tensor *tensor, const moco_tensor *source);

/** Joins @p count tensors along a dimension. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_cat(moco_tensor **out, moco_scope *scope,
                                                   const moco_tensor *const *tensors, size_t count, size_t dim);

/** Entries of the first dimension in the order of @p index (int64, any device). *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_index_select(moco_tensor **out, moco_scope *scope,
                                                            const moco_tensor *tensor, const moco_tensor *index);

/** @}
 * @name Arithmetic
 * @{ */

/** Rows of an N x C matrix divided by max(L2 norm, 1e-12). *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_normalize(moco_tensor **out, moco_scope *scope,
                                                         const moco_tensor *tensor);

/** The same into a matrix of the same sizes and device, which may be @p tensor itself; never recorded. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_normalize_into(moco_tensor *out, const moco_tensor *tensor);

/** Matrix product of N x C and C x M. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_matmul(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                                      const moco_tensor *b);

/** Row-wise dot products of two N x C matrices, as N x 1. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_row_dot(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                                       const moco_tensor *b);

/** tensor x factor. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_scale(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                     double factor);

/** tensor / divisor. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_divide(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                      double divisor);

/** a + b. *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_add(moco_tensor **out, moco_scope *scope, const moco_tensor *a,
                                                   const moco_tensor *b);

/** Mean softmax cross entropy of N x M logits against int64 labels (N). *Differentiable.* @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_cross_entropy(moco_tensor **out, moco_scope *scope,
                                                             const moco_tensor *logits, const moco_tensor *labels);

/**
 * For each row of N x M, how many *other* columns are not below column @p column: 0 is the top, and a tie or a NaN
 * counts against the row. int64, N.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_row_rank(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                                        int64_t column);

/** As moco_tensor_row_rank(), of a column that each row's label (int64, N) names. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_label_rank(moco_tensor **out, moco_scope *scope,
                                                          const moco_tensor *tensor, const moco_tensor *labels);

/** The share of elements of an int64 tensor that are below @p bound, as a float32 scalar. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_share_below(moco_tensor **out, moco_scope *scope,
                                                           const moco_tensor *tensor, int64_t bound);

/** The @p k largest of each row, sorted: values N x k and int64 indices N x k. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_topk(moco_tensor **values, moco_tensor **indices, moco_scope *scope,
                                                    const moco_tensor *tensor, int64_t k);

/** tensor += source, in place; sizes as broadcasting allows. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_accumulate(moco_tensor *tensor, const moco_tensor *source);

/** Sets all elements to zero. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_zero(moco_tensor *tensor);

/** @}
 * @name Lists
 * @{ */

/** Makes a list of @p count tensors as second handles on their memory. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_list_create(moco_tensor_list **out, const moco_tensor *const *tensors,
                                                           size_t count);

/** Frees a list that the caller owns; NULL is allowed. @since 0.1 */
MOCO_API void moco_tensor_list_free(moco_tensor_list *list);

/** Number of tensors in a list. @since 0.1 */
MOCO_API size_t moco_tensor_list_count(const moco_tensor_list *list);

/** A tensor of a list; borrowed, lives as long as the list; NULL beyond the end. @since 0.1 */
MOCO_API moco_tensor *moco_tensor_list_get(const moco_tensor_list *list, size_t index);

/**
 * list = m list + (1 - m) other, tensor by tensor, in place, as multi-tensor operations. Rounded as written, since
 * deep networks with batch norm make the last bit visible; the shorter list + (1 - m) (other - list) differs in it.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_list_average(const moco_tensor_list *list, const moco_tensor_list *other,
                                                            double m);

/** @}
 * @name Autograd
 * @{ */

/** Makes a tensor that was computed from no other a parameter: operations on it are recorded. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_require_gradient(moco_tensor *tensor);

/** The gradient of a parameter, as a second handle on its memory. @return ::MOCO_EINVALID before there is one
 * @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_gradient(moco_tensor **out, moco_scope *scope,
                                                        const moco_tensor *tensor);

/** Adds the gradients of a scalar to all leaves that it was computed from. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_backward(const moco_tensor *loss);

/** The same values without their history, as a second handle on the same memory. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_detach(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor);

/** @} */

MOCO_END_DECLS

#endif
