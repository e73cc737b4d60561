/*
 * Holds the table of options of moco_config. The command line, its help, YAML keys, ranges and checkpoints' metadata
 * all come from it. A new option is a field in moco_config and a row here. Checkpoints list options in this order.
 */
#include "loader/augment_policy_internal.h"

#include "moco/config.h"

#include <pthread.h>
#include <string.h>

#define DATA .group = "Data"
#define NETWORK .group = "Network"
#define METHOD .group = "Method"
#define OPTIMISATION .group = "Optimisation"
#define RUN .group = "Run"
#define KNN .group = "kNN monitor"

#define INT(field, low, high) MOCO_INT_OPTION(moco_config, field, low, high)
#define REAL(field, low, high) MOCO_REAL_OPTION(moco_config, field, low, high)
#define BOOL(field) MOCO_BOOL_OPTION(moco_config, field)
#define TEXT(field, placeholder) MOCO_TEXT_OPTION(moco_config, field, placeholder)
#define PATH(field) MOCO_PATH_OPTION(moco_config, field, "PATH")
#define NAME(field, names) MOCO_NAME_OPTION(moco_config, field, "NAME", names)
#define CHOICE(field, placeholder, MAP) MOCO_CHOICE_OPTION(moco_config, field, placeholder, MOCO_CHOICES(MAP))
#define AUTO .zero_is_auto = true
#define ADVANCED .advanced = true
#define PER_HOST .per_host = true

/* Filled in on first use from the tables of encoder.h and augment.h; a test checks that all names fit. */
enum { MAX_NAMES = 64 };
static const char *arch_names[MAX_NAMES + 1];
static const char *augment_names[MAX_NAMES + 1];

static const moco_option table[] = {
    { .name = "data",
      DATA,
      PATH(data),
      PER_HOST,
      .help = "training images: a folder, a list of files (.txt), tar shards, or an IDX or CIFAR file" },
    { .name = "val-data",
      DATA,
      PATH(val_data),
      PER_HOST,
      .help = "labelled images for the kNN monitor; default: the test split of the data" },
    { .name = "format", DATA, CHOICE(format, "F", MOCO_FORMAT_MAP), .help = "layout of the data on disk" },
    { .name = "augment", DATA, NAME(augment, augment_names), .help = "augmentation of the training images" },
    { .name = "policy",
      DATA,
      TEXT(policy, "TEXT"),
      ADVANCED,
      .help = "augmentation as operations, instead of a name: \"Size(32) RandomResizedCrop(0.2, 1, 0.75, 1.25) "
              "RandomGrayscale() @ 0.2 Normalize(0.5, 0.5, 0.5, 0.25, 0.25, 0.25)\"" },
    { .name = "key-policy",
      DATA,
      TEXT(key_policy, "TEXT"),
      ADVANCED,
      .help = "augmentation of the second view of each image, the key, if it differs: as policy" },
    { .name = "crop-min",
      DATA,
      REAL(crop_min, 0.0001, 1),
      AUTO,
      .help = "smallest area of the random crop, as a share of the image; auto: as the augmentation says" },
    { .name = "jitter",
      DATA,
      REAL(jitter, 0, 10),
      .help = "strength of the colour jitter, times that of the augmentation; 0: none" },
    { .name = "blur",
      DATA,
      REAL(blur, 0, 10),
      .help = "strength of the blur (sigma), times that of the augmentation; 0: none" },
    { .name = "augment-precision",
      DATA,
      CHOICE(augment_precision, "P", MOCO_AUGMENT_PRECISION_MAP),
      .help = "exact: the pixels that torchvision and Pillow give; fast: nearly the same pixels, in less time" },
    { .name = "image-size",
      DATA,
      INT(image_size, 8, 1024),
      AUTO,
      .help = "height and width in pixels; auto: the default of augment" },
    { .name = "channels",
      DATA,
      INT(channels, 1, MOCO_MAX_CHANNELS),
      .help =
          "channels of the images: 3 for colours, 1 for grey, or the number of bands of PNG, TIFF and .npy files of "
          "8 or 16 bits or floats" },
    { .name = "normalize",
      DATA,
      TEXT(normalize, "N"),
      .help = "mean and standard deviation of each channel: auto (measured on the training images), imagenet, none, or "
              "numbers as 0.5,0.4,0.4/0.2,0.2,0.2; default: those of augment for 3 channels, else auto" },
    { .name = "shuffle-window",
      DATA,
      INT(shuffle_window, 1, 1e9),
      AUTO,
      .help = "read shards in sequence and shuffle within a window of this many images; auto: 1024 for compressed "
              "shards, all images otherwise" },
    { .name = "workers",
      .aliases = { "j" },
      DATA,
      INT(workers, 1, 1024),
      AUTO,
      PER_HOST,
      .help = "threads that load images; auto: one per core" },
    { .name = "prefetch", DATA, INT(prefetch, 1, 64), ADVANCED, PER_HOST, .help = "batches to load ahead" },
    { .name = "skip-broken",
      DATA,
      BOOL(skip_broken),
      .help = "use the next image instead of one that cannot be read, and count it; without this, such an image ends "
              "the run" },

    { .name = "arch", .aliases = { "a" }, NETWORK, NAME(arch, arch_names), .help = "network" },
    { .name = "dim", .aliases = { "moco-dim" }, NETWORK, INT(dim, 1, 65536), .help = "size of the embedding" },
    { .name = "mlp", NETWORK, BOOL(mlp), .help = "use an MLP head (v2) instead of a linear one (v1)" },
    { .name = "cifar-stem",
      NETWORK,
      BOOL(cifar_stem),
      .help = "start with a 3x3 convolution of stride 1 and no pooling, for small images" },
    { .name = "bn-splits",
      NETWORK,
      INT(bn_splits, 1, 4096),
      AUTO,
      .help = "groups of a batch, over all processes, that batch norm normalises separately, as if on that many GPUs; "
              "auto: 8, or fewer if the batch does not divide" },
    { .name = "sync-bn",
      NETWORK,
      BOOL(sync_bn),
      ADVANCED,
      .help = "normalise the batch of all processes together; for comparison only: batch statistics then help to find "
              "the positive key" },
    { .name = "precision",
      NETWORK,
      CHOICE(precision, "P", MOCO_PRECISION_MAP),
      .help = "arithmetic of the network; weights are always fp32; auto: the fastest" },
    { .name = "layout",
      NETWORK,
      CHOICE(layout, "L", MOCO_LAYOUT_MAP),
      ADVANCED,
      .help = "memory order of images and activations; auto: the fastest" },

    { .name = "mechanism",
      METHOD,
      CHOICE(mechanism, "M", MOCO_MECHANISM_MAP),
      .help =
          "what each image is compared with; moco: a queue of keys of a momentum encoder; end-to-end: the batch, with "
          "gradients for both sides; memory-bank: stored features of all images; momentum-batch: the batch, by a "
          "momentum encoder" },
    { .name = "queue-size",
      .aliases = { "moco-k" },
      METHOD,
      INT(queue_size, 1, 16777216),
      .help = "negative keys, K: in the queue, or drawn from the memory bank" },
    { .name = "queue-filled-only",
      METHOD,
      BOOL(queue_filled_only),
      ADVANCED,
      .help = "compare only with keys of images, not with the random keys that fill the queue at the start" },
    { .name = "momentum",
      .aliases = { "moco-m" },
      METHOD,
      REAL(momentum, 0, 1),
      .help = "momentum of the key encoder, m; for SGD see sgd-momentum" },
    { .name = "momentum-schedule",
      METHOD,
      CHOICE(momentum_schedule, "S", MOCO_MOMENTUM_MAP),
      .help = "keep m constant, or let it rise to 1" },
    { .name = "temperature",
      .aliases = { "moco-t" },
      METHOD,
      REAL(temperature, 0.001, 100),
      .help = "temperature of the contrastive loss, T" },
    { .name = "symmetric",
      METHOD,
      BOOL(symmetric),
      .help = "use each view as query and as key; a step takes about twice the time" },
    { .name = "shuffle",
      METHOD,
      CHOICE(shuffle, "S", MOCO_SHUFFLE_MAP),
      ADVANCED,
      .help = "how to shuffle keys before batch norm: each process receives its share (alltoall) or all images "
              "(allgather); off: do not shuffle" },
    { .name = "separate-encoders",
      METHOD,
      BOOL(separate_encoders),
      ADVANCED,
      .help = "of end-to-end: let keys have an encoder of their own, instead of one for both sides" },
    { .name = "bank-momentum",
      METHOD,
      REAL(bank_momentum, 0, 0.9999),
      ADVANCED,
      .help = "of a memory bank: share of its old feature that an image keeps when it is seen again" },
    { .name = "bank-per-query",
      METHOD,
      BOOL(bank_per_query),
      ADVANCED,
      .help = "of a memory bank: draw the negatives for each query, as published code does, not for each batch; needs "
              "batch x K x dim numbers of memory" },
    { .name = "predictor",
      METHOD,
      INT(predictor, 0, 65536),
      ADVANCED,
      .help = "of momentum-batch: hidden units of the predictor behind the query encoder; 0: none" },

    { .name = "epochs", OPTIMISATION, INT(epochs, 1, 1e6), .help = "passes over the data" },
    { .name = "max-steps",
      OPTIMISATION,
      INT(max_steps, 0, 1e12),
      .help = "length of the run in steps, instead of epochs, over which the schedules stretch; 0: epochs" },
    { .name = "batch",
      .aliases = { "b", "batch-size" },
      OPTIMISATION,
      INT(batch, 2, 1048576),
      .help = "images per step, over all processes" },
    { .name = "accumulate",
      OPTIMISATION,
      INT(accumulate, 1, 1024),
      .help = "compute a batch in this many parts, one after another, to save memory" },
    { .name = "lr",
      .aliases = { "learning-rate" },
      OPTIMISATION,
      REAL(lr, 0, 1000),
      AUTO,
      .help = "learning rate; auto: 0.03 x batch / 256" },
    { .name = "schedule",
      OPTIMISATION,
      CHOICE(schedule, "S", MOCO_SCHEDULE_MAP),
      .help = "how the learning rate falls" },
    { .name = "milestones",
      OPTIMISATION,
      TEXT(milestones, "E,E,.."),
      .help = "epochs at which schedule steps multiplies the learning rate by 0.1" },
    { .name = "lr-decay",
      OPTIMISATION,
      REAL(lr_decay, 0.0001, 1),
      .help = "what schedule exponential multiplies the learning rate by" },
    { .name = "lr-decay-steps",
      OPTIMISATION,
      INT(lr_decay_steps, 0, 1e12),
      .help = "multiply it by lr-decay every N steps; 0: every epoch" },
    { .name = "lr-per-step",
      OPTIMISATION,
      BOOL(lr_per_step),
      ADVANCED,
      .help = "change the learning rate every step instead of every epoch" },
    { .name = "warmup-epochs",
      OPTIMISATION,
      REAL(warmup_epochs, 0, 1e6),
      .help = "epochs over which the learning rate rises from 0" },
    { .name = "sgd-momentum", OPTIMISATION, REAL(sgd_momentum, 0, 0.9999), .help = "momentum of SGD" },
    { .name = "weight-decay",
      .aliases = { "wd" },
      OPTIMISATION,
      REAL(weight_decay, 0, 10),
      .help = "weight decay of SGD" },
    { .name = "lars-trust",
      OPTIMISATION,
      REAL(lars_trust, 0, 1),
      ADVANCED,
      .help = "let LARS scale the steps of SGD, with this trust coefficient; MoCo v3: 0.001; 0: plain SGD" },

    { .name = "gradient-compression",
      OPTIMISATION,
      CHOICE(gradient_compression, "C", MOCO_COMPRESSION_MAP),
      ADVANCED,
      .help = "type in which processes exchange gradients; none: fp32" },
    { .name = "bucket-mib",
      OPTIMISATION,
      REAL(bucket_mib, 0.001, 1024),
      ADVANCED,
      .help = "MiB of gradients that processes exchange at a time" },

    { .name = "out", .aliases = { "o" }, RUN, PATH(out), PER_HOST, .help = "folder of the run; must be new or empty" },
    { .name = "device",
      RUN,
      TEXT(device, "D"),
      PER_HOST,
      .help = "cpu, cuda or cuda:N; auto: a GPU if there is one that can be used, else the CPU" },
    { .name = "deterministic",
      RUN,
      BOOL(deterministic),
      .help = "let a GPU compute the same bits each time, as a CPU does; slower" },
    { .name = "tf32",
      RUN,
      BOOL(tf32),
      ADVANCED,
      .help = "let a GPU compute fp32 with factors of 10 bits: faster than fp32, slower than bf16" },
    { .name = "cuda-graph",
      RUN,
      CHOICE(cuda_graph, "G", MOCO_CUDA_GRAPH_MAP),
      ADVANCED,
      .help = "record a training step on a GPU once, and start it as a whole; auto: off" },
    { .name = "threads",
      RUN,
      INT(threads, 1, 4096),
      AUTO,
      PER_HOST,
      .help = "threads that compute; auto: one per core" },
    { .name = "seed",
      RUN,
      MOCO_UINT64_OPTION(moco_config, seed),
      .help = "seed of the first weights, the order of images and the augmentation" },
    { .name = "print-freq",
      .aliases = { "p" },
      RUN,
      INT(print_freq, 1, 1e9),
      .help = "write a line of metrics every N steps" },
    { .name = "checkpoint-every", RUN, INT(checkpoint_every, 1, 1e6), .help = "save a checkpoint every N epochs" },
    { .name = "checkpoint-steps",
      RUN,
      INT(checkpoint_steps, 0, 1e12),
      .help = "save a checkpoint every N steps too; 0: never" },
    { .name = "checkpoint-minutes",
      RUN,
      REAL(checkpoint_minutes, 0, 1e6),
      .help = "save a checkpoint when the last one is N minutes old; 0: never" },
    { .name = "keep-last", RUN, INT(keep_last, 1, 1e6), .help = "keep the N newest checkpoints" },
    { .name = "keep-every",
      RUN,
      INT(keep_every, 0, 1e6),
      .help = "also keep the checkpoint of every Nth epoch; 0: none" },
    { .name = "tensorboard", RUN, BOOL(tensorboard), .help = "write an event file for TensorBoard" },
    { .name = "plots", RUN, BOOL(plots), .help = "draw curves and sheets of images" },

    { .name = "knn-every", KNN, INT(knn_every, 0, 1e6), .help = "test the features every N epochs; 0: never" },
    { .name = "knn-steps", KNN, INT(knn_steps, 0, 1e12), .help = "test the features every N steps too; 0: never" },
    { .name = "knn-minutes",
      KNN,
      REAL(knn_minutes, 0, 1e6),
      .help = "test the features when the last test is N minutes old; 0: never" },
    { .name = "knn-k",
      KNN,
      INT(knn_k, 1, 1e6),
      AUTO,
      .help = "neighbours that vote; auto: a tenth of a small class, or 200 for classes of 1000 images" },
    { .name = "knn-temperature", KNN, REAL(knn_temperature, 0.001, 100), ADVANCED, .help = "temperature of the votes" },
    { .name = "knn-images", KNN, INT(knn_images, 0, 1e9), .help = "training images to search for neighbours; 0: all" },
    { .name = "knn-features",
      KNN,
      CHOICE(knn_features, "F", MOCO_KNN_FEATURES_MAP),
      ADVANCED,
      .help = "features to compare; pooled: before the head; output: after it" },
    { .name = "knn-image-size",
      KNN,
      INT(knn_image_size, 8, 1024),
      AUTO,
      ADVANCED,
      .help = "height and width of test images in pixels; auto: as in training" },
};

enum { COUNT = sizeof table / sizeof table[0] };

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_names(void)
{
    const char *name = NULL;
    for (size_t i = 0; i < MAX_NAMES && (name = moco_encoder_arch(i)) != NULL; ++i) {
        arch_names[i] = name;
    }
    /* Without randomness both views are equal and there is nothing to learn, so presets for evaluation are left out. */
    size_t count = 0;
    for (size_t i = 0; count < MAX_NAMES && (name = moco_augment_preset_name(i)) != NULL; ++i) {
        if (moco__augment_eval_preset(name) != NULL) {
            augment_names[count++] = name;
        }
    }
}

const moco_option *moco_config_option(size_t index)
{
    (void)pthread_once(&once, fill_names);
    return index < COUNT ? &table[index] : NULL;
}

size_t moco_config_option_count(void)
{
    return COUNT;
}
