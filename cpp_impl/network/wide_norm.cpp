// Computes batch norm over groups in nchw as batch norm over groups x channels, which is a view.
#include "network/wide_norm.hpp"

#include <ATen/core/grad_mode.h>

namespace moco {

namespace {

// Returns the numbers from..from + count, `times` in a row.
at::Tensor repeated_range(int64_t from, int64_t count, int64_t times)
{
    return at::arange(from, from + count, at::kLong).repeat({ times });
}

} // namespace

at::Tensor wide_batch_norm(const BatchNorm &bn, const at::Tensor &x)
{
    // With a momentum of 1 the statistics are those of the batch.
    const auto wide = x.contiguous().view({ x.size(0) / bn.splits, bn.splits * x.size(1), x.size(2), x.size(3) });
    return at::batch_norm(wide, bn.wide.weight, bn.wide.bias, bn.wide.mean, bn.wide.var, /*training=*/true,
                          /*momentum=*/1, batch_norm_epsilon, /*cudnn_enabled=*/true)
        .view(x.sizes());
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
