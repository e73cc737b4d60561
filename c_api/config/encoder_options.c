/* Turns a configuration into the options of an encoder. */
#include "config/encoder_options_internal.h"

#include "moco/config.h"

#include <string.h>

bool moco__architecture_is_small(const char *name)
{
    moco_architecture known;
    for (size_t i = 0; moco_encoder_architecture(&known, i); ++i) {
        if (strcmp(known.name, name) == 0) {
            return known.small;
        }
    }
    return false;
}

void moco_config_resolve_arithmetic(moco_config *config, moco_device device)
{
    if (config->precision == MOCO_PRECISION_AUTO) {
        config->precision = moco_precision_fastest(device) == MOCO_BF16 ? MOCO_PRECISION_BF16 : MOCO_PRECISION_FP32;
    }
    if (config->layout == MOCO_LAYOUT_AUTO) {
        const moco_layout layout = moco_config_encoder_options(config, device).layout;
        config->layout = layout == MOCO_NHWC ? MOCO_LAYOUT_NHWC : MOCO_LAYOUT_NCHW;
    }
}

static moco_layout layout_of(const moco_config *config, moco_device device, moco_precision precision)
{
    switch (config->layout) {
    case MOCO_LAYOUT_NCHW:
        return MOCO_NCHW;
    case MOCO_LAYOUT_NHWC:
        return MOCO_NHWC;
    case MOCO_LAYOUT_AUTO:
        break;
    }
    /* TF32 and bf16 run on tensor cores, which want channels last. */
    return moco_layout_fastest(device, config->tf32 ? MOCO_BF16 : precision);
}

moco_encoder_options moco_config_encoder_options(const moco_config *config, moco_device device)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = config->arch;
    options.dim = config->dim;
    options.mlp = config->mlp;
    options.cifar_stem = config->cifar_stem;
    options.bn_splits = config->bn_splits;
    options.seed = config->seed;
    options.device = device;
    options.precision = config->precision == MOCO_PRECISION_BF16 ? MOCO_BF16 : MOCO_FP32;
    options.layout = layout_of(config, device, options.precision);
    return options;
}
