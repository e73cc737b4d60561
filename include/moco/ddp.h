/**
 * @file ddp.h
 * Data-parallel gradients: the engine of PyTorch's DistributedDataParallel (c10d::Reducer) over an encoder.
 *
 * It averages gradients over the ranks in buckets, while the backward pass computes the gradients of earlier layers.
 */
#ifndef MOCO_DDP_H
#define MOCO_DDP_H

#include "comm.h"
#include "encoder.h"

MOCO_BEGIN_DECLS

/** Averages an encoder's gradients over the ranks. @since 0.1 */
typedef struct moco_ddp moco_ddp;

/** Options of moco_ddp_create(). @since 0.1 */
typedef struct moco_ddp_options {
    size_t struct_size; /**< set by the macro or function below */
    double bucket_mib;  /**< MiB of gradients per message; 25, as in PyTorch */
    bool compress_bf16; /**< sends gradients as bfloat16: half the traffic, 8 bits of precision; false */
    bool overlap;       /**< true; false: one all-reduce after the backward pass, for comparison */
} moco_ddp_options;

/** The defaults of ::moco_ddp_options. */
#define MOCO_DDP_OPTIONS_INIT                                                                                          \
    {                                                                                                                  \
        sizeof(moco_ddp_options), 25, false, true                                                                      \
    }

/**
 * Fills in what ::MOCO_DDP_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_ddp_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_ddp_options_init(moco_ddp_options *options, size_t struct_size);

/**
 * Copies the parameters and buffers of rank 0 to every rank, and hooks into the encoder's gradients. All ranks call it.
 * @param[out] out a new handle, for moco_ddp_free()
 * @param comm borrowed, outlives the wrapper; NULL: one process
 * @param encoder borrowed, outlives the wrapper
 * @param options NULL for the defaults
 * @return ::MOCO_EINVALID if the encoders of the ranks differ in shape; ::MOCO_EPEER if another rank failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_ddp_create(moco_ddp **out, moco_comm *comm, moco_encoder *encoder,
                                                   const moco_ddp_options *options);

/** Removes the hooks and frees the wrapper; NULL is allowed. @since 0.1 */
MOCO_API void moco_ddp_free(moco_ddp *ddp);

/**
 * Adds the gradients of @p loss to the encoder's gradients.
 * @param ddp the wrapper of the encoder that @p loss depends on
 * @param loss a scalar
 * @param average whether to average the sum over the ranks afterwards; false while gradients are accumulated. Every
 * rank must pass the same value.
 * @return ::MOCO_EPEER if another rank failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_ddp_backward(moco_ddp *ddp, const moco_tensor *loss, bool average);

/**
 * Averages the gradients of parameters over the ranks in one message; for parameters that belong to no encoder.
 * @param comm NULL: one process, and nothing changes
 * @param parameters each must have a gradient
 * @return ::MOCO_EINVALID if a parameter has no gradient; ::MOCO_EPEER if another rank failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_ddp_average(moco_comm *comm, const moco_tensor_list *parameters);

MOCO_END_DECLS

#endif
