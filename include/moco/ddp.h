/**
 * @file ddp.h
 * Data-parallel gradients: the engine of PyTorch's DistributedDataParallel (c10d::Reducer) over an encoder.
 *
 * Gradients are averaged over the ranks in buckets, while the backward pass still computes those of earlier layers.
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
    size_t struct_size;
    double bucket_mib;  /**< gradients that are sent at once; 25, as PyTorch */
    bool compress_bf16; /**< send gradients as bfloat16: half the traffic, 8 bits of precision */
    bool overlap;       /**< false: one all-reduce after the backward pass, for comparison; true */
} moco_ddp_options;

#define MOCO_DDP_OPTIONS_INIT                                                                                          \
    {                                                                                                                  \
        sizeof(moco_ddp_options), 25, false, true                                                                      \
    }

/**
 * Makes every rank's parameters and buffers those of rank 0, and hooks on the encoder's gradients. A collective call.
 * @param comm,encoder borrowed, outlive the wrapper
 * @return ::MOCO_EINVALID where the ranks' encoders differ in shape
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_ddp_create(moco_ddp **out, moco_comm *comm, moco_encoder *encoder,
                                                   const moco_ddp_options *options);

/** Unhooks and frees; NULL is allowed. @since 0.1 */
MOCO_API void moco_ddp_free(moco_ddp *ddp);

/**
 * Adds the gradients of @p loss to the encoder's.
 * @param average whether they are then averaged over the ranks, with what earlier calls added; false while gradients
 * are accumulated. Every rank must say the same.
 * @return ::MOCO_EPEER where another rank failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_ddp_backward(moco_ddp *ddp, const moco_tensor *loss, bool average);

/**
 * Averages the gradients of parameters over the ranks, as one message; for parameters of no encoder. Every parameter
 * must have one. @param comm NULL: one process, and nothing changes
 * @return ::MOCO_EPEER where another rank failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_ddp_average(moco_comm *comm, const moco_tensor_list *parameters);

/** Number of buckets that the gradients are sent in. @since 0.1 */
MOCO_API size_t moco_ddp_bucket_count(const moco_ddp *ddp);

MOCO_END_DECLS

#endif
