/**
 * @file config.h
 * The settings of a training run, their table of options, presets, and YAML files.
 *
 * @since 0.1 for all of this file, unless a comment says 0.2.
 */
#ifndef MOCO_CONFIG_H
#define MOCO_CONFIG_H

#include "augment.h"
#include "dataset.h"
#include "encoder.h"
#include "model.h"
#include "option.h"
#include "safetensors.h"
#include "schedule.h"

#include <string.h>

MOCO_BEGIN_DECLS

/** Pixels of the augmentation: identifier, name in a configuration. */
#define MOCO_AUGMENT_PRECISION_MAP(X)                                                                                  \
    X(MOCO_AUGMENT_EXACT, "exact") /* those of torchvision and Pillow */                                               \
    X(MOCO_AUGMENT_FAST, "fast")   /* nearly the same in less time; see moco_image_set_fast() */

/** Arithmetic of the network: identifier, name in a configuration. */
#define MOCO_PRECISION_MAP(X)                                                                                          \
    X(MOCO_PRECISION_AUTO, "auto") /* the fastest on all processes; see moco_precision_fastest() */                    \
    X(MOCO_PRECISION_FP32, "fp32")                                                                                     \
    X(MOCO_PRECISION_BF16, "bf16")

/** Memory order of images and activations: identifier, name in a configuration. */
#define MOCO_LAYOUT_MAP(X)                                                                                             \
    X(MOCO_LAYOUT_AUTO, "auto") /* the fastest; see moco_layout_fastest() */                                           \
    X(MOCO_LAYOUT_NCHW, "nchw")                                                                                        \
    X(MOCO_LAYOUT_NHWC, "nhwc")

/** How the momentum of the key encoder changes: identifier, name in a configuration. */
#define MOCO_MOMENTUM_MAP(X)                                                                                           \
    X(MOCO_MOMENTUM_CONSTANT, "constant")                                                                              \
    X(MOCO_MOMENTUM_COSINE, "cosine") /* rises to 1; see moco_momentum_cosine() */

/** How gradients are sent between processes: identifier, name in a configuration. */
#define MOCO_COMPRESSION_MAP(X)                                                                                        \
    X(MOCO_COMPRESSION_NONE, "none")                                                                                   \
    X(MOCO_COMPRESSION_BF16, "bf16")

/** Whether a step on a GPU is a CUDA graph: identifier, name in a configuration. */
#define MOCO_CUDA_GRAPH_MAP(X)                                                                                         \
    X(MOCO_CUDA_GRAPH_AUTO, "auto") /* off, until it is proven on GPUs */                                              \
    X(MOCO_CUDA_GRAPH_ON, "on")                                                                                        \
    X(MOCO_CUDA_GRAPH_OFF, "off")

/** Features that the kNN monitor compares: identifier, name in a configuration. */
#define MOCO_KNN_FEATURES_MAP(X)                                                                                       \
    X(MOCO_KNN_POOLED, "pooled") /* before the head: 512 or 2048 numbers */                                            \
    X(MOCO_KNN_OUTPUT, "output") /* after the head: dim numbers */

/** @name Choices of a configuration. The values are the indices of the names above. @since 0.2 */
/** @{ */
/** Pixels of the augmentation. */
typedef enum moco_augment_precision { MOCO_AUGMENT_PRECISION_MAP(MOCO_CHOICE_ENUM) } moco_augment_precision;
/** Arithmetic of the network. */
typedef enum moco_precision_choice { MOCO_PRECISION_MAP(MOCO_CHOICE_ENUM) } moco_precision_choice;
/** Memory order of images and activations. */
typedef enum moco_layout_choice { MOCO_LAYOUT_MAP(MOCO_CHOICE_ENUM) } moco_layout_choice;
/** How the momentum of the key encoder changes. */
typedef enum moco_momentum_kind { MOCO_MOMENTUM_MAP(MOCO_CHOICE_ENUM) } moco_momentum_kind;
/** How gradients are sent between processes. */
typedef enum moco_compression { MOCO_COMPRESSION_MAP(MOCO_CHOICE_ENUM) } moco_compression;
/** Whether a step on a GPU is a CUDA graph. */
typedef enum moco_cuda_graph { MOCO_CUDA_GRAPH_MAP(MOCO_CHOICE_ENUM) } moco_cuda_graph;
/** Features that the kNN monitor compares. */
typedef enum moco_knn_features { MOCO_KNN_FEATURES_MAP(MOCO_CHOICE_ENUM) } moco_knn_features;
/** @} */

/** Bytes of the longest text of moco_config.normalize. @since 0.2 */
#define MOCO_NORMALIZE_TEXT_MAX 2048

/**
 * All settings of a run. moco_train() replaces each 0 that means "auto" by a value that fits data, batch and machine;
 * `config.yaml` and checkpoints hold the values that were used. Texts are NUL-terminated.
 */
typedef struct moco_config {
    size_t struct_size; /**< set by the macro or function below */
    /* data */
    char data[MOCO_PATH_MAX];     /**< training images */
    char val_data[MOCO_PATH_MAX]; /**< images for the kNN monitor; empty: the other split of data, if it has one */
    moco_format format;           /**< layout of the data on disk */
    char augment[32];             /**< a name of moco_augment_preset() */
    moco_augment_precision augment_precision; /**< exact pixels, or fast ones */
    int64_t image_size;                       /**< pixels; 0: the augmentation's own */
    int64_t shuffle_window; /**< images that are shuffled together; 0: see moco_sampler_options_for() */
    int64_t workers;        /**< loader threads; 0: one per core */
    int64_t prefetch;       /**< batches that are loaded ahead */
    bool skip_broken;       /**< take the next image instead of a damaged or missing one; false: fail */
    /* network */
    char arch[32];     /**< a name of moco_encoder_arch() */
    int64_t dim;       /**< size of the embedding */
    bool mlp;          /**< MLP head (v2) instead of a linear head (v1) */
    bool cifar_stem;   /**< 3x3 stride-1 first convolution, no max pooling */
    int64_t bn_splits; /**< over all processes; 0: 8 if the batch allows, else the largest divisor below */
    bool sync_bn;      /**< one group over all processes */
    moco_precision_choice precision; /**< arithmetic of the network */
    moco_layout_choice layout;       /**< memory order of images and activations */
    /* method */
    int64_t queue_size;                   /**< K */
    bool queue_filled_only;               /**< see ::moco_queue_options */
    double momentum;                      /**< m of the key encoder */
    moco_momentum_kind momentum_schedule; /**< how momentum changes over the run */
    double temperature;                   /**< of the loss, T */
    bool symmetric;                       /**< add the loss with the two views swapped */
    moco_shuffle_kind shuffle;            /**< how keys are shuffled */
    /* optimisation */
    int64_t epochs;                        /**< length of the run */
    int64_t batch;                         /**< over all processes */
    int64_t accumulate;                    /**< parts of a batch that each process computes one after another */
    double lr;                             /**< 0: 0.03 x batch / 256 */
    moco_schedule_kind schedule;           /**< shape of the learning rate */
    char milestones[128];                  /**< epochs of ::MOCO_SCHEDULE_STEPS, as "120,160" */
    bool lr_per_step;                      /**< false: constant within an epoch, as in the reference */
    double warmup_epochs;                  /**< the rate rises from 0 over these; 0: no warm-up */
    double sgd_momentum;                   /**< of the optimiser */
    double weight_decay;                   /**< of the optimiser */
    moco_compression gradient_compression; /**< of gradients between processes */
    double bucket_mib;                     /**< MiB of gradients per message between processes */
    /* run */
    char out[MOCO_PATH_MAX];    /**< folder of the run */
    char device[16];            /**< auto, cpu, cuda or cuda:N */
    bool deterministic;         /**< the same bits each time on a GPU too */
    bool tf32;                  /**< float32 on a GPU rounds the factors of products to 10 bits */
    moco_cuda_graph cuda_graph; /**< whether a step on a GPU is a CUDA graph */
    int64_t threads;            /**< 0: one per core */
    uint64_t seed;              /**< of all randomness of the run */
    int64_t print_freq;         /**< steps */
    int64_t checkpoint_every;   /**< epochs */
    int64_t keep_last;          /**< checkpoints */
    int64_t keep_every;         /**< epochs; 0: keep only the last */
    bool tensorboard;           /**< write event files for TensorBoard too */
    bool plots;                 /**< draw curves and sheets during the run */
    /* kNN monitor */
    int64_t knn_every;              /**< epochs; 0: never */
    int64_t knn_k;                  /**< neighbours that vote; 0: as moco_knn_auto_k() says */
    double knn_temperature;         /**< a neighbour's vote weighs exp(cosine / temperature) */
    moco_knn_features knn_features; /**< which vector represents an image */
    int64_t knn_images;             /**< training images that vote; 0: all */
    int64_t knn_image_size;         /**< pixels; 0: image_size */
    /** The application's own augmentation, as moco_augment_format() writes it, instead of the operations, size and
     * normalisation of augment; empty: none. Evaluations crop as for augment, and normalise as it says. @since 0.2 */
    char policy[MOCO_AUGMENT_TEXT_MAX];
    /** The augmentation of the second view, the key, in the same form; empty: as the first. Both have the same size and
     * normalisation. No callback. @since 0.2 */
    char key_policy[MOCO_AUGMENT_TEXT_MAX];
    double crop_min;  /**< smallest area of a random crop; 0: as the augmentation says @since 0.2 */
    double jitter;    /**< times the strengths of the colour jitter; 0: none; 1: as the augmentation says @since 0.2 */
    double blur;      /**< times the sigma of the blur; 0: none; 1: as the augmentation says @since 0.2 */
    int64_t channels; /**< of the images, see moco_image_set_channels(); 3 @since 0.2 */
    /** Mean and standard deviation of each channel: "auto", "imagenet", "none" or "MEAN,MEAN,../STD,STD,..", where one
     * number stands for all channels; empty: those of the augmentation for 3 channels, else auto. moco_train() replaces
     * auto by the numbers that it measures. @since 0.2 */
    char normalize[MOCO_NORMALIZE_TEXT_MAX];
    /* method and optimiser, again */
    double bank_momentum;     /**< of features in the memory bank @since 0.2 */
    int64_t predictor;        /**< hidden units of the predictor of ::MOCO_MECHANISM_MOMENTUM_BATCH @since 0.2 */
    double lars_trust;        /**< trust coefficient of LARS; 0: SGD @since 0.2 */
    moco_mechanism mechanism; /**< what queries are compared with @since 0.2 */
    bool bank_per_query;      /**< draw negatives from the memory bank for each query @since 0.2 */
    bool separate_encoders;   /**< end-to-end: a second encoder for keys @since 0.2 */
    /* length, schedule and checkpoints in steps */
    int64_t max_steps;         /**< length of the run in steps, instead of epochs; 0: epochs @since 0.2 */
    double lr_decay;           /**< factor of ::MOCO_SCHEDULE_EXPONENTIAL @since 0.2 */
    int64_t lr_decay_steps;    /**< steps after which it multiplies the rate again; 0: an epoch's @since 0.2 */
    int64_t checkpoint_steps;  /**< save a checkpoint every N steps too; 0: never @since 0.2 */
    double checkpoint_minutes; /**< save a checkpoint when the last one is N minutes old; 0: never @since 0.2 */
    int64_t knn_steps;         /**< test every N steps too; 0: never @since 0.2 */
    double knn_minutes;        /**< test when the last test is N minutes old; 0: never @since 0.2 */
    bool monitors;             /**< measure the quality of embeddings and features without labels @since 0.2 */
    bool lidar;                /**< with monitors: LiDAR too. @since 0.2 */
    int64_t monitor_every;     /**< epochs between measurements of features; 0: as cheap as the others @since 0.2 */
} moco_config;

/**
 * Returns the table of options; borrowed, static.
 * @param[out] count number of rows; may be NULL
 * @since 0.2
 */
MOCO_API const moco_option *moco_config_options(size_t *count);

/** The @p index-th row of the table of options; NULL after the last; borrowed, static. */
static inline const moco_option *moco_config_option(size_t index)
{
    size_t count = 0;
    const moco_option *table = moco_config_options(&count);
    return index < count ? &table[index] : NULL;
}

/** Finds the option of a name or alias, with dashes or underscores; NULL if there is none. */
static inline const moco_option *moco_config_find_option(const char *name)
{
    size_t count = 0;
    const moco_option *table = moco_config_options(&count);
    return name != NULL ? moco_option_find(table, count, name, strlen(name)) : NULL;
}

/** The option's name that a misspelt name most likely means; NULL if none is near; borrowed, static. */
static inline const char *moco_config_suggest(const char *name)
{
    size_t count = 0;
    const moco_option *table = moco_config_options(&count);
    const moco_option *near = name != NULL ? moco_option_nearest(table, count, name, NULL) : NULL;
    return near != NULL ? near->name : NULL;
}

/**
 * Fills in the defaults: the reference's v1 recipe, on a GPU if there is one. Every other function goes by the
 * struct_size that it sets, also those that write a configuration.
 * @param[out] config receives them
 * @param struct_size sizeof(moco_config) of the caller
 */
MOCO_API void moco_config_init(moco_config *config, size_t struct_size);

/** Sets an option from text. @return ::MOCO_EINVALID, as moco_option_set(), or for an unknown name */
MOCO_API MOCO_MUST_USE moco_status moco_config_set(moco_config *config, const char *name, const char *value);

/**
 * Writes an option as text, as moco_option_get().
 * @param config the settings to read
 * @param option a row of the table
 * @param[out] buffer NUL-terminated, cut
 * @param size bytes of @p buffer
 * @return ::MOCO_EINVALID if the struct of the caller is too old for the option, or the field is not one of its choices
 */
static inline moco_status moco_config_get(const moco_config *config, const moco_option *option, char *buffer,
                                          size_t size)
{
    if (config != NULL && option != NULL && option->offset + option->size > config->struct_size) {
        return moco_error_set(MOCO_EINVALID, "moco_config_get: the configuration is too old for option %s",
                              option->name);
    }
    return moco_option_get(config, option, buffer, size);
}

/** The name of a choice: "bf16" for "precision"; borrowed, static; NULL as moco_option_choice(). @since 0.2 */
static inline const char *moco_config_choice(const moco_config *config, const char *name)
{
    const moco_option *option = moco_config_find_option(name);
    const bool is_known = config != NULL && option != NULL && option->offset + option->size <= config->struct_size;
    return is_known ? moco_option_choice(config, option) : NULL;
}

/**
 * Sets the options that a YAML file lists, one `name: value` per line; errors name file and line. The value of a policy
 * may be a list of `{operation: NAME, probability: P, parameters: [numbers]}` too, which moco_config_save() writes.
 * @return ::MOCO_ENOTFOUND or ::MOCO_EIO; ::MOCO_EFORMAT if the file is not such a list; ::MOCO_EINVALID for an unknown
 * or repeated option or a value out of range
 */
MOCO_API MOCO_MUST_USE moco_status moco_config_load(moco_config *config, const char *path);

/**
 * Writes all options to a YAML file, which is replaced in one piece.
 * @return ::MOCO_EIO if the file cannot be written
 */
MOCO_API MOCO_MUST_USE moco_status moco_config_save(const moco_config *config, const char *path);

/**
 * Writes what moco_config_save() writes to a callback.
 * @param write is called with pieces in order
 * @param payload passed to write
 * @param config the settings to write
 * @return what the callback returned
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_config_save_to(moco_write_fn write, void *payload, const moco_config *config);

/**
 * Writes the augmentation out: sets policy, and key_policy if it differs, to what augment, crop_min, jitter and blur
 * make, and these three to "as the policy says". Training on it gives the same pixels.
 * @return ::MOCO_EINVALID as moco_config_policy()
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_config_write_out_policy(moco_config *config);

/**
 * Checks all ranges, and options against each other; warns of unusual values. Reads no data.
 * @return ::MOCO_EINVALID; the message names the option, its value and what is allowed
 */
MOCO_API MOCO_MUST_USE moco_status moco_config_check(const moco_config *config);

/** Replaces a precision and a layout of "auto" by those in which @p device trains fastest. @since 0.2 */
MOCO_API void moco_config_resolve_arithmetic(moco_config *config, moco_device device);

/**
 * Sets all options of the encoder that @p config describes; their arch is borrowed from it. A layout of "auto" is
 * resolved; a precision of "auto" is ::MOCO_FP32 here.
 * @param[in,out] out start from ::MOCO_ENCODER_OPTIONS_INIT
 * @param config the settings to read; it must live until moco_encoder_create()
 * @param device of the encoder
 * @return ::MOCO_EINVALID if @p config is not one of moco_config_init()
 */
MOCO_API MOCO_MUST_USE moco_status moco_config_encoder_options(moco_encoder_options *out, const moco_config *config,
                                                               moco_device device);

/**
 * Sets all options of the model that @p config describes, and of its parts, as moco_train() does. The number of ranks
 * is that of out->comm. "auto" becomes what moco_train() takes; see moco_config_encoder_options() for layout and
 * precision.
 * @param[in,out] out start from ::MOCO_MODEL_OPTIONS_INIT, and set comm; its encoder, sgd and ddp become the structs
 * that follow, which must live until moco_model_create()
 * @param[in,out] encoder,sgd,ddp start from their `_INIT`; encoder->arch is borrowed from @p config
 * @param config the settings to read; it must live until moco_model_create(). It does not know bank_images, which a
 * memory bank needs
 * @param device of the model
 * @return ::MOCO_EINVALID if batch or groups of batch norm do not divide among ranks and parts
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_config_model_options(moco_model_options *out, moco_encoder_options *encoder,
                                                             moco_sgd_options *sgd, moco_ddp_options *ddp,
                                                             const moco_config *config, moco_device device);

/** What a policy is for. @since 0.2 */
typedef enum moco_policy_use {
    MOCO_POLICY_TRAIN, /**< pretraining: config->policy, or else config->augment; changed by crop_min, jitter, blur */
    MOCO_POLICY_EVALUATE, /**< features, without randomness */
    MOCO_POLICY_CLASSIFY, /**< training a classifier on labelled images: crops and flips, no colours */
    MOCO_POLICY_TRAIN_KEY /**< the second view of pretraining: config->key_policy, or else as ::MOCO_POLICY_TRAIN */
} moco_policy_use;

/**
 * Makes the augmentation policy that @p config describes. All its policies normalise images in the same way.
 * @param[in,out] out start from ::MOCO_AUGMENT_POLICY_INIT; its callback and payload stay
 * @param config the settings to read
 * @param use what the policy is for
 * @return ::MOCO_EINVALID if the augmentation of @p config is not known or its policy cannot be read
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_config_policy(moco_augment_policy *out, const moco_config *config,
                                                      moco_policy_use use);

MOCO_END_DECLS

#endif
