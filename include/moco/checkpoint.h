/**
 * @file checkpoint.h
 * Checkpoints: everything that a run needs to continue bit-identically, in one .safetensors file.
 *
 * Tensors: `encoder_q.NAME` and `encoder_k.NAME` for each parameter and buffer in torchvision's names, `queue`
 * (K x dim), `queue_ptr` and `queue_filled` (int64, 1), `momentum_buffer.NAME` for each parameter of encoder_q.
 * Other mechanisms have no queue, and no encoder_k unless they use one. A memory bank is `bank` (images x dim, in the
 * order of the dataset). An encoder_k that learns has `momentum_buffer_k.NAME`. A predictor is `predictor.NAME`, with
 * `momentum_buffer.predictor.NAME`.
 * A run of several processes adds `ranks.encoder_q` and `ranks.encoder_k` (world x values): the running statistics of
 * each rank, in the order of the encoder's buffers. The encoder's own buffers then hold their mean.
 * Metadata: `format` "moco-checkpoint", `version` "1", `step`, `epoch`, `batch` (the sampler's position), `shuffles`,
 * `config.NAME` for each option, and `app.KEY` for each text of moco_model_set_metadata(). `data.NAME`: what the
 * dataset of the run was.
 */
#ifndef MOCO_CHECKPOINT_H
#define MOCO_CHECKPOINT_H

#include "config.h"
#include "model.h"
#include "weights.h"

MOCO_BEGIN_DECLS

/** The position of a run. @since 0.1 */
typedef struct moco_position {
    uint64_t step;  /**< steps done */
    uint64_t epoch; /**< epoch of the next step, from 0 */
    uint64_t batch; /**< batch of the next step within its epoch */
} moco_position;

/**
 * Sets the parts of a configuration that a model determines: network, method and optimiser. Data, augmentation, batch,
 * schedule and the rest stay. moco_config_model_options() then gives options of an equal model.
 * @param[in,out] config from moco_config_init()
 * @param model the model to describe
 * @return ::MOCO_EINVALID if @p config is not one of moco_config_init()
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_config_describe(moco_config *config, const moco_model *model);

/**
 * Writes a checkpoint atomically. All processes call it; rank 0 writes.
 * @return ::MOCO_EINVALID if @p config does not describe the model: arch, dim, mlp, cifar_stem and queue_size;
 * ::MOCO_EIO if the file cannot be written, and then an earlier file at @p path is unchanged; ::MOCO_EPEER if another
 * rank failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_save(const char *path, const moco_model *model,
                                                        moco_position position, const moco_config *config);

/**
 * Gives the bytes of moco_checkpoint_save() to a callback, piece by piece, on rank 0.
 * @return as moco_checkpoint_save(), or the error that the callback returned
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_save_to(moco_write_fn write, void *payload, const moco_model *model,
                                                           moco_position position, const moco_config *config);

/**
 * Overwrites a model of the same shape with a checkpoint's state. All processes call it; rank 0 reads. A checkpoint of
 * another number of processes gives a warning. A file that does not fit changes nothing.
 * @param model of as many tensors, with the same names and shapes, as the checkpoint
 * @param[out] position where the run continues; NULL: not wanted
 * @param path of a checkpoint; ignored on ranks other than 0
 * @return ::MOCO_ENOTFOUND, ::MOCO_EIO, or ::MOCO_EFORMAT if the file is damaged, is no checkpoint, or is one of
 * another network; ::MOCO_EPEER if another rank failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_load(moco_model *model, moco_position *position, const char *path);

/**
 * Does the same as moco_checkpoint_load() for an open file, also one in memory. moco_weights_config() reads its
 * configuration.
 * @param model as in moco_checkpoint_load()
 * @param[out] position where the run continues; NULL: not wanted
 * @param weights of a checkpoint; ignored on ranks other than 0, where it may be NULL
 * @return ::MOCO_EFORMAT and ::MOCO_EPEER, as moco_checkpoint_load()
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_load_from(moco_model *model, moco_position *position,
                                                             const moco_weights *weights);

/**
 * Reads a checkpoint's configuration and position. moco_encoder_import() reads its encoder.
 * @param[in,out] config from moco_config_init()
 * @param[out] position where the run continues
 * @param path of a checkpoint
 * @return ::MOCO_ENOTFOUND, ::MOCO_EIO or ::MOCO_EFORMAT, naming the file
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_read_config(moco_config *config, moco_position *position,
                                                               const char *path);

/**
 * Finds the checkpoint that a path names: the file itself, or the newest complete one in a run's folder. RUN/best is
 * the one with the highest accuracy of the kNN monitor (checkpoints/best.safetensors), and RUN/last the newest. Tensors
 * are not read: moco_checkpoint_load() and moco_weights_open() find out whether they are damaged.
 * @param[out] buffer receives a path
 * @param size bytes of @p buffer
 * @param path of a file or of a run's folder, or RUN/best or RUN/last
 * @return ::MOCO_ENOTFOUND if there is no such checkpoint, ::MOCO_EFORMAT if every checkpoint is damaged
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_find(char *buffer, size_t size, const char *path);

/**
 * Writes the path of a run's checkpoint at a step: RUN/checkpoints/step_%010d.safetensors.
 * @return ::MOCO_EINVALID if @p size is too small
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_path(char *buffer, size_t size, const char *run, uint64_t step);

/**
 * Deletes all checkpoints of a run except the newest @p keep_last (at least 1) and those at the end of every
 * @p keep_every-th epoch (0: none). Deletes left-over temporary files too. A file that cannot be deleted gives a
 * warning in the log.
 * @return ::MOCO_ENOTFOUND if @p run is not the folder of a run
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_checkpoint_prune(const char *run, int64_t keep_last, int64_t keep_every);

MOCO_END_DECLS

#endif
