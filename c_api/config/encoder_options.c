/* From a configuration's texts to an encoder's options. */
#include "moco/config.h"

#include <string.h>

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
    options.precision = strcmp(config->precision, "bf16") == 0 ? MOCO_BF16 : MOCO_FP32;
    options.layout = moco_layout_fastest(device, options.precision);
    if (strcmp(config->layout, "auto") != 0) {
        options.layout = strcmp(config->layout, "nhwc") == 0 ? MOCO_NHWC : MOCO_NCHW;
    }
    return options;
}
