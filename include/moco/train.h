/**
 * @file train.h
 * Trains a run from its data to its plots: model, schedule, metrics and checkpoints included.
 */
#ifndef MOCO_TRAIN_H
#define MOCO_TRAIN_H

#include "config.h"
#include "peers.h"
#include "progress.h"
#include "safetensors.h"
#include "sampler.h"

MOCO_BEGIN_DECLS

/** What a run takes beside its configuration. @since 0.1 */
typedef struct moco_train_options {
    size_t struct_size;        /**< set by the macro or function below */
    moco_progress_fn progress; /**< may be NULL */
    void *payload;             /**< for progress */
    moco_peers *peers;         /**< the processes that train together; borrowed; NULL: one process */
    bool resume_existing;      /**< moco_train() continues the run in config->out if there is one; for restarted jobs */
    /* for moco_resume() */
    const char *device; /**< continues there; NULL: on the run's device. @since 0.2 */
    int64_t threads;    /**< 0: as many as the run had. @since 0.2 */
    int64_t epochs;     /**< new length of a run of epochs; 0: the run's. @since 0.2 */
    /** Images to train on instead of those at config->data. The checkpoints record their number and classes, and
     * moco_resume() wants them again. Borrowed during the call; NULL: config->data. @since 0.2 */
    const moco_dataset *dataset;
    /** Labelled images that the kNN monitor classifies, if dataset has labels too. Borrowed; NULL: those at
     * config->val_data. @since 0.2 */
    const moco_dataset *val_dataset;
    /** Augmentation instead of config->augment, policy and image_size; checkpoints hold it as config->policy. One
     * with a callback must be given to moco_resume() again. Borrowed; NULL: as config says. @since 0.2 */
    const moco_augment_policy *policy;
    /** The order of images, by its weights, or by its order and payload; its count is 0 or that of the images. The rest
     * comes from the configuration. moco_resume() wants it again. Borrowed; NULL: every image once per epoch, shuffled.
     * @since 0.2 */
    const moco_sampler_options *order;
    const moco_metadata *metadata; /**< texts for the checkpoints, as moco_model_set_metadata(); borrowed @since 0.2 */
    size_t metadata_count;         /**< number of texts at metadata */
    /** Continues on other images than those of the run: its epoch begins again, and the run is neither identical to one
     * on the old images nor to one on the new. false: other images are ::MOCO_EINVALID. @since 0.2 */
    bool data_changed;
    /** The commands that the run may read its images by: "pipe:COMMAND" in data or val_data of its settings is run only
     * if it is the text here, since settings may come from a file that others made. NULL: none. @since 0.2 */
    const char *pipe_data;
    const char *pipe_val_data; /**< the same for val_data @since 0.2 */
    /** For moco_resume(): where the images of the run are now, if they were moved; a "pipe:COMMAND" must be in
     * pipe_data too. Other images are refused, see data_changed. NULL: where the run had them. @since 0.2 */
    const char *data;
    const char *val_data; /**< the same for the images of the kNN monitor @since 0.2 */
    /** For moco_resume(): the new length of a run of config->max_steps; 0: the run's. @since 0.2 */
    int64_t max_steps;
} moco_train_options;

/** The defaults of ::moco_train_options. */
#define MOCO_TRAIN_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        sizeof(moco_train_options), NULL, NULL, NULL, false, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, 0, false, NULL, \
            NULL, NULL, NULL, 0                                                                                        \
    }

/**
 * Fills in what ::MOCO_TRAIN_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_train_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_train_options_init(moco_train_options *options, size_t struct_size);

/**
 * Trains from the start into the new folder config->out, which only rank 0 writes, and which must be neither inside of
 * the data nor around it. A lock there, which the kernel releases when the process ends, refuses a second run. With
 * options->resume_existing and a checkpoint in the folder it continues from there; the settings must be the same. A run
 * that ended before its first checkpoint starts again.
 * @param config the settings; copied
 * @param options NULL for the defaults
 * @return ::MOCO_EEXISTS if the folder is not empty; ::MOCO_EUNAVAILABLE if another process trains there;
 * ::MOCO_ESTOPPED if a callback ended the run; ::MOCO_EINVALID if a setting is wrong, if the images of the kNN monitor
 * do not fit the data, or the ranks' configurations, data or versions differ; ::MOCO_EDIVERGED if the loss is not
 * finite;
 * ::MOCO_ENOTFOUND, ::MOCO_EFORMAT or ::MOCO_EIO for data that cannot be read, and ::MOCO_EIO if the folder cannot be
 * written; ::MOCO_EPEER if another rank failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_train(const moco_config *config, const moco_train_options *options);

/**
 * Continues the run in a folder from its newest complete checkpoint. Checkpoints record what the data were: number of
 * images and classes, and a fingerprint of their names, labels and sizes. Other images of the kNN monitor are a
 * warning. The result is bit-identical to an uninterrupted run on the same kind of processor with as many threads and
 * processes, and on a GPU if the run is deterministic. On another device, or with other numbers, the run continues too,
 * but is not bit-identical; the log says what changes. Only rank 0 reads the folder.
 *
 * A run on an application's dataset, order or callback continues if options gives the same again. Texts of
 * options->metadata replace those of the checkpoint with the same keys.
 * @param run its folder
 * @param options NULL for the defaults
 * @return ::MOCO_ENOTFOUND if the folder holds no checkpoint; ::MOCO_EINVALID if it has passed options->epochs or
 * max_steps already, or its length is in the other of them, if the data has changed (see options->data_changed), or if
 * dataset, policy or order are missing or are not those of the run; ::MOCO_EUNAVAILABLE if another process trains it;
 * else as moco_train()
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_resume(const char *run, const moco_train_options *options);

MOCO_END_DECLS

#endif
