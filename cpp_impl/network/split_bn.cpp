// Chooses how a batch norm is computed, and sorts samples by their groups.
#include "network/batch_norm.hpp"

namespace moco {

BatchNorm::BatchNorm(int64_t channels)
    : weight(at::ones({ channels })), bias(at::zeros({ channels })), running_mean(at::zeros({ channels })),
      running_var(at::ones({ channels })), num_batches_tracked(at::zeros({}, at::kLong))
{}

namespace {

bool is_fused(at::Tensor &out, BatchNorm &bn, const at::Tensor &x, const NormTail &tail, bool training)
{
    return bn.sync == nullptr && !bn.wide.weight.defined() && fused_batch_norm(out, bn, x, tail, training);
}

} // namespace

at::Tensor BatchNorm::forward(const at::Tensor &x, bool training)
{
    at::Tensor out;
    return is_fused(out, *this, x, {}, training) ? out : forward_apart(x, training);
}

at::Tensor BatchNorm::forward_relu(const at::Tensor &x, const at::Tensor &other, bool training)
{
    at::Tensor out;
    if (is_fused(out, *this, x, { other, /*relu=*/true }, training)) {
        return out;
    }
    out = forward_apart(x, training);
    if (wide.weight.defined()) { // the result may be a view, whose gradient would be copied after a change in place
        return other.defined() ? (out + other).relu_() : at::relu(out);
    }
    if (other.defined()) {
        out += other;
    }
    return out.relu_(); // batch norm does not need its output for the backward pass
}

at::Tensor BatchNorm::forward_apart(const at::Tensor &x, bool training)
{
    if (training && sync != nullptr) {
        return sync_batch_norm(*this, x);
    }
    if (training && wide.weight.defined()) {
        return wide_batch_norm(*this, x);
    }
    TORCH_CHECK(!training || splits == 1, "batch norm over groups needs channels-last values, or WideNorms");
    return at::batch_norm(x, weight, bias, running_mean, running_var, training, batch_norm_momentum, batch_norm_epsilon,
                          true);
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
