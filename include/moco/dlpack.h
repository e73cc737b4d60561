/**
 * @file dlpack.h
 * Shares memory with other libraries, without a copy, by DLPack (https://dmlc.github.io/dlpack).
 *
 * DLPack's own header, dlpack.h, defines `DLManagedTensor`: a pointer on a CPU or a GPU, sizes, strides, element type,
 * and a deleter. So memory of any kind comes in (frames that a GPU has decoded, numpy, CuPy, JAX), and tensors go out.
 *
 * @since 0.2 for all of this file.
 */
#ifndef MOCO_DLPACK_H
#define MOCO_DLPACK_H

#include "tensor.h"

MOCO_BEGIN_DECLS

struct DLManagedTensor;

/**
 * Gives a tensor to another library, which shares its memory.
 * @param[out] out owned by the caller, who calls its deleter once when it is done, from any thread; the memory lives
 * that long. On a GPU the values may still be on their way: see moco_device_stream()
 * @param tensor may be freed at any time
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_to_dlpack(struct DLManagedTensor **out, const moco_tensor *tensor);

/**
 * Makes a tensor of another library's memory, and shares it.
 * @param[out] out the result
 * @param scope owns the result; NULL: the caller does
 * @param managed taken over if the call succeeds: its deleter, which may be NULL, is called once when the last tensor
 * on the memory is freed, from any thread, maybe after the handle. If the call fails, it stays the caller's
 * @return ::MOCO_EINVALID for element types that ::moco_dtype does not have, for negative strides, and for
 * elements that do not begin at a multiple of their size; ::MOCO_EUNAVAILABLE if its device cannot be used
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_from_dlpack(moco_tensor **out, moco_scope *scope,
                                                           struct DLManagedTensor *managed);

/**
 * Gives the CUDA stream (a `cudaStream_t`) on which this thread's operations run: let it wait for those who write
 * memory that comes in, and let them wait for it before they read what goes out.
 * @param[out] out NULL on the CPU, where an operation has ended when its call returns, and for CUDA's default stream
 * @param device the device of the operations
 * @return ::MOCO_EUNAVAILABLE if there is no such device
 */
MOCO_API MOCO_MUST_USE moco_status moco_device_stream(void **out, moco_device device);

MOCO_END_DECLS

#endif
