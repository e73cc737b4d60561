/**
 * @file checkpoint.h
 * Checkpoints: all that a run needs to continue to the bit, in one .safetensors file.
 *
 * Tensors: `encoder_q.NAME` and `encoder_k.NAME` for each parameter and buffer in torchvision's names, `queue`
 * (K x dim), `queue_ptr` and `queue_filled` (int64, 1), `momentum_buffer.NAME` for each parameter of encoder_q.
 * Of several processes also `ranks.encoder_q` and `ranks.encoder_k` (world x values): the running statistics of each
 * rank, in the order of the encoder's; those under the encoder's names are their mean.
 * Metadata: `format` "moco-checkpoint", `version` "1", `step`, `epoch`, `batch` (the sampler's position), `shuffles`,
 * and `config.NAME` for each option.
 */
#ifndef MOCO_CHECKPOINT_H
#define MOCO_CHECKPOINT_H

#include "config.h"
#include "model.h"

MOCO_BEGIN_DECLS

/** Where a run stands. @since 0.1 */
typedef struct moco_position {
    uint64_t step;  /**< steps done */
    uint64_t epoch; /**< epoch of the next step, from 0 */
    uint64_t batch; /**< batch of the next step within its epoch */
} moco_position;

/** Writes a checkpoint, atomically. With several processes all call it, and rank 0 writes. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_save(const char *path, const moco_model *model,
                                                        moco_position position, const moco_config *config);

/**
 * Overwrites a model of the same shape with a checkpoint's state. With several processes all call it, and rank 0 reads;
 * one of another number of processes is taken with a warning.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_load(moco_model *model, moco_position *position, const char *path);

/** Reads a checkpoint's configuration and position; its encoder is read by moco_encoder_import(). @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_read_config(moco_config *config, moco_position *position,
                                                               const char *path);

/**
 * The checkpoint that a path stands for: itself, or the newest whole one of a run's folder.
 * @param[out] buffer receives a path
 * @return ::MOCO_ENOTFOUND where there is none, ::MOCO_EFORMAT where there are, but none is whole
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_find(char *buffer, size_t size, const char *path);

/** The path of a run's checkpoint at a step: RUN/checkpoints/step_%010d.safetensors. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_path(char *buffer, size_t size, const char *run, uint64_t step);

/**
 * Deletes a run's checkpoints but the newest @p keep_last (at least 1) and those that end a multiple of
 * @p keep_every epochs (0: none). Left-over temporary files are deleted too.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_prune(const char *run, int64_t keep_last, int64_t keep_every);

MOCO_END_DECLS

#endif
