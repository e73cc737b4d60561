/**
 * @file device.h
 * Names devices, memory layouts and precisions, and sets the number of threads.
 */
#ifndef MOCO_DEVICE_H
#define MOCO_DEVICE_H

#include "error.h"

MOCO_BEGIN_DECLS

/** Kind of a device. @since 0.1 */
typedef enum moco_device_type {
    MOCO_CPU, /**< the processor */
    MOCO_CUDA /**< a GPU of NVIDIA */
} moco_device_type;

/** A device; a zeroed struct is the CPU. @since 0.1 */
typedef struct moco_device {
    moco_device_type type; /**< CPU or GPU */
    int32_t index;         /**< number of the GPU, from 0 */
} moco_device;

/**
 * Reads "auto", "cpu", "cuda" or "cuda:N" and checks that the device can be used. The first call with a CUDA device
 * loads the plug-in `libmoco_cuda.so` from the folder of libmoco.so. "auto" is the first GPU if one can be used, else
 * the CPU; moco_device_cuda_count() says why. It does not load the plug-in where nothing hints at a GPU: neither
 * NVIDIA's driver nor CUDA_VISIBLE_DEVICES.
 * @return ::MOCO_EINVALID for any other text, ::MOCO_EUNAVAILABLE with the reason if the device cannot be used
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_device_parse(moco_device *out, const char *text);

/**
 * Returns the number of CUDA devices that can be used; 0 without a plug-in, a driver or a GPU.
 *
 * libtorch can use GPUs only if its part for CUDA is loaded before the first network or gradient of the process.
 * libmoco loads it then if NVIDIA's driver is loaded or CUDA_VISIBLE_DEVICES names a GPU. Elsewhere call this function
 * at the start of the process.
 * @param[out] reason why it is 0, or ""; borrowed, static; may be NULL
 * @since 0.2
 */
MOCO_API int32_t moco_device_cuda_count(const char **reason);

/** Most channels of an image. @since 0.2 */
#define MOCO_MAX_CHANNELS 64

/** Memory order of images and activations; both have sizes N x C x H x W. @since 0.1 */
typedef enum moco_layout {
    MOCO_NCHW, /**< channel by channel */
    MOCO_NHWC  /**< pixel by pixel: "channels last" */
} moco_layout;

/** Arithmetic of the forward and backward passes; weights are always float32. @since 0.1 */
typedef enum moco_precision {
    MOCO_FP32, /**< float32 */
    MOCO_BF16  /**< bfloat16 with sums in float32 */
} moco_precision;

/**
 * The precision in which a device trains fastest: ::MOCO_BF16 on GPUs from compute capability 8.0 and on processors
 * with AVX512-BF16 (all processors with AMX have it), else ::MOCO_FP32.
 * @since 0.1
 */
MOCO_API moco_precision moco_precision_fastest(moco_device device);

/** The layout in which a device trains fastest: ::MOCO_NCHW for float32 on a GPU, else ::MOCO_NHWC. @since 0.1 */
static inline moco_layout moco_layout_fastest(moco_device device, moco_precision precision)
{
    return device.type == MOCO_CUDA && precision == MOCO_FP32 ? MOCO_NCHW : MOCO_NHWC;
}

/**
 * Describes a device in a line: "CPU, AVX512", or the name and memory of a GPU.
 * @param[out] buffer NUL-terminated, cut to @p size bytes
 * @param size bytes of @p buffer
 * @param device the device to describe
 * @return ::MOCO_EUNAVAILABLE if there is no such device
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_device_describe(char *buffer, size_t size, moco_device device);

/** Settings that hold for everything in the process that uses libtorch. @since 0.2 */
typedef enum moco_device_setting {
    /** GPUs may round the factors of float32 convolutions and matrix products to 10 bits (TF32). Off, so that float32
     * is float32. */
    MOCO_SETTING_TF32,
    /** GPUs compute the same bits each time. Then an operation that has no such algorithm fails and names itself. Off,
     * since some algorithms are slower. The CPU always computes the same bits on as many threads. Set it before the GPU
     * is first used. */
    MOCO_SETTING_DETERMINISTIC,
    /** Big tensors on the CPU use memory that the library keeps from step to step. On, from the first encoder on a CPU;
     * otherwise each tensor takes its memory from the system and returns it, which makes a step a quarter slower. Kept
     * memory uses huge pages if the system grants them. Unused memory is returned when an encoder is freed. */
    MOCO_SETTING_MEMORY_REUSE
} moco_device_setting;

/**
 * Switches a setting on or off.
 * @return ::MOCO_EINVALID for ::MOCO_SETTING_DETERMINISTIC if CUBLAS_WORKSPACE_CONFIG is set to a value with which
 * cuBLAS does not compute the same bits
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_device_set(moco_device_setting setting, bool on);

/**
 * Waits until all work queued on the device is done; immediate on the CPU.
 * @return ::MOCO_EUNAVAILABLE if there is no such device; ::MOCO_ETORCH if work on it failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_device_synchronize(moco_device device);

/**
 * Waits until this thread's moco_tensor_to() calls to a CUDA device have read their host memory, which may then be
 * overwritten. Does not wait for work that was queued after the copies. Immediate on the CPU.
 * @return ::MOCO_EUNAVAILABLE if there is no such device
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_device_wait_uploads(moco_device device);

/**
 * Peak memory of the tensors on a GPU so far, in bytes; 0 for the CPU.
 * @return ::MOCO_EUNAVAILABLE if there is no such device
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_device_peak_bytes(int64_t *out, moco_device device);

/**
 * Sets the number of threads per operation on the CPU; 0: one per core that the process may use, or fewer if its
 * control group (cpu.max) limits its time. A forked process may call it. While other programs want the cores, threads
 * that wait for each other sleep within microseconds; otherwise they keep their cores busy for milliseconds, which is
 * faster on an idle machine. The variables GOMP_SPINCOUNT and OMP_WAIT_POLICY of libgomp override this.
 * @return ::MOCO_EINVALID for a number that is negative or too large, ::MOCO_EUNAVAILABLE if a limit (ulimit -u, -v, a
 * control group) does not allow so many threads
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_threads_set(int32_t count);

/** Number of threads per operation on the CPU. @since 0.1 */
MOCO_API int32_t moco_threads(void);

MOCO_END_DECLS

#endif
