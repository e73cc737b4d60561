/* Turns a configuration into the options of an encoder. */
#include "config/encoder_options_internal.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "config/config_read_internal.h"

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

static moco_precision precision_of(const moco_config *config)
{
    return config->precision == MOCO_PRECISION_BF16 ? MOCO_BF16 : MOCO_FP32;
}

const char *moco__precision_advice(moco_precision asked, moco_precision fastest, moco_device_type type)
{
    if (asked != MOCO_BF16 || fastest == MOCO_BF16) {
        return NULL;
    }
    return type == MOCO_CPU ? "precision bf16 is slow on this processor, which has neither AVX512-BF16 nor AMX: a step "
                              "takes many times as long as in fp32; train with precision auto or fp32"
                            : "precision bf16 is slow on this GPU, whose compute capability is below 8.0; train with "
                              "precision auto or fp32";
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

void moco_config_resolve_arithmetic(moco_config *config, moco_device device)
{
    moco_config c;
    if (moco__config_read(&c, config) != MOCO_OK) {
        return; /* moco_config_check() says what is wrong with it */
    }
    if (c.precision == MOCO_PRECISION_AUTO) {
        c.precision = moco_precision_fastest(device) == MOCO_BF16 ? MOCO_PRECISION_BF16 : MOCO_PRECISION_FP32;
    }
    if (c.layout == MOCO_LAYOUT_AUTO) {
        c.layout = layout_of(&c, device, precision_of(&c)) == MOCO_NHWC ? MOCO_LAYOUT_NHWC : MOCO_LAYOUT_NCHW;
    }
    moco__config_write(config, &c);
}

moco_status moco_config_encoder_options(moco_encoder_options *out, const moco_config *config, moco_device device)
{
    moco_encoder_options options;
    moco_config c;
    MOCO_CHECK_ARG(out);
    MOCO_TRY(moco__config_read(&c, config));
    MOCO__READ_OPTIONS(&options, out, MOCO_ENCODER_OPTIONS_INIT);
    if (config->struct_size >= offsetof(moco_config, arch) + sizeof config->arch) {
        if (memchr(config->arch, '\0', sizeof config->arch) == NULL) {
            return moco_error_set(MOCO_EINVALID, "config: arch has no NUL in its %zu bytes", sizeof config->arch);
        }
        options.arch = config->arch; /* the caller's, since it is borrowed */
    }
    options.dim = c.dim;
    options.mlp = c.mlp;
    options.cifar_stem = c.cifar_stem;
    options.bn_splits = c.bn_splits;
    options.channels = c.channels;
    options.seed = c.seed;
    options.device = device;
    options.precision = precision_of(&c);
    options.layout = layout_of(&c, device, options.precision);
    moco__options_write(out, &options, sizeof options);
    return MOCO_OK;
}
