// Records operations and computes gradients.
#include "base/cuda_plugin.hpp"
#include "base/handle.hpp"

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

moco_status moco_tensor_backward(const moco_tensor *loss)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(loss);
    if (!loss->value.requires_grad()) {
        throw moco::Error(MOCO_EINVALID,
                          std::string(__func__) + ": the loss does not depend on any parameter that is trained");
    }
    if (loss->value.numel() != 1) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": the loss has " +
                                             std::to_string(loss->value.numel()) + " elements; give a scalar");
    }
    moco::load_cuda_early();
    loss->value.backward();
    MOCO_API_END
}

moco_status moco_tensor_detach(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    moco::give(out, scope, tensor->value.detach());
    MOCO_API_END
}
