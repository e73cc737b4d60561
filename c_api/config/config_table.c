/*
 * The one table of options. The command line, its help, YAML keys, ranges and checkpoints' metadata all come from it;
 * a new option is a field in moco_config and a row here.
 */
#include "config/config_internal.h"

#include "moco/augment.h"
#include "moco/encoder.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define FIELD(field) offsetof(moco_config, field), sizeof(((moco_config *)0)->field)

#define PATH(name, alias, group, help, field)                                                                          \
    {                                                                                                                  \
        name, alias, MOCO_OPTION_PATH, group, "PATH", help, NULL, 0, 0, false, FIELD(field)                            \
    }
#define TEXT(name, alias, group, argument, help, field)                                                                \
    {                                                                                                                  \
        name, alias, MOCO_OPTION_TEXT, group, argument, help, NULL, 0, 0, false, FIELD(field)                          \
    }
#define CHOICE(name, alias, group, argument, choices, help, field)                                                     \
    {                                                                                                                  \
        name, alias, MOCO_OPTION_CHOICE, group, argument, help, choices, 0, 0, false, FIELD(field)                     \
    }
#define BOOL(name, alias, group, help, field)                                                                          \
    {                                                                                                                  \
        name, alias, MOCO_OPTION_BOOL, group, NULL, help, NULL, 0, 1, false, FIELD(field)                              \
    }
#define INT(name, alias, group, min, max, zero_is_auto, help, field)                                                   \
    {                                                                                                                  \
        name, alias, MOCO_OPTION_INT, group, "N", help, NULL, min, max, zero_is_auto, FIELD(field)                     \
    }
#define REAL(name, alias, group, min, max, zero_is_auto, help, field)                                                  \
    {                                                                                                                  \
        name, alias, MOCO_OPTION_REAL, group, "X", help, NULL, min, max, zero_is_auto, FIELD(field)                    \
    }

enum { AUTO_NO = 0, AUTO_ZERO = 1 };

#define DATA "Data"
#define NETWORK "Network"
#define METHOD "Method"
#define OPTIMISATION "Optimisation"
#define RUN "Run"
#define KNN "kNN monitor"

/* Filled in on first use from the lists of encoder.h and augment.h. */
static char arch_choices[512];
static char augment_choices[256];

static const moco_option table[] = {
    PATH("data", NULL, DATA, "training images: a folder, tar shards, or an IDX or CIFAR file", data),
    PATH("val-data", NULL, DATA, "labelled images for the kNN monitor; else the other split of the data, if any",
         val_data),
    CHOICE("format", NULL, DATA, "F", "auto|folder|flat|idx|cifar|tar", "layout of the data on disk", format),
    CHOICE("augment", NULL, DATA, "NAME", augment_choices, "augmentation of the training images", augment),
    CHOICE("augment-precision", NULL, DATA, "P", "exact|fast",
           "pixels of the augmentation: torchvision's and PIL's, or near ones in less time", augment_precision),
    INT("image-size", NULL, DATA, 8, 1024, AUTO_ZERO, "height and width in pixels; auto: the augmentation's own",
        image_size),
    INT("shuffle-window", NULL, DATA, 1, 1000000000, AUTO_ZERO,
        "read shards in sequence and shuffle among so many images; auto: 1024 where they are compressed, else among "
        "all",
        shuffle_window),
    INT("workers", "j", DATA, 1, 1024, AUTO_ZERO, "threads that read images; auto: one a core", workers),
    INT("prefetch", NULL, DATA, 1, 64, AUTO_NO, "batches read ahead", prefetch),
    BOOL("skip-broken", NULL, DATA, "replace images that cannot be read, and count them, instead of stopping",
         skip_broken),

    CHOICE("arch", "a", NETWORK, "NAME", arch_choices, "network", arch),
    INT("dim", "moco-dim", NETWORK, 1, 65536, AUTO_NO, "size of the embedding", dim),
    BOOL("mlp", NULL, NETWORK, "MLP head (v2) in place of a linear one (v1)", mlp),
    BOOL("cifar-stem", NULL, NETWORK, "3x3 stride-1 first convolution without pooling, for small images", cifar_stem),
    INT("bn-splits", NULL, NETWORK, 1, 4096, AUTO_ZERO,
        "groups that a batch is normalised in, over all processes, as on that many GPUs; auto: 8 where the batch "
        "allows",
        bn_splits),
    BOOL("sync-bn", NULL, NETWORK, "normalise over all processes in one group, for comparison; lets the network cheat",
         sync_bn),
    CHOICE("precision", NULL, NETWORK, "P", "auto|fp32|bf16", "arithmetic; weights are fp32", precision),
    CHOICE("layout", NULL, NETWORK, "L", "auto|nchw|nhwc", "memory order of images and activations", layout),

    INT("queue-size", "moco-k", METHOD, 1, 16777216, AUTO_NO, "negative keys in the queue, K", queue_size),
    BOOL("queue-filled-only", NULL, METHOD, "leave out the random keys that the queue starts with", queue_filled_only),
    REAL("momentum", "moco-m", METHOD, 0, 1, AUTO_NO, "momentum of the key encoder, m; SGD's is --sgd-momentum",
         momentum),
    CHOICE("momentum-schedule", NULL, METHOD, "S", "constant|cosine", "whether m stays or rises to 1",
           momentum_schedule),
    REAL("temperature", "moco-t", METHOD, 0.001, 100, AUTO_NO, "temperature of the contrastive loss, T", temperature),
    BOOL("symmetric", NULL, METHOD, "each view is query and key once; costs twice the time", symmetric),
    CHOICE("shuffle", NULL, METHOD, "S", "alltoall|allgather|off",
           "how keys are shuffled before normalisation: each process is sent its images, or all; or not", shuffle),

    INT("epochs", NULL, OPTIMISATION, 1, 1000000, AUTO_NO, "passes over the data", epochs),
    INT("batch", "b|batch-size", OPTIMISATION, 2, 1048576, AUTO_NO, "images a step, over all processes", batch),
    INT("accumulate", NULL, OPTIMISATION, 1, 1024, AUTO_NO,
        "parts of a batch that are computed one after another, to save memory", accumulate),
    REAL("lr", "learning-rate", OPTIMISATION, 0, 1000, AUTO_ZERO, "learning rate; auto: 0.03 x batch / 256", lr),
    CHOICE("schedule", NULL, OPTIMISATION, "S", "constant|steps|cosine", "how the learning rate falls", schedule),
    TEXT("milestones", NULL, OPTIMISATION, "E,E,..", "epochs at which schedule `steps` multiplies the rate by 0.1",
         milestones),
    BOOL("lr-per-step", NULL, OPTIMISATION, "set the rate each step and not each epoch", lr_per_step),
    REAL("warmup-epochs", NULL, OPTIMISATION, 0, 1000000, AUTO_NO, "epochs over which the rate rises from 0",
         warmup_epochs),
    REAL("sgd-momentum", NULL, OPTIMISATION, 0, 0.9999, AUTO_NO, "momentum of SGD", sgd_momentum),
    REAL("weight-decay", "wd", OPTIMISATION, 0, 10, AUTO_NO, "weight decay of SGD", weight_decay),

    CHOICE("gradient-compression", NULL, OPTIMISATION, "C", "none|bf16", "how gradients are sent between processes",
           gradient_compression),
    REAL("bucket-mib", NULL, OPTIMISATION, 0.001, 1024, AUTO_NO, "MiB of gradients that are sent at once", bucket_mib),

    PATH("out", "o", RUN, "folder of the run; must be new or empty", out),
    TEXT("device", NULL, RUN, "D", "cpu, cuda or cuda:N", device),
    INT("threads", NULL, RUN, 1, 4096, AUTO_ZERO, "threads that compute; auto: one a core", threads),
    { "seed", NULL, MOCO_OPTION_UINT64, RUN, "N", "seed of weights, order and augmentation", NULL, 0,
      18446744073709551615.0, false, FIELD(seed) },
    INT("print-freq", "p", RUN, 1, 1000000000, AUTO_NO, "steps between two lines of metrics", print_freq),
    INT("checkpoint-every", NULL, RUN, 1, 1000000, AUTO_NO, "epochs between two checkpoints", checkpoint_every),
    INT("keep-last", NULL, RUN, 1, 1000000, AUTO_NO, "newest checkpoints that are kept", keep_last),
    INT("keep-every", NULL, RUN, 0, 1000000, AUTO_NO, "keep each N-th epoch's checkpoint for ever; 0: none",
        keep_every),
    BOOL("tensorboard", NULL, RUN, "write an event file for TensorBoard", tensorboard),
    BOOL("plots", NULL, RUN, "draw curves and sheets of images", plots),

    INT("knn-every", NULL, KNN, 0, 1000000, AUTO_NO, "epochs between two kNN tests; 0: never", knn_every),
    INT("knn-k", NULL, KNN, 1, 1000000, AUTO_NO, "neighbours that vote", knn_k),
    REAL("knn-temperature", NULL, KNN, 0.001, 100, AUTO_NO, "temperature of the votes' weights", knn_temperature),
    INT("knn-images", NULL, KNN, 0, 1000000000, AUTO_NO, "training images that are compared with; 0: all", knn_images),
    CHOICE("knn-features", NULL, KNN, "F", "pooled|output", "features before the head, or the embedding", knn_features),
    INT("knn-image-size", NULL, KNN, 8, 1024, AUTO_ZERO, "height and width in pixels; auto: as in training",
        knn_image_size),
};

enum { COUNT = sizeof table / sizeof table[0] };
_Static_assert(sizeof table / sizeof table[0] <= MOCO__MAX_OPTIONS, "raise MOCO__MAX_OPTIONS");

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void join(char *buffer, size_t size, const char *name)
{
    const size_t used = strlen(buffer);
    (void)snprintf(buffer + used, size - used, "%s%s", used > 0 ? "|" : "", name);
}

static void fill_choices(void)
{
    const char *name = NULL;
    for (size_t i = 0; (name = moco_encoder_arch(i)) != NULL; ++i) {
        join(arch_choices, sizeof arch_choices, name);
    }
    /* Without randomness both views are equal, and there is nothing to learn: eval policies are no choice here. */
    for (size_t i = 0; (name = moco_augment_preset_name(i)) != NULL; ++i) {
        if (strncmp(name, "eval", 4) != 0) {
            join(augment_choices, sizeof augment_choices, name);
        }
    }
}

const moco_option *moco_config_option(size_t index)
{
    (void)pthread_once(&once, fill_choices);
    return index < COUNT ? &table[index] : NULL;
}

/* Whether @p name is the first @p length characters of @p known, where a dash and an underscore are the same. */
static bool same_name(const char *name, const char *known, size_t length)
{
    for (size_t i = 0; i < length; ++i) {
        if ((name[i] == '_' ? '-' : name[i]) != known[i]) {
            return false;
        }
    }
    return name[length] == '\0';
}

const moco_option *moco_config_find_option(const char *name)
{
    const moco_option *option = NULL;
    for (size_t i = 0; name != NULL && (option = moco_config_option(i)) != NULL; ++i) {
        if (same_name(name, option->name, strlen(option->name))) {
            return option;
        }
        for (const char *alias = option->alias; alias != NULL;) {
            const size_t length = strcspn(alias, "|");
            if (same_name(name, alias, length)) {
                return option;
            }
            alias = alias[length] == '|' ? alias + length + 1 : NULL;
        }
    }
    return NULL;
}

const char *moco_config_suggest(const char *name)
{
    enum { MAX_ALIASES = 64, ALIAS_SIZE = 32 };
    char aliases[MAX_ALIASES][ALIAS_SIZE];
    const char *names[COUNT + MAX_ALIASES];
    size_t count = 0;
    size_t alias_count = 0;
    for (size_t i = 0; i < COUNT; ++i) {
        names[count++] = table[i].name;
        for (const char *alias = table[i].alias; alias != NULL && alias_count < MAX_ALIASES;) {
            const size_t length = strcspn(alias, "|");
            /* A letter is one error away from all other letters. */
            if (length > 1) {
                (void)snprintf(aliases[alias_count], ALIAS_SIZE, "%.*s", (int)length, alias);
                names[count++] = aliases[alias_count++];
            }
            alias = alias[length] == '|' ? alias + length + 1 : NULL;
        }
    }
    const char *near = moco_nearest_name(name, names, count);
    const moco_option *option = moco_config_find_option(near);
    return option != NULL ? option->name : NULL;
}
