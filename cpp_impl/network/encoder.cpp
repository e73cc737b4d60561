// Makes encoder handles, and gives their parameters, state and options.
#include "network/encoder.hpp"

#include "base/cpu_memory.hpp"
#include "base/cuda_plugin.hpp"
#include "base/options_read_internal.h"

#include <ATen/core/grad_mode.h>

namespace {

void check_range(const char *what, int64_t value, int64_t min, int64_t max)
{
    if (value < min || value > max) {
        throw moco::Error(MOCO_EINVALID, "encoder: " + std::string(what) + " " + std::to_string(value) +
                                             " is out of range; use " + std::to_string(min) + " to " +
                                             std::to_string(max));
    }
}

moco::NetworkOptions network_options(const moco_encoder_options &o)
{
    if (o.arch == nullptr) {
        throw moco::Error(MOCO_EINVALID, "encoder: options->arch is NULL; give a name of moco_encoder_arch()");
    }
    if (o.layout != MOCO_NCHW && o.layout != MOCO_NHWC) {
        throw moco::Error(MOCO_EINVALID,
                          "encoder: layout " + std::to_string(static_cast<int>(o.layout)) + " is not a moco_layout");
    }
    if (o.precision != MOCO_FP32 && o.precision != MOCO_BF16) {
        throw moco::Error(MOCO_EINVALID, "encoder: precision " + std::to_string(static_cast<int>(o.precision)) +
                                             " is not a moco_precision");
    }
    const auto *architecture = moco::find_architecture(o.arch);
    if (architecture == nullptr) {
        std::string known;
        for (size_t i = 0; moco::architecture_at(i) != nullptr; ++i) {
            known += std::string(i == 0 ? "" : ", ") + moco::architecture_at(i)->name;
        }
        throw moco::Error(MOCO_EINVALID,
                          "encoder: unknown architecture \"" + std::string(o.arch) + "\"; use one of " + known);
    }
    check_range("dim", o.dim, 0, 1 << 16);
    check_range("bn_splits", o.bn_splits, 1, 1 << 16);
    check_range("channels", o.channels, 1, MOCO_MAX_CHANNELS);
    return { architecture, o.dim, o.mlp, o.cifar_stem, o.bn_splits, o.channels };
}

// Moves the tensors to their device and layout, and lists them. Parameters of a frozen encoder have no gradient.
void settle(moco_encoder &encoder, bool frozen)
{
    std::vector<at::Tensor> state;
    std::vector<at::Tensor> parameters;
    encoder.network.visit([&](const std::string &name, at::Tensor &tensor, bool parameter) {
        const bool convolution = tensor.dim() == 4;
        tensor = tensor.to(encoder.device);
        if (convolution) {
            tensor = tensor.contiguous(moco::to_torch_format(encoder.channels_last));
        }
        tensor.requires_grad_(parameter && !frozen);
        encoder.names.push_back(name);
        encoder.is_parameter.push_back(parameter);
        state.push_back(tensor);
        if (parameter) {
            parameters.push_back(tensor);
        }
    });
    encoder.parts = encoder.network.parts();
    std::vector<std::vector<moco::BatchNorm *>> norms;
    for (const auto &part : encoder.parts) {
        norms.push_back(part.norms);
        for (const auto *bn : part.norms) {
            encoder.batches.push_back(bn->num_batches_tracked);
        }
    }
    if (encoder.network_options.splits > 1 && !encoder.channels_last) {
        encoder.wide_norms = std::make_unique<moco::WideNorms>(norms, encoder.network_options.splits);
    }
    encoder.state = std::make_unique<moco_tensor_list>(std::move(state));
    encoder.parameters = std::make_unique<moco_tensor_list>(std::move(parameters));
}

void set_sync(moco_encoder &encoder, moco_comm *comm)
{
    encoder.sync = comm;
    for (const auto &part : encoder.parts) {
        for (auto *bn : part.norms) {
            bn->sync = comm;
        }
    }
}

} // namespace

bool moco_encoder_architecture(moco_architecture *out, size_t index)
{
    const auto *a = out != nullptr ? moco::architecture_at(index) : nullptr;
    if (a != nullptr) {
        *out = { a->name,   a->bottleneck,      { a->blocks[0], a->blocks[1], a->blocks[2], a->blocks[3] },
                 a->groups, a->width_per_group, a->widen,
                 a->small };
    }
    return a != nullptr;
}

MOCO__DEFINE_INIT(moco_encoder_options, MOCO_ENCODER_OPTIONS_INIT)

moco_status moco_encoder_create(moco_encoder **out, const moco_encoder_options *options)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    moco_encoder_options o;
    MOCO__READ_OPTIONS(&o, options, MOCO_ENCODER_OPTIONS_INIT);
    moco::load_cuda_early();
    if (o.device.type == MOCO_CPU) {
        moco::keep_cpu_memory();
    } else if (!at::globalContext().deterministicCuDNN()) {
        at::globalContext().setBenchmarkCuDNN(true); // tries the algorithms for each new shape of images
    }
    auto encoder = std::make_unique<moco_encoder>(network_options(o));
    encoder->device = moco::to_torch(o.device);
    encoder->channels_last = o.layout == MOCO_NHWC;
    encoder->bf16 = o.precision == MOCO_BF16;
    encoder->network.initialize(o.seed);
    settle(*encoder, /*frozen=*/false);
    *out = encoder.release();
    MOCO_API_END
}

moco_status moco_encoder_describe(moco_encoder_options *out, const moco_encoder *encoder)
{
    MOCO_API_BEGIN_ALSO_FORKED
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(encoder);
    moco_encoder_options o;
    MOCO__READ_OPTIONS(&o, out, MOCO_ENCODER_OPTIONS_INIT);
    const moco::NetworkOptions &network = encoder->network_options;
    o.arch = network.architecture->name;
    o.dim = network.dim;
    o.mlp = network.mlp;
    o.cifar_stem = network.cifar_stem;
    o.bn_splits = network.splits;
    o.channels = network.channels;
    o.seed = 0;
    o.device = moco::from_torch(encoder->device);
    o.layout = encoder->channels_last ? MOCO_NHWC : MOCO_NCHW;
    o.precision = encoder->bf16 ? MOCO_BF16 : MOCO_FP32;
    moco__options_write(out, &o, sizeof o);
    MOCO_API_END
}

moco_status moco_encoder_clone_frozen(moco_encoder **out, const moco_encoder *encoder)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(encoder);
    auto copy = std::make_unique<moco_encoder>(encoder->network_options);
    copy->device = encoder->device;
    copy->channels_last = encoder->channels_last;
    copy->bf16 = encoder->bf16;
    copy->training = encoder->training;
    settle(*copy, /*frozen=*/true);
    set_sync(*copy, encoder->sync);
    const at::NoGradGuard no_grad;
    for (size_t i = 0; i < copy->state->values.size(); ++i) {
        copy->state->values[i].copy_(encoder->state->values[i]);
    }
    *out = copy.release();
    MOCO_API_END
}

moco_status moco_encoder_sync_bn(moco_encoder *encoder, moco_comm *comm)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(encoder);
    if (encoder->network_options.splits != 1) {
        throw moco::Error(MOCO_EINVALID, "encoder: SyncBN needs one group, but the encoder has " +
                                             std::to_string(encoder->network_options.splits) + " (bn_splits)");
    }
    set_sync(*encoder, comm);
    MOCO_API_END
}

void moco_encoder_free(moco_encoder *encoder)
{
    delete encoder;
    moco::trim_cpu_memory();
}

void moco_encoder_set_training(moco_encoder *encoder, bool training)
{
    if (encoder != nullptr) {
        encoder->training = training;
    }
}

bool moco_encoder_training(const moco_encoder *encoder)
{
    return encoder != nullptr && encoder->training;
}

int64_t moco_encoder_feature_dim(const moco_encoder *encoder)
{
    return encoder != nullptr ? encoder->network.feature_dim() : 0;
}

const moco_tensor_list *moco_encoder_parameters(const moco_encoder *encoder)
{
    return encoder != nullptr ? encoder->parameters.get() : nullptr;
}

const moco_tensor_list *moco_encoder_state(const moco_encoder *encoder)
{
    return encoder != nullptr ? encoder->state.get() : nullptr;
}

const char *moco_encoder_state_name(const moco_encoder *encoder, size_t index)
{
    return encoder != nullptr && index < encoder->names.size() ? encoder->names[index].c_str() : nullptr;
}

bool moco_encoder_state_is_parameter(const moco_encoder *encoder, size_t index)
{
    return encoder != nullptr && index < encoder->is_parameter.size() && encoder->is_parameter[index];
}
