// Gives the operators of fused_norm.hpp their gradients, and takes them for what they can compute. The backward pass
// keeps only x, and the result if a shortcut was added.
#include "network/fused_norm.hpp"

#include "network/batch_norm.hpp"
#include "network/norm_rows.hpp"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

TORCH_LIBRARY(moco, m)
{
    m.def("norm(Tensor x, Tensor? other, Tensor weight, Tensor bias, Tensor(a!) running_mean, Tensor(b!) running_var, "
          "int groups, bool relu) -> (Tensor, Tensor)");
    m.def("norm_backward(Tensor dy, Tensor x, Tensor? y, Tensor statistics, int groups, bool relu) "
          "-> (Tensor, Tensor, Tensor, Tensor)");
}

namespace moco {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t gpu_channels = 8; // a GPU's threads take as many at once

template <typename Function> auto find_operator(const char *name)
{
    return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Function>();
}

class FusedNorm : public torch::autograd::Function<FusedNorm> {
  public:
    // weight and bias belong to bn; they are parameters here so that autograd gives them gradients.
    static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor & /*weight*/,
                              const at::Tensor & /*bias*/, const std::optional<at::Tensor> &other, BatchNorm *bn,
                              bool relu)
    {
        auto [y, statistics] =
            norm(x, other, bn->weight, bn->bias, bn->running_mean, bn->running_var, bn->splits, relu);
        context->save_for_backward({ x, statistics, other.has_value() && relu ? y : at::Tensor() });
        context->saved_data["relu"] = relu;
        context->saved_data["other"] = other.has_value();
        context->saved_data["groups"] = bn->splits;
        return y;
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients)
    {
        const auto saved = context->get_saved_variables();
        const auto &x = saved[0];
        const auto y = saved[2].defined() ? std::optional(saved[2]) : std::nullopt;
        const auto dy = gradients[0].to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
        auto [dx, d_weight, d_bias, d_other] = norm_backward(dy, x, y, saved[1], context->saved_data["groups"].toInt(),
                                                             context->saved_data["relu"].toBool());
        if (context->saved_data["other"].toBool() && !d_other.defined()) {
            d_other = dy;
        }
        return { dx, d_weight, d_bias, d_other, at::Tensor(), at::Tensor() };
    }
};

bool is_rows(const at::Tensor &x)
{
    return x.dim() == 4 && x.numel() > 0 && x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
           (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

bool is_for_device(const at::Tensor &x, bool training)
{
    return x.is_cpu() ? training || !at::GradMode::is_enabled()
                      : x.is_cuda() && training && x.size(1) % gpu_channels == 0;
}

} // namespace

std::tuple<at::Tensor, at::Tensor> norm(const at::Tensor &x, const std::optional<at::Tensor> &other,
                                        const at::Tensor &weight, const at::Tensor &bias, at::Tensor &running_mean,
                                        at::Tensor &running_var, int64_t groups, bool relu)
{
    static const auto op = find_operator<decltype(norm)>("moco::norm");
    const at::AutoDispatchBelowADInplaceOrView below;
    return op.call(x, other, weight, bias, running_mean, running_var, groups, relu);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> norm_backward(const at::Tensor &dy, const at::Tensor &x,
                                                                         const std::optional<at::Tensor> &y,
                                                                         const at::Tensor &statistics, int64_t groups,
                                                                         bool relu)
{
    static const auto op = find_operator<decltype(norm_backward)>("moco::norm_backward");
    const at::AutoDispatchBelowADInplaceOrView below;
    return op.call(dy, x, y, statistics, groups, relu);
}

bool fused_batch_norm(at::Tensor &out, BatchNorm &bn, const at::Tensor &x, const NormTail &tail, bool training)
{
    if (!is_rows(x) || !is_for_device(x, training) || (tail.other.defined() && tail.other.sizes() != x.sizes())) {
        return false;
    }
    const auto other =
        tail.other.defined() ? tail.other.to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast) : at::Tensor();
    if (training) {
        out = FusedNorm::apply(x, bn.weight, bn.bias, other.defined() ? std::optional(other) : std::nullopt, &bn,
                               tail.relu);
    } else {
        out = norm_by_running(x, other, { bn.weight, bn.bias, bn.running_mean, bn.running_var }, tail.relu);
    }
    return true;
}

} // namespace moco
