// Computes batch norm over groups as batch norm over groups x channels.
#include "network/wide_norm.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace moco {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Copies a channels-last tensor of (n groups) x C x H x W to one of n x (groups C) x H x W.
at::Tensor groups_to_channels(const at::Tensor &x, int64_t groups)
{
    const int64_t n = x.size(0) / groups;
    const int64_t c = x.size(1);
    const auto rows = x.contiguous(at::MemoryFormat::ChannelsLast).permute({ 0, 2, 3, 1 });
    return rows.view({ n, groups, x.size(2) * x.size(3), c })
        .transpose(1, 2)
        .reshape({ n, x.size(2), x.size(3), groups * c })
        .permute({ 0, 3, 1, 2 });
}

// The inverse of groups_to_channels().
at::Tensor groups_to_samples(const at::Tensor &x, int64_t groups)
{
    const int64_t n = x.size(0);
    const int64_t c = x.size(1) / groups;
    const auto rows = x.contiguous(at::MemoryFormat::ChannelsLast).permute({ 0, 2, 3, 1 });
    return rows.view({ n, x.size(2) * x.size(3), groups, c })
        .transpose(1, 2)
        .reshape({ n * groups, x.size(2), x.size(3), c })
        .permute({ 0, 3, 1, 2 });
}

// Moves groups between samples and channels; the gradient is moved back in one pass, to channels-last memory too.
class Regroup : public torch::autograd::Function<Regroup> {
  public:
    static at::Tensor forward(AutogradContext *context, const at::Tensor &x, int64_t groups, bool to_channels)
    {
        context->saved_data["groups"] = groups;
        context->saved_data["to_channels"] = to_channels;
        return to_channels ? groups_to_channels(x, groups) : groups_to_samples(x, groups);
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients)
    {
        const int64_t groups = context->saved_data["groups"].toInt();
        const bool to_channels = context->saved_data["to_channels"].toBool();
        return { to_channels ? groups_to_samples(gradients[0], groups) : groups_to_channels(gradients[0], groups),
                 at::Tensor(), at::Tensor() };
    }
};

// Returns the numbers from..from + count, `times` in a row.
at::Tensor repeated_range(int64_t from, int64_t count, int64_t times)
{
    return at::arange(from, from + count, at::kLong).repeat({ times });
}

} // namespace

at::Tensor wide_batch_norm(const BatchNorm &bn, const at::Tensor &x)
{
    const auto norm = [&](const at::Tensor &wide) {
        // With a momentum of 1 the statistics are those of the batch.
        return at::batch_norm(wide, bn.wide.weight, bn.wide.bias, bn.wide.mean, bn.wide.var, /*training=*/true,
                              /*momentum=*/1, batch_norm_epsilon, /*cudnn_enabled=*/true);
    };
    if (x.is_contiguous()) {
        return norm(x.view({ x.size(0) / bn.splits, bn.splits * x.size(1), x.size(2), x.size(3) })).view(x.sizes());
    }
    return Regroup::apply(norm(Regroup::apply(x, bn.splits, true)), bn.splits, false);
}

WideNorms::WideNorms(const std::vector<std::vector<BatchNorm *>> &parts, int64_t splits) : splits_(splits)
{
    for (const auto &norms : parts) {
        pieces_.push_back(make_piece(norms));
        norms_.insert(norms_.end(), norms.begin(), norms.end());
    }
    place_statistics(norms_);
}

WideNorms::Piece WideNorms::make_piece(const std::vector<BatchNorm *> &norms) const
{
    Piece piece{ norms, {}, {}, {} };
    std::vector<at::Tensor> sources;
    int64_t from = 0;
    for (const bool biases : { false, true }) {
        for (const auto *bn : norms) {
            const auto &parameter = biases ? bn->bias : bn->weight;
            piece.parameters.push_back(parameter);
            piece.sizes.push_back(splits_ * parameter.numel());
            sources.push_back(repeated_range(from, parameter.numel(), splits_));
            from += parameter.numel();
        }
    }
    piece.sources = at::cat(sources).to(norms[0]->weight.device());
    return piece;
}

void WideNorms::place_statistics(const std::vector<BatchNorm *> &norms)
{
    std::vector<at::Tensor> places;
    int64_t from = 0;
    for (const bool vars : { false, true }) {
        for (const auto *bn : norms) {
            const auto &running = vars ? bn->running_var : bn->running_mean;
            const int64_t channels = running.numel();
            running_.push_back(running);
            channels_.push_back(channels);
            places.push_back(at::arange(from, from + splits_ * channels, at::kLong).view({ splits_, channels }));
            from += splits_ * channels;
        }
    }
    places_ = at::cat(places, 1).flatten().to(running_[0].device());
}

// Each forward pass has its own statistics: autograd keeps them until the backward pass.
void WideNorms::empty_statistics()
{
    const at::NoGradGuard no_grad;
    statistics_ = at::zeros({ places_.numel() }, running_[0].options());
    int64_t from = 0;
    for (const bool vars : { false, true }) {
        for (auto *bn : norms_) {
            const int64_t size = splits_ * bn->running_mean.numel();
            (vars ? bn->wide.var : bn->wide.mean) = statistics_.narrow(0, from, size);
            from += size;
        }
    }
}

void WideNorms::widen()
{
    for (auto &piece : pieces_) {
        const auto wide = at::cat(piece.parameters).index_select(0, piece.sources).split_with_sizes(piece.sizes);
        for (size_t i = 0; i < piece.norms.size(); ++i) {
            piece.norms[i]->wide.weight = wide[i];
            piece.norms[i]->wide.bias = wide[piece.norms.size() + i];
        }
    }
    empty_statistics();
}

void WideNorms::average_statistics()
{
    const at::NoGradGuard no_grad;
    const auto means = statistics_.index_select(0, places_).view({ splits_, -1 }).mean(0).split_with_sizes(channels_);
    at::_foreach_mul_(running_, 1 - batch_norm_momentum);
    at::_foreach_add_(running_, means, batch_norm_momentum);
}

void WideNorms::drop()
{
    statistics_.reset();
    for (auto *bn : norms_) {
        bn->wide = WideNorm();
    }
}

} // namespace moco
