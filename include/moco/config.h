/**
 * @file config.h
 * The configuration of a training run, and the one table of its options: parser, help, YAML keys and ranges.
 */
#ifndef MOCO_CONFIG_H
#define MOCO_CONFIG_H

#include "encoder.h"
#include "schedule.h"

MOCO_BEGIN_DECLS

#define MOCO_PATH_MAX 4096

/**
 * All settings of a run. "0 = auto" fields are resolved by moco_train() from data and batch; the resolved values are
 * what `config.yaml` and checkpoints hold. Texts are NUL-terminated.
 */
typedef struct moco_config {
    size_t struct_size;
    /* data */
    char data[MOCO_PATH_MAX];     /**< training images */
    char val_data[MOCO_PATH_MAX]; /**< images for the kNN monitor; empty: the other split of data, where it has one */
    char format[16];              /**< auto, folder, flat, idx, cifar, tar */
    char augment[32];             /**< a name of moco_augment_preset() */
    char augment_precision[8];    /**< exact, fast: see moco_image_set_fast() */
    int64_t image_size;           /**< pixels; 0: the augmentation's own */
    int64_t shuffle_window;       /**< images among which order is random; 0: see moco_sampler_options_for() */
    int64_t workers;              /**< loader threads; 0: one a core */
    int64_t prefetch;             /**< batches in flight */
    bool skip_broken;
    /* network */
    char arch[32];
    int64_t dim;
    bool mlp;
    bool cifar_stem;
    int64_t bn_splits; /**< over all processes; 0: 8 where the batch allows, else the largest divisor below */
    bool sync_bn;      /**< one group, over all processes */
    char precision[8]; /**< auto (moco_precision_fastest() of all processes), fp32, bf16 */
    char layout[8];    /**< auto (moco_layout_fastest()), nchw, nhwc */
    /* method */
    int64_t queue_size; /**< K */
    bool queue_filled_only;
    double momentum;            /**< m of the key encoder */
    char momentum_schedule[16]; /**< constant, cosine */
    double temperature;
    bool symmetric;
    char shuffle[16]; /**< alltoall, allgather, off */
    /* optimisation */
    int64_t epochs;
    int64_t batch;      /**< over all processes */
    int64_t accumulate; /**< parts that a process computes one after another */
    double lr;          /**< 0: 0.03 x batch / 256 */
    char schedule[16];  /**< constant, steps, cosine */
    char milestones[128];
    bool lr_per_step;
    double warmup_epochs;
    double sgd_momentum;
    double weight_decay;
    char gradient_compression[8]; /**< none, bf16 */
    double bucket_mib;
    /* run */
    char out[MOCO_PATH_MAX];
    char device[16];
    int64_t threads; /**< 0: one a core */
    uint64_t seed;
    int64_t print_freq;       /**< steps */
    int64_t checkpoint_every; /**< epochs */
    int64_t keep_last;        /**< checkpoints */
    int64_t keep_every;       /**< epochs; 0: none beyond the last */
    bool tensorboard;
    bool plots;
    /* kNN monitor */
    int64_t knn_every; /**< epochs; 0: never */
    int64_t knn_k;
    double knn_temperature;
    char knn_features[16];  /**< pooled (512 or 2048 d), output (dim) */
    int64_t knn_images;     /**< training images to compare with; 0: all */
    int64_t knn_image_size; /**< pixels; 0: image_size */
} moco_config;

/** Type of an option's value. @since 0.1 */
typedef enum moco_option_kind {
    MOCO_OPTION_INT,    /**< int64_t */
    MOCO_OPTION_UINT64, /**< uint64_t */
    MOCO_OPTION_REAL,   /**< double */
    MOCO_OPTION_BOOL,   /**< bool; on the command line --name or --no-name */
    MOCO_OPTION_TEXT,   /**< char array */
    MOCO_OPTION_CHOICE, /**< char array, one of `choices` */
    MOCO_OPTION_PATH    /**< char array, a file or folder */
} moco_option_kind;

/** A row of the option table. @since 0.1 */
typedef struct moco_option {
    const char *name;  /**< "queue-size": --queue-size on the command line, queue_size in YAML */
    const char *alias; /**< the reference's and short names, as "b|batch-size"; NULL: none */
    moco_option_kind kind;
    const char *group;    /**< heading in the help */
    const char *argument; /**< placeholder in the help, as "N" */
    const char *help;     /**< one sentence, without the default */
    const char *choices;  /**< "a|b|c" for choices, else NULL */
    double min, max;      /**< range of numbers, inclusive */
    bool zero_is_auto;    /**< 0 prints and parses as "auto" */
    size_t offset, size;  /**< of the field in ::moco_config, or in another struct with a table */
} moco_option;

/** The @p index-th option, NULL beyond the last; borrowed, static. @since 0.1 */
MOCO_API const moco_option *moco_config_option(size_t index);

/** The option of a name or alias, with dashes or underscores; NULL where there is none. @since 0.1 */
MOCO_API const moco_option *moco_config_find_option(const char *name);

/** The closest known name to a wrong one; borrowed, static; NULL where none is near. @since 0.1 */
MOCO_API const char *moco_config_suggest(const char *name);

/** Of @p count names, the one that a wrong name most likely stands for; NULL where none is near. @since 0.1 */
MOCO_API const char *moco_nearest_name(const char *wrong, const char *const *names, size_t count);

/**
 * Sets the field of an option in a struct that has a table of options, such as an application's own, from text.
 * @param values the struct that option->offset counts in
 * @return ::MOCO_EINVALID naming option, value, range or the nearest choice
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_option_set(void *values, const moco_option *option, const char *text);

/** The field of an option as text that moco_option_set() takes. @param[out] buffer NUL-terminated, cut @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_option_get(const void *values, const moco_option *option, char *buffer,
                                                   size_t size);

/** Fills in the defaults: those of the reference's v1 recipe, on the CPU. @since 0.1 */
MOCO_API void moco_config_init(moco_config *config);

/** The @p index-th preset's name and what it is for; NULL beyond the last; borrowed, static. @since 0.1 */
MOCO_API const char *moco_config_preset_name(size_t index);
/** What a preset is for, in one sentence; borrowed, static. @since 0.1 */
MOCO_API const char *moco_config_preset_help(size_t index);

/** Applies a preset (v1, v2, cifar, fashion-mnist, tiny) over what is set. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_config_apply_preset(moco_config *config, const char *name);

/** Sets an option from text. @return ::MOCO_EINVALID naming option, value, range or the nearest name @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_config_set(moco_config *config, const char *name, const char *value);

/** An option's value as text that moco_config_set() takes. @param[out] buffer NUL-terminated, cut @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_config_get(const moco_config *config, const moco_option *option, char *buffer,
                                                   size_t size);

/** Reads a flat YAML map of options over what is set; errors name file and line. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_config_load(moco_config *config, const char *path);

/** Writes all options as YAML, by a temporary name and rename. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_config_save(const moco_config *config, const char *path);

/** Checks all ranges, and fields against each other; warns of what is unusual. Needs no data. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_config_check(const moco_config *config);

/**
 * The milestones of config->milestones ("120,160") as numbers, ascending.
 * @param[out] milestones in epochs
 * @param[out] count how many; 0 for an empty text
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_config_milestones(const moco_config *config,
                                                          double milestones[MOCO_MAX_MILESTONES], size_t *count);

/**
 * Options of the encoder that @p config describes; their arch is borrowed from it. A precision of auto, which a run
 * replaces by the machine's fastest, is ::MOCO_FP32 here.
 * @since 0.1
 */
MOCO_API moco_encoder_options moco_config_encoder_options(const moco_config *config, moco_device device);

/** The augmentation preset that evaluates what config->augment trains; borrowed, static. @since 0.1 */
MOCO_API const char *moco_config_eval_augment(const moco_config *config);

MOCO_END_DECLS

#endif
