/**
 * @file loader.h
 * Worker threads that turn a dataset into batches of two augmented views, in the sampler's order.
 */
#ifndef MOCO_LOADER_H
#define MOCO_LOADER_H

#include "augment.h"
#include "dataset.h"
#include "sampler.h"

MOCO_BEGIN_DECLS

/** Reads, decodes once and augments twice, ahead of the consumer. @since 0.1 */
typedef struct moco_loader moco_loader;

/** Options of moco_loader_create(). @since 0.1 */
typedef struct moco_loader_options {
    size_t struct_size;
    int32_t workers;    /**< threads; 0: one a core */
    int32_t prefetch;   /**< batches in flight, 1 or more; 3 */
    uint64_t seed;      /**< of the augmentations */
    moco_layout layout; /**< memory order of the batches */
    moco_device device; /**< batches lie in pinned memory of the host where this is CUDA */
    bool skip_broken;   /**< replace an unreadable image by another and count it; false: fail with its name */
    bool single_view;   /**< evaluation: one view, no key */
    bool measure;       /**< for moco_loader_stage_seconds(); costs some microseconds an image */
    bool fast;          /**< moco_image_set_fast() for all images: other pixels, the same random draws */
    moco_dtype dtype;   /**< of the batches: ::MOCO_FLOAT32 or ::MOCO_BFLOAT16, which halves their memory */
} moco_loader_options;

#define MOCO_LOADER_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(moco_loader_options), 0, 3, 0, MOCO_NCHW, { MOCO_CPU, 0 }, false, false, false, false, MOCO_FLOAT32     \
    }

/** A batch; all of it is borrowed until the next call of moco_loader_next(). @since 0.1 */
typedef struct moco_batch {
    const moco_tensor *query; /**< N x 3 x size x size of options->dtype, view 0, on the host */
    const moco_tensor *key;   /**< the same of view 1; NULL with single_view */
    const size_t *indices;    /**< N indices into the dataset */
    size_t count;             /**< N */
    uint64_t epoch;           /**< from 0 */
    size_t batch;             /**< within the epoch, from 0 */
} moco_batch;

/**
 * Starts the workers. Dataset and sampler are borrowed and must outlive the loader, which alone moves the sampler.
 * @param query_policy,key_policy copied; of one size; @p key_policy NULL: the same as the query's
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_loader_create(moco_loader **out, const moco_dataset *dataset,
                                                      moco_sampler *sampler, const moco_augment_policy *query_policy,
                                                      const moco_augment_policy *key_policy,
                                                      const moco_loader_options *options);

/** Stops the workers, in the middle of an epoch too, and frees all; NULL is allowed. @since 0.1 */
MOCO_API void moco_loader_free(moco_loader *loader);

/**
 * Waits for the next batch. Batches come in the sampler's order without end; output does not depend on the workers.
 * @return the error of the first sample of the batch that could not be read, with its name
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_loader_next(moco_loader *loader, moco_batch *out);

/** Height and width of the views, in pixels. @since 0.1 */
MOCO_API int32_t moco_loader_image_size(const moco_loader *loader);

/** Seconds that moco_loader_next() has waited, in all. @since 0.1 */
MOCO_API double moco_loader_wait_seconds(const moco_loader *loader);

/** Images that were skipped as unreadable, in all. @since 0.1 */
MOCO_API size_t moco_loader_skipped(const moco_loader *loader);

/** What workers spend their time on. @since 0.1 */
typedef enum moco_stage {
    MOCO_STAGE_READ,      /**< the file, and its header where it is a JPEG file; all decoding where it is not */
    MOCO_STAGE_DECODE,    /**< the part of a JPEG file that the views take */
    MOCO_STAGE_RESIZE,    /**< crops and resizes */
    MOCO_STAGE_COLOR,     /**< brightness, contrast, saturation; of fast loaders, the means that contrast needs */
    MOCO_STAGE_HUE,       /**< hue */
    MOCO_STAGE_GRAYSCALE, /**< grey */
    MOCO_STAGE_BLUR,      /**< Gaussian blur */
    MOCO_STAGE_STORE,     /**< flip and normalisation, into the batch; of fast loaders, all colours */
    MOCO_STAGE_COUNT
} moco_stage;

/** "read", "decode" and so on; NULL where it is no stage; borrowed, static. @since 0.1 */
MOCO_API const char *moco_stage_name(moco_stage stage);

/** CPU seconds that all workers have spent on a stage so far; 0 unless options->measure. Thread-safe. @since 0.1 */
MOCO_API double moco_loader_stage_seconds(const moco_loader *loader, moco_stage stage);

MOCO_END_DECLS

#endif
