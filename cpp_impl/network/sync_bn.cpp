// Computes batch norm over the images of all ranks. It is for comparison only, so it uses plain operations.
#include "network/batch_norm.hpp"
#include "ranks/comm.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace moco {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Sums over the ranks. Every rank's loss depends on the sum, so gradients are summed over the ranks too.
class SumOverRanks : public torch::autograd::Function<SumOverRanks> {
  public:
    static at::Tensor forward(AutogradContext *context, const at::Tensor &x, moco_comm *comm)
    {
        context->saved_data["comm"] = reinterpret_cast<int64_t>(comm);
        auto sum = x.clone();
        all_reduce(*comm, sum);
        return sum;
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients)
    {
        auto *comm = reinterpret_cast<moco_comm *>(context->saved_data["comm"].toInt());
        auto sum = gradients[0].contiguous().clone();
        all_reduce(*comm, sum);
        return { sum, at::Tensor() };
    }
};

// Returns the mean over images, pixels and ranks: 1 x C x 1 x 1.
at::Tensor mean_over_ranks(const at::Tensor &x, moco_comm *comm)
{
    const auto mean = x.mean({ 0, 2, 3 }, /*keepdim=*/true);
    return comm->world == 1 ? mean : SumOverRanks::apply(mean, comm) / comm->world;
}

} // namespace

at::Tensor sync_batch_norm(BatchNorm &bn, const at::Tensor &x)
{
    const auto input = x.to(at::kFloat);
    const auto mean = mean_over_ranks(input, bn.sync);
    const auto centred = input - mean;
    const auto variance = mean_over_ranks(centred * centred, bn.sync);
    {
        const at::NoGradGuard no_grad;
        const auto values = x.numel() / x.size(1) * bn.sync->world; // per channel
        const auto count = static_cast<double>(values);
        bn.running_mean.lerp_(mean.flatten(), batch_norm_momentum);
        bn.running_var.lerp_(variance.flatten() * (count / (count - 1)), batch_norm_momentum);
    }
    const auto scale = at::rsqrt(variance + batch_norm_epsilon) * bn.weight.view({ 1, -1, 1, 1 });
    return (centred * scale + bn.bias.view({ 1, -1, 1, 1 })).to(x.scalar_type());
}

} // namespace moco
