/**
 * @file loader.h
 * Turns a dataset into batches of two augmented views, by worker threads, in the sampler's order.
 */
#ifndef MOCO_LOADER_H
#define MOCO_LOADER_H

#include "augment.h"
#include "dataset.h"
#include "sampler.h"

MOCO_BEGIN_DECLS

/** Reads and decodes each image once, and augments it twice, ahead of the consumer. @since 0.1 */
typedef struct moco_loader moco_loader;

/** Options of moco_loader_create(). @since 0.1 */
typedef struct moco_loader_options {
    size_t struct_size; /**< set by the macro or function below */
    int32_t workers;    /**< threads; 0: one per core */
    int32_t prefetch;   /**< batches that are prepared ahead, 1 or more; 3 */
    uint64_t seed;      /**< seed of the augmentations */
    moco_layout layout; /**< memory order of the batches */
    moco_device device; /**< batches are in pinned host memory if this is CUDA */
    bool skip_broken;   /**< replace an image whose file is broken or missing by the next one; false: fail */
    bool single_view;   /**< for evaluation: one view, no key */
    bool measure;       /**< for moco_loader_seconds(); costs some microseconds per image */
    bool fast;          /**< moco_image_set_fast() for all images: other pixels, the same random draws */
    moco_dtype dtype;   /**< type of the batches: ::MOCO_FLOAT32, or ::MOCO_BFLOAT16, which halves their memory */
    double timeout_s;   /**< seconds that moco_loader_next() waits at most; 0: no bound; 0 @since 0.2 */
    size_t batches;     /**< batches to read, after which moco_loader_next() fails; 0: without end; 0 @since 0.2 */
} moco_loader_options;

/** The defaults of ::moco_loader_options. */
#define MOCO_LOADER_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(moco_loader_options), 0, 3, 0, MOCO_NCHW, { MOCO_CPU, 0 }, false, false, false, false, MOCO_FLOAT32, 0, \
            0                                                                                                          \
    }

/**
 * Fills in what ::MOCO_LOADER_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_loader_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_loader_options_init(moco_loader_options *options, size_t struct_size);

/** A batch; everything in it is borrowed until the next call of moco_loader_next(). @since 0.1 */
typedef struct moco_batch {
    const moco_tensor *query; /**< view 0: N x C x size x size values of the C channels of the policies of
                                 options->dtype, on the host */
    const moco_tensor *key;   /**< view 1; NULL with single_view */
    const size_t *indices;    /**< N indices into the dataset */
    size_t count;             /**< N */
    uint64_t epoch;           /**< from 0 */
    size_t batch;             /**< within the epoch, from 0 */
} moco_batch;

/**
 * Starts the workers. Dataset and sampler are borrowed and must outlive the loader. While it lives, it alone moves the
 * sampler.
 * @param[out] out a new handle, for moco_loader_free()
 * @param dataset borrowed
 * @param sampler borrowed; the loader moves it
 * @param query_policy,key_policy copied; must have the same size and channels; @p key_policy NULL: the same as @p
 * query_policy
 * @param options NULL for the defaults
 * @return ::MOCO_EINVALID if policies, options or data do not fit each other, or another loader has the sampler;
 * ::MOCO_EUNAVAILABLE if no thread can be started
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_loader_create(moco_loader **out, const moco_dataset *dataset,
                                                      moco_sampler *sampler, const moco_augment_policy *query_policy,
                                                      const moco_augment_policy *key_policy,
                                                      const moco_loader_options *options);

/** Stops the workers, also in the middle of an epoch, and frees everything; NULL is allowed. @since 0.1 */
MOCO_API void moco_loader_free(moco_loader *loader);

/**
 * Waits for the next batch. Batches come in the sampler's order, without end unless options->batches is set. They do
 * not depend on the number of workers. After an error the next call gives the next batch.
 * @param loader of this thread; only moco_loader_cancel() may be called by another one meanwhile
 * @param[out] out the batch, borrowed from the loader
 * @return the error of the first sample of the batch that could not be read; the message has its name.
 * ::MOCO_EUNAVAILABLE if no batch was ready in options->timeout_s: the next call continues to wait for the same batch,
 * and the batch before is given back. ::MOCO_ESTOPPED after moco_loader_cancel(); ::MOCO_EINVALID after
 * options->batches
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_loader_next(moco_loader *loader, moco_batch *out);

/**
 * Ends the work of a loader: moco_loader_next(), also one that waits in another thread, returns ::MOCO_ESTOPPED within
 * 0.1 s, and so does every later call. Workers end after the image that they read; moco_loader_free() waits for these.
 * Any thread may call this, and a signal handler too: it takes no lock. NULL is allowed.
 * @since 0.2
 */
MOCO_API void moco_loader_cancel(moco_loader *loader);

/** Height and width of the views, in pixels. @since 0.1 */
MOCO_API int32_t moco_loader_image_size(const moco_loader *loader);

/** Channels of the views. @since 0.2 */
MOCO_API int32_t moco_loader_channels(const moco_loader *loader);

/** What a loader spends time on. @since 0.1 */
typedef enum moco_stage {
    MOCO_STAGE_WAIT = -1, /**< the device waits for a batch; not work, so not counted below @since 0.2 */
    MOCO_STAGE_READ,      /**< read the file; decode it, unless it is a JPEG file */
    MOCO_STAGE_DECODE,    /**< decode the part of a JPEG file that the views need */
    MOCO_STAGE_RESIZE,    /**< crop and resize */
    MOCO_STAGE_COLOR,     /**< brightness, contrast, saturation; in fast loaders, the means for contrast */
    MOCO_STAGE_HUE,       /**< hue */
    MOCO_STAGE_GRAYSCALE, /**< grey */
    MOCO_STAGE_BLUR,      /**< Gaussian blur */
    MOCO_STAGE_STORE,     /**< flip, normalise and store in the batch; in fast loaders, all colours */
    MOCO_STAGE_COUNT      /**< number of stages */
} moco_stage;

/** Returns "read", "decode" and so on; NULL for values that are no work; static. @since 0.1 */
static inline const char *moco_stage_name(moco_stage stage)
{
    static const char *const names[MOCO_STAGE_COUNT] = { "read", "decode",    "resize", "color",
                                                         "hue",  "grayscale", "blur",   "store" };
    return (int)stage >= 0 && stage < MOCO_STAGE_COUNT ? names[stage] : NULL;
}

/**
 * Returns the seconds that were spent on a stage so far: the CPU time of all workers, which is 0 without
 * options->measure; for ::MOCO_STAGE_WAIT how long moco_loader_next() has waited, or, if options->device is a GPU, how
 * long the caller's current stream had nothing to do meanwhile, as far as the GPU has come. Thread-safe.
 * @since 0.2
 */
MOCO_API double moco_loader_seconds(const moco_loader *loader, moco_stage stage);

MOCO_END_DECLS

#endif
