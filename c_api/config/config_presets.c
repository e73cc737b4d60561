/*
 * Sets presets. A preset is the reference's v1 recipe with some settings changed, so that the order in
 * which presets are applied does not matter.
 */
#include "base/handle_internal.h"
#include "config/config_defaults_internal.h"
#include "config/config_read_internal.h"
#include "config/option_names_internal.h"

#include "moco/preset.h"

#include <string.h>

enum { MAX_SETTINGS = 24 };

typedef struct preset {
    const char *name, *help;
    moco__setting settings[MAX_SETTINGS];
} preset;

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
        { "batch", "64" },
        { "lr", "0.085" },
        { "weight-decay", "0.001" },
        { "schedule", "cosine" },
        { "lr-per-step", "true" },
        { "print-freq", "100" },
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

enum { PRESET_COUNT = sizeof presets / sizeof presets[0] };

bool moco_config_preset(moco_preset *out, size_t index)
{
    if (out == NULL || index >= PRESET_COUNT) {
        return false;
    }
    *out = (moco_preset){ presets[index].name, presets[index].help };
    return true;
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
    moco_config changed;
    MOCO_TRY(moco__config_read(&changed, config));
    MOCO_TRY(moco__config_apply(&changed, moco__config_v1, moco__config_v1_count));
    MOCO_TRY(moco__config_apply(&changed, chosen->settings, MAX_SETTINGS));
    moco__config_write(config, &changed);
    return MOCO_OK;
}
