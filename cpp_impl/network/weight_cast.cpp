// Converts weights to bfloat16 for a forward pass, and their gradients back to float32.
#include "network/resnet.hpp"

#include <torch/csrc/autograd/custom_function.h>

namespace moco {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t weight_grain = 64; // values; kernels read whole vectors

// Makes room for the weights in bfloat16, with the same strides, in one piece of memory.
std::vector<at::Tensor> empty_casts(at::TensorList weights)
{
    const auto places = [](const at::Tensor &weight) {
        return (weight.numel() + weight_grain - 1) / weight_grain * weight_grain;
    };
    int64_t size = 0;
    for (const auto &weight : weights) {
        size += places(weight);
    }
    const auto memory = at::empty({ size }, weights[0].options().dtype(at::kBFloat16).requires_grad(false));
    std::vector<at::Tensor> casts;
    int64_t at = 0;
    for (const auto &weight : weights) {
        // Detached, since autograd would take a view for a result of the memory.
        casts.push_back(memory.as_strided(weight.sizes(), weight.strides(), at).detach());
        at += places(weight);
    }
    return casts;
}

class CastWeights : public torch::autograd::Function<CastWeights> {
  public:
    static variable_list forward(AutogradContext * /*context*/, at::TensorList weights)
    {
        auto casts = empty_casts(weights);
        at::_foreach_copy_(casts, weights);
        return casts;
    }

    static variable_list backward(AutogradContext * /*context*/, const variable_list &gradients)
    {
        std::vector<at::Tensor> from;
        std::vector<at::Tensor> to;
        variable_list all(gradients.size());
        for (size_t i = 0; i < gradients.size(); ++i) {
            if (gradients[i].defined()) {
                all[i] = at::empty_like(gradients[i], gradients[i].options().dtype(at::kFloat));
                from.push_back(gradients[i]);
                to.push_back(all[i]);
            }
        }
        if (!to.empty()) {
            at::_foreach_copy_(to, from);
        }
        return all;
    }
};

} // namespace

void cast_weights(const Part &part)
{
    std::vector<at::Tensor> weights;
    for (const auto *conv : part.convolutions) {
        weights.push_back(conv->weight);
    }
    for (const auto *linear : part.linears) {
        weights.push_back(linear->weight);
        weights.push_back(linear->bias);
    }
    const auto casts = CastWeights::apply(at::TensorList(weights));
    auto cast = casts.begin();
    for (auto *conv : part.convolutions) {
        conv->cast = *cast++;
    }
    for (auto *linear : part.linears) {
        linear->cast_weight = *cast++;
        linear->cast_bias = *cast++;
    }
}

void drop_casts(const Part &part)
{
    for (auto *conv : part.convolutions) {
        conv->cast.reset();
    }
    for (auto *linear : part.linears) {
        linear->cast_weight.reset();
        linear->cast_bias.reset();
    }
}

} // namespace moco
