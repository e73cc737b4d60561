// Computes SplitBN by pieces of the batch. The usual view with splits x channels must copy a channels-last tensor;
// pieces of complete samples keep their memory order.
#include "network/batch_norm.hpp"

namespace moco {

BatchNorm::BatchNorm(int64_t channels)
    : weight(at::ones({ channels })), bias(at::zeros({ channels })), running_mean(at::zeros({ channels })),
      running_var(at::ones({ channels })), num_batches_tracked(at::zeros({}, at::kLong))
{}

at::Tensor BatchNorm::forward(const at::Tensor &x, bool training)
{
    at::Tensor out;
    if (sync == nullptr && fused_batch_norm(out, *this, x, {}, training)) {
        return out;
    }
    return forward_apart(x, training);
}

at::Tensor BatchNorm::forward_relu(const at::Tensor &x, const at::Tensor &other, bool training)
{
    at::Tensor out;
    if (sync == nullptr && fused_batch_norm(out, *this, x, { other, /*relu=*/true }, training)) {
        return out;
    }
    out = forward_apart(x, training);
    if (other.defined()) {
        out += other;
    }
    return out.relu_(); // batch norm does not need its output for the backward pass
}

at::Tensor BatchNorm::forward_apart(const at::Tensor &x, bool training)
{
    if (!training) {
        return at::batch_norm(x, weight, bias, running_mean, running_var, false, batch_norm_momentum,
                              batch_norm_epsilon, true);
    }
    num_batches_tracked.add_(1);
    if (sync != nullptr) {
        return sync_batch_norm(*this, x);
    }
    if (splits == 1) {
        return at::batch_norm(x, weight, bias, running_mean, running_var, true, batch_norm_momentum, batch_norm_epsilon,
                              true);
    }
    // The running statistics are the mean over the groups.
    const auto means = running_mean.repeat({ splits, 1 });
    const auto vars = running_var.repeat({ splits, 1 });
    std::vector<at::Tensor> pieces = x.chunk(splits, 0);
    for (int64_t g = 0; g < splits; ++g) {
        auto &piece = pieces[static_cast<size_t>(g)];
        piece =
            at::batch_norm(piece, weight, bias, means[g], vars[g], true, batch_norm_momentum, batch_norm_epsilon, true);
    }
    running_mean.copy_(means.mean(0));
    running_var.copy_(vars.mean(0));
    return at::cat(pieces, 0);
}

at::Tensor group_samples(const at::Tensor &x, int64_t splits)
{
    if (splits == 1) {
        return x;
    }
    const auto format = x.suggest_memory_format();
    const auto grouped = x.unflatten(0, { x.size(0) / splits, splits }).transpose(0, 1).flatten(0, 1);
    return grouped.contiguous(format);
}

at::Tensor ungroup_samples(const at::Tensor &x, int64_t splits)
{
    return splits == 1 ? x : group_samples(x, x.size(0) / splits);
}

} // namespace moco
