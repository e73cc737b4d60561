// Runs an encoder's network over a batch of images.
#include "base/threads.hpp"
#include "network/encoder.hpp"

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

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

void check_images(const moco_encoder &encoder, const at::Tensor &images)
{
    const bool known_type =
        images.scalar_type() == at::kFloat || (encoder.bf16 && images.scalar_type() == at::kBFloat16);
    const int64_t channels = encoder.network_options.channels;
    if (images.dim() != 4 || images.size(1) != channels || !known_type) {
        throw moco::Error(MOCO_EINVALID, "encoder: images must be N x " + std::to_string(channels) +
                                             " x H x W of float32, or of bfloat16 if that is the encoder's precision");
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

// Names the memory order of a batch of one channel, for which all orders are the same, by its strides: convolutions go
// by these, and give their results in the order that they name.
at::Tensor in_order(const moco_encoder &encoder, const at::Tensor &x)
{
    const int64_t width = x.size(3);
    return x.size(1) == 1 && encoder.channels_last ? x.as_strided(x.sizes(), { x.size(2) * width, 1, width, 1 }) : x;
}

// Runs the network, with or without the head.
at::Tensor run(moco_encoder &encoder, const at::Tensor &images, bool head)
{
    if (head && encoder.network_options.dim == 0) {
        throw moco::Error(MOCO_EINVALID,
                          "encoder: without a head (dim 0) it gives no embeddings; use the pooled features");
    }
    check_images(encoder, images);
    if (encoder.device.is_cpu()) {
        moco::look_for_other_programs();
    }
    const Autocast autocast(encoder.device.type(), encoder.bf16);
    ForwardPass pass(encoder);
    const int64_t groups = pass.sorted_groups();
    const auto ordered = images.contiguous(moco::to_torch_format(encoder.channels_last));
    const auto x = in_order(encoder, moco::group_samples(ordered, groups));
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
