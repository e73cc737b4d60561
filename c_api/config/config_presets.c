/*
 * Sets defaults and presets. A preset is the reference's v1 recipe with some settings changed, so that the order in
 * which presets are applied does not matter.
 */
#include "base/handle_internal.h"
#include "config/option_names_internal.h"

#include "moco/config.h"

#include <string.h>

typedef struct setting {
    const char *name, *value;
} setting;

enum { MAX_SETTINGS = 24 };

typedef struct preset {
    const char *name, *help;
    setting settings[MAX_SETTINGS];
} preset;

/* arXiv 1911.05722, section 3.3, and the defaults of the reference's main_moco.py. */
static const setting v1[] = {
    { "augment", "v1" },
    { "augment-precision", "exact" },
    { "image-size", "auto" },
    { "arch", "resnet50" },
    { "dim", "128" },
    { "mlp", "false" },
    { "cifar-stem", "false" },
    { "bn-splits", "auto" },
    { "precision", "auto" },
    { "layout", "auto" },
    { "queue-size", "65536" },
    { "queue-filled-only", "false" },
    { "momentum", "0.999" },
    { "momentum-schedule", "constant" },
    { "temperature", "0.07" },
    { "symmetric", "false" },
    { "shuffle", "alltoall" },
    { "sync-bn", "false" },
    { "epochs", "200" },
    { "batch", "256" },
    { "accumulate", "1" },
    { "lr", "auto" },
    { "schedule", "steps" },
    { "milestones", "120,160" },
    { "lr-per-step", "false" },
    { "warmup-epochs", "0" },
    { "sgd-momentum", "0.9" },
    { "weight-decay", "0.0001" },
    { "print-freq", "10" },
    { "knn-every", "10" },
    { "knn-k", "200" },
    { "knn-temperature", "0.1" },
    { "knn-features", "pooled" },
    { "knn-images", "0" },
    { "knn-image-size", "auto" },
};

static const preset presets[] = {
    { "v1", "MoCo v1 on ImageNet: ResNet-50 at 224 pixels, 200 epochs (arXiv 1911.05722)", { { NULL, NULL } } },
    { "v2",
      "MoCo v2 on ImageNet: v1 with MLP head, blur, T 0.2 and cosine schedule (arXiv 2003.04297)",
      { { "augment", "v2" }, { "mlp", "true" }, { "temperature", "0.2" }, { "schedule", "cosine" } } },
    /* The reference's CIFAR-10 demo on one GPU. */
    { "cifar",
      "CIFAR-10 on one GPU: ResNet-18 at 32 pixels, queue of 4096 keys, 200 epochs",
      { { "augment", "cifar" },
        { "arch", "resnet18" },
        { "cifar-stem", "true" },
        { "bn-splits", "8" },
        { "queue-size", "4096" },
        { "momentum", "0.99" },
        { "temperature", "0.1" },
        { "batch", "512" },
        { "lr", "0.06" },
        { "schedule", "cosine" },
        { "weight-decay", "0.0005" },
        { "knn-every", "1" },
        { "knn-features", "output" } } },
    /* With views of 20 pixels the network sees the images three times as often in the same minutes; complete images of
     * 28 pixels then show it clothes at the size of the crops that it learnt from. */
    { "fashion-mnist",
      "Fashion-MNIST on a CPU in minutes: ResNet-20, views of 20 pixels, 12 epochs",
      { { "augment", "fashion-mnist" },
        { "image-size", "20" },
        { "arch", "resnet20" },
        { "queue-size", "4096" },
        { "momentum", "0.99" },
        { "temperature", "0.1" },
        { "epochs", "12" },
        { "batch", "128" },
        { "lr", "0.12" },
        { "schedule", "cosine" },
        { "lr-per-step", "true" },
        { "print-freq", "50" },
        { "knn-every", "2" },
        { "knn-image-size", "28" } } },
    { "tiny",
      "a very small network and queue, to try things out",
      { { "augment", "cifar" },
        { "image-size", "32" },
        { "arch", "resnet20" },
        { "dim", "64" },
        { "queue-size", "512" },
        { "momentum", "0.99" },
        { "temperature", "0.2" },
        { "epochs", "2" },
        { "batch", "32" },
        { "schedule", "cosine" },
        { "knn-every", "1" } } },
};

enum { V1_COUNT = sizeof v1 / sizeof v1[0], PRESET_COUNT = sizeof presets / sizeof presets[0] };

const char *moco_config_preset_name(size_t index)
{
    return index < PRESET_COUNT ? presets[index].name : NULL;
}

const char *moco_config_preset_help(size_t index)
{
    return index < PRESET_COUNT ? presets[index].help : NULL;
}

static moco_status apply(moco_config *config, const setting *settings, size_t count)
{
    for (size_t i = 0; i < count && settings[i].name != NULL; ++i) {
        MOCO_TRY(moco_config_set(config, settings[i].name, settings[i].value));
    }
    return MOCO_OK;
}

static const preset *find_preset(const char *name)
{
    for (size_t i = 0; i < PRESET_COUNT; ++i) {
        if (strcmp(presets[i].name, name) == 0) {
            return &presets[i];
        }
    }
    return NULL;
}

static moco_status unknown_preset(const char *name)
{
    const char *names[PRESET_COUNT + 1] = { NULL };
    for (size_t i = 0; i < PRESET_COUNT; ++i) {
        names[i] = presets[i].name;
    }
    return moco__unknown_name("preset", name, names);
}

moco_status moco_config_apply_preset(moco_config *config, const char *name)
{
    MOCO_CHECK_ARG(config);
    MOCO_CHECK_ARG(name);
    const preset *chosen = find_preset(name);
    if (chosen == NULL) {
        return unknown_preset(name);
    }
    moco_config changed = *config;
    MOCO_TRY(apply(&changed, v1, V1_COUNT));
    MOCO_TRY(apply(&changed, chosen->settings, MAX_SETTINGS));
    *config = changed;
    return MOCO_OK;
}

void moco_config_init(moco_config *config)
{
    static const setting others[] = {
        { "format", "auto" },
        { "workers", "auto" },
        { "prefetch", "3" },
        { "device", "auto" },
        { "threads", "auto" },
        { "keep-last", "3" },
        { "checkpoint-every", "1" },
        { "keep-every", "0" },
        { "tensorboard", "true" },
        { "plots", "true" },
        { "gradient-compression", "none" },
        { "cuda-graph", "auto" },
        { "bucket-mib", "25" },
    };
    if (config == NULL) {
        return;
    }
    memset(config, 0, sizeof *config);
    config->struct_size = sizeof *config;
    /* Both tables are constant and a test sets every row, so this cannot fail. */
    (void)apply(config, v1, V1_COUNT);
    (void)apply(config, others, sizeof others / sizeof others[0]);
}
