// Records operations and computes gradients.
#include "base/autograd_internal.h"
#include "base/cuda_plugin.hpp"
#include "base/handle.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace {

// The regions of this thread in which nothing is recorded, and what held outside of them.
struct NoGrad {
    size_t depth = 0;
    bool before = true;
};

thread_local NoGrad no_grad;

std::vector<at::Tensor> gradients_of(const moco_tensor_list &parameters)
{
    std::vector<at::Tensor> gradients;
    for (const auto &parameter : parameters.values) {
        if (!parameter.grad().defined()) {
            continue;
        }
        gradients.push_back(parameter.grad());
        if (gradients.back().device() != gradients[0].device()) {
            throw moco::Error(MOCO_EINVALID,
                              "moco_tensor_list_clip_gradients: the parameters are on different devices");
        }
    }
    return gradients;
}

void check_gradient(const at::Tensor &tensor, const at::Tensor &gradient, const char *what)
{
    if (gradient.sizes() != tensor.sizes() || gradient.scalar_type() != tensor.scalar_type() ||
        gradient.device() != tensor.device()) {
        throw moco::Error(MOCO_EINVALID,
                          std::string(what) + ": the gradient must have the sizes, type and device of the tensor");
    }
}

} // namespace

moco_status moco_tensor_require_gradient(moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(tensor);
    if (!tensor->value.is_floating_point() || !tensor->value.is_leaf()) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": only a tensor of a floating-point type that no "
                                                                 "differentiable operation made can be a parameter");
    }
    tensor->value.requires_grad_(true);
    MOCO_API_END
}

moco_status moco_tensor_gradient(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    if (!tensor->value.grad().defined()) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) +
                                             ": the tensor has no gradient yet; call moco_tensor_backward() first");
    }
    moco::give(out, scope, tensor->value.grad());
    MOCO_API_END
}

moco_status moco_tensor_set_gradient(moco_tensor *tensor, const moco_tensor *gradient)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(tensor);
    if (!tensor->value.requires_grad() || !tensor->value.is_leaf()) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": the tensor is not a parameter; call "
                                                                 "moco_tensor_require_gradient() first");
    }
    if (gradient == nullptr) {
        tensor->value.mutable_grad().reset();
    } else {
        check_gradient(tensor->value, gradient->value, __func__);
        tensor->value.mutable_grad() = gradient->value.detach();
    }
    MOCO_API_END
}

moco_status moco_tensor_list_clip_gradients(double *norm, const moco_tensor_list *parameters, double max_norm)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(parameters);
    if (!(max_norm > 0)) {
        throw moco::Error(MOCO_EINVALID,
                          std::string(__func__) + ": max_norm " + std::to_string(max_norm) + " must be above 0");
    }
    const auto gradients = gradients_of(*parameters);
    double value = 0;
    if (!gradients.empty()) {
        const at::NoGradGuard guard;
        const auto total = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients)));
        at::_foreach_mul_(gradients, (max_norm / (total + 1e-6)).clamp_max(1)); // as PyTorch rounds
        value = norm != nullptr ? total.item<double>() : 0;
    }
    if (norm != nullptr) {
        *norm = value;
    }
    MOCO_API_END
}

moco_status moco_tensor_backward_with(const moco_tensor *tensor, const moco_tensor *gradient, bool retain_graph)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(tensor);
    if (!tensor->value.requires_grad()) {
        throw moco::Error(MOCO_EINVALID,
                          std::string(__func__) + ": the loss does not depend on any parameter that is trained");
    }
    if (gradient != nullptr) {
        check_gradient(tensor->value, gradient->value, __func__);
    } else if (tensor->value.numel() != 1) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": the loss has " +
                                             std::to_string(tensor->value.numel()) +
                                             " elements; give a scalar, or the gradient with respect to it");
    }
    moco::load_cuda_early();
    tensor->value.backward(gradient != nullptr ? gradient->value : at::Tensor(), retain_graph);
    MOCO_API_END
}

bool moco__autograd_records(void)
{
    return at::GradMode::is_enabled();
}

void moco_no_grad_begin(void)
{
    if (no_grad.depth++ == 0) {
        no_grad.before = at::GradMode::is_enabled();
        at::GradMode::set_enabled(false);
    }
}

moco_status moco_no_grad_end(void)
{
    if (no_grad.depth == 0) {
        return moco_error_set(MOCO_EINVALID, "%s: no region of this thread has begun; call moco_no_grad_begin() first",
                              __func__);
    }
    if (--no_grad.depth == 0) {
        at::GradMode::set_enabled(no_grad.before);
    }
    return MOCO_OK;
}
