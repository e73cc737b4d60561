// Implements encoder handles: a network with its device, memory layout and precision.
#include "base/cpu_memory.hpp"
#include "base/cuda_plugin.hpp"
#include "base/handle.hpp"
#include "network/wide_norm.hpp"

#include "moco/encoder.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

struct moco_encoder : moco::Counted {
    explicit moco_encoder(const moco::NetworkOptions &network_options)
        : network_options(network_options), network(network_options)
    {}

    moco::NetworkOptions network_options;
    moco::ResNet network;
    std::vector<moco::Part> parts;               // of the network
    std::unique_ptr<moco::WideNorms> wide_norms; // if groups of batch norm become channels
    std::vector<at::Tensor> batches;             // counted by each batch norm
    at::Device device = at::kCPU;
    bool channels_last = false;
    bool bf16 = false;
    bool training = true;
    moco_comm *sync = nullptr; // of SyncBN
    std::vector<std::string> names;
    std::vector<bool> is_parameter;
    std::unique_ptr<moco_tensor_list> state, parameters;
};

namespace {

// Turns autocast to bf16 on during a forward pass.
class Autocast {
  public:
    Autocast(at::DeviceType device, bool enabled)
        : device_(device), enabled_(enabled), was_enabled_(at::autocast::is_autocast_enabled(device)),
          was_dtype_(at::autocast::get_autocast_dtype(device))
    {
        if (enabled_) {
            at::autocast::set_autocast_enabled(device_, true);
            at::autocast::set_autocast_dtype(device_, at::kBFloat16);
            at::autocast::increment_nesting();
        }
    }
    Autocast(const Autocast &) = delete;
    Autocast &operator=(const Autocast &) = delete;
    ~Autocast()
    {
        if (enabled_) {
            if (at::autocast::decrement_nesting() == 0) {
                at::autocast::clear_cache();
            }
            at::autocast::set_autocast_enabled(device_, was_enabled_);
            at::autocast::set_autocast_dtype(device_, was_dtype_);
        }
    }

  private:
    at::DeviceType device_;
    bool enabled_;
    bool was_enabled_;
    at::ScalarType was_dtype_;
};

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
    MOCO_CHECK_ARG(o.arch);
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
    return { architecture, o.dim, o.mlp, o.cifar_stem, o.bn_splits };
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
    for (const auto &part : encoder.parts) {
        for (const auto *bn : part.norms) {
            encoder.batches.push_back(bn->num_batches_tracked);
        }
    }
    const bool fused = encoder.device.is_cpu() && encoder.channels_last;
    if (encoder.network_options.splits > 1 && !fused) {
        encoder.wide_norms = std::make_unique<moco::WideNorms>(encoder.parts, encoder.network_options.splits);
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

void check_images(const moco_encoder &encoder, const at::Tensor &images)
{
    const bool known_type =
        images.scalar_type() == at::kFloat || (encoder.bf16 && images.scalar_type() == at::kBFloat16);
    if (images.dim() != 4 || images.size(1) != 3 || !known_type) {
        throw moco::Error(MOCO_EINVALID, "encoder: images must be N x 3 x H x W of float32, or of bfloat16 if that is "
                                         "the encoder's precision");
    }
    if (images.device() != encoder.device) {
        throw moco::Error(MOCO_EINVALID, "encoder: the images are on " + images.device().str() +
                                             ", the encoder is on " + encoder.device.str() + "; move them first");
    }
    const int64_t count = images.size(0);
    const int64_t splits = encoder.network_options.splits;
    if (count < 1) {
        throw moco::Error(MOCO_EINVALID, "encoder: the batch is empty; give at least one image");
    }
    if (encoder.training && (count % splits != 0 || count / splits < 2)) {
        throw moco::Error(MOCO_EINVALID, "encoder: a batch of " + std::to_string(count) + " cannot be split into " +
                                             std::to_string(splits) + " equal groups of 2 or more (bn_splits)");
    }
}

// Prepares the network's weights for a forward pass, and ends it.
class ForwardPass {
  public:
    explicit ForwardPass(moco_encoder &encoder)
        : encoder_(encoder), casts_(encoder.bf16 && encoder.device.is_cuda()),
          wide_(encoder.training && encoder.wide_norms != nullptr)
    {
        if (casts_) { // on a CPU an operation costs little to start, and Winograd's convolutions take float32
            std::for_each(encoder_.parts.begin(), encoder_.parts.end(), moco::cast_weights);
        }
        if (wide_) {
            encoder_.wide_norms->widen();
        }
    }
    ForwardPass(const ForwardPass &) = delete;
    ForwardPass &operator=(const ForwardPass &) = delete;
    ~ForwardPass()
    {
        if (casts_) {
            std::for_each(encoder_.parts.begin(), encoder_.parts.end(), moco::drop_casts);
        }
        if (wide_) {
            encoder_.wide_norms->drop();
        }
    }

    // Counts a batch of training, and takes its statistics.
    void count_batch()
    {
        const at::NoGradGuard no_grad;
        at::_foreach_add_(encoder_.batches, 1);
        if (wide_) {
            encoder_.wide_norms->average_statistics();
        }
    }

    // Groups of the batch norms, if they compute one after the other.
    [[nodiscard]] int64_t sorted_groups() const
    {
        return encoder_.training && !wide_ ? encoder_.network_options.splits : 1;
    }

  private:
    moco_encoder &encoder_;
    bool casts_;
    bool wide_;
};

// Runs the network, with or without the head.
at::Tensor run(moco_encoder &encoder, const at::Tensor &images, bool head)
{
    if (head && encoder.network_options.dim == 0) {
        throw moco::Error(MOCO_EINVALID,
                          "encoder: without a head (dim 0) it gives no embeddings; use the pooled features");
    }
    check_images(encoder, images);
    const Autocast autocast(encoder.device.type(), encoder.bf16);
    ForwardPass pass(encoder);
    const int64_t groups = pass.sorted_groups();
    const auto x = moco::group_samples(images.contiguous(moco::to_torch_format(encoder.channels_last)), groups);
    auto y = encoder.network.features(x, encoder.training);
    if (encoder.training) {
        pass.count_batch();
    }
    if (head) {
        y = encoder.network.head(y);
    }
    return moco::ungroup_samples(y.to(at::kFloat), groups);
}

} // namespace

const char *moco_encoder_arch(size_t index)
{
    const auto *architecture = moco::architecture_at(index);
    return architecture != nullptr ? architecture->name : nullptr;
}

bool moco_encoder_architecture(moco_architecture *out, size_t index)
{
    const auto *a = moco::architecture_at(index);
    if (a != nullptr) {
        *out = { a->name,   a->bottleneck,      { a->blocks[0], a->blocks[1], a->blocks[2], a->blocks[3] },
                 a->groups, a->width_per_group, a->widen,
                 a->small };
    }
    return a != nullptr;
}

moco_status moco_encoder_create(moco_encoder **out, const moco_encoder_options *options)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    const moco_encoder_options defaults = MOCO_ENCODER_OPTIONS_INIT;
    const moco_encoder_options &o = options != nullptr ? *options : defaults;
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

moco_status moco_encoder_forward(moco_tensor **out, moco_scope *scope, moco_encoder *encoder, const moco_tensor *images)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(encoder);
    MOCO_CHECK_ARG(images);
    const at::AutoGradMode gradients(encoder->training);
    moco::give(out, scope, run(*encoder, images->value, /*head=*/true));
    MOCO_API_END
}

moco_status moco_encoder_features(moco_tensor **out, moco_scope *scope, moco_encoder *encoder,
                                  const moco_tensor *images)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(encoder);
    MOCO_CHECK_ARG(images);
    const at::NoGradGuard no_grad;
    moco::give(out, scope, run(*encoder, images->value, /*head=*/false));
    MOCO_API_END
}

void moco_encoder_set_training(moco_encoder *encoder, bool training)
{
    encoder->training = training;
}

bool moco_encoder_training(const moco_encoder *encoder)
{
    return encoder->training;
}

int64_t moco_encoder_dim(const moco_encoder *encoder)
{
    return encoder->network_options.dim;
}

int64_t moco_encoder_feature_dim(const moco_encoder *encoder)
{
    return encoder->network.feature_dim();
}

int64_t moco_encoder_parameter_count(const moco_encoder *encoder)
{
    int64_t count = 0;
    for (const auto &parameter : encoder->parameters->values) {
        count += parameter.numel();
    }
    return count;
}

const moco_tensor_list *moco_encoder_parameters(const moco_encoder *encoder)
{
    return encoder->parameters.get();
}

const moco_tensor_list *moco_encoder_state(const moco_encoder *encoder)
{
    return encoder->state.get();
}

const char *moco_encoder_state_name(const moco_encoder *encoder, size_t index)
{
    return index < encoder->names.size() ? encoder->names[index].c_str() : nullptr;
}

bool moco_encoder_state_is_parameter(const moco_encoder *encoder, size_t index)
{
    return index < encoder->is_parameter.size() && encoder->is_parameter[index];
}
