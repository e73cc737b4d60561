/**
 * @file device.h
 * Where tensors live, and how many threads compute.
 */
#ifndef MOCO_DEVICE_H
#define MOCO_DEVICE_H

#include "error.h"

MOCO_BEGIN_DECLS

/** Kind of a device. @since 0.1 */
typedef enum moco_device_type { MOCO_CPU, MOCO_CUDA } moco_device_type;

/** A device; a zeroed struct is the CPU. @since 0.1 */
typedef struct moco_device {
    moco_device_type type;
    int32_t index; /**< which GPU, from 0 */
} moco_device;

/**
 * Reads "cpu", "cuda" or "cuda:N" and checks that the device is there. The first CUDA device asked for loads the
 * plug-in `libmoco_cuda.so`, which lies beside libmoco.so.
 * @return ::MOCO_EINVALID for another text, ::MOCO_EUNAVAILABLE with the reason where the device cannot be used
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_device_parse(moco_device *out, const char *text);

/** How many CUDA devices can be used; 0 where there is no plug-in, driver or GPU. @since 0.1 */
MOCO_API int32_t moco_device_cuda_count(void);

/** Memory order of images and activations; both have sizes N x 3 x H x W. @since 0.1 */
typedef enum moco_layout { MOCO_NCHW, MOCO_NHWC } moco_layout;

/** Arithmetic of the forward and backward passes; weights are float32 always. @since 0.1 */
typedef enum moco_precision { MOCO_FP32, MOCO_BF16 } moco_precision;

/**
 * The precision in which a device trains fastest: ::MOCO_BF16 on GPUs from compute capability 8.0 and on processors
 * with AVX512-BF16, which those with AMX have too.
 * @since 0.1
 */
MOCO_API moco_precision moco_precision_fastest(moco_device device);

/** The layout in which a device trains fastest: ::MOCO_NHWC, but for float32 on a GPU. @since 0.1 */
MOCO_API moco_layout moco_layout_fastest(moco_device device, moco_precision precision);

/**
 * A line on a device: "CPU, AVX512" or a GPU's name and memory.
 * @param[out] buffer NUL-terminated, cut to @p size bytes
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_device_describe(char *buffer, size_t size, moco_device device);

/** Waits until all work queued on the device is done; immediate on the CPU. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_device_synchronize(moco_device device);

/**
 * Waits until the host memory that this thread's moco_tensor_to() calls read for a CUDA device may be overwritten; work
 * queued after the copies goes on. Immediate on the CPU.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_device_wait_uploads(moco_device device);

/** The most memory that tensors on a GPU have taken at once so far, in bytes; 0 for the CPU. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_device_peak_bytes(int64_t *out, moco_device device);

/** Sets how many threads one operation uses on the CPU (0: as many as there are cores). @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_threads_set(int32_t count);

/** How many threads one operation uses on the CPU. @since 0.1 */
MOCO_API int32_t moco_threads(void);

/**
 * Whether big tensors on the CPU lie in memory that the library keeps from step to step (so it is by default, from the
 * first encoder on a CPU on) or are each taken from the system and given back, which costs a training step a quarter of
 * its time. Kept memory is of huge pages where the system grants them, and what is unused goes back with the last
 * tensors of an encoder. Concerns all of the process's use of libtorch.
 * @since 0.1
 */
MOCO_API void moco_memory_reuse(bool reuse);

MOCO_END_DECLS

#endif
