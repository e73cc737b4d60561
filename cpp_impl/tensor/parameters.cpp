// Parameters that no encoder owns: lists of them, and their gradients.
#include "base/handle.hpp"

moco_status moco_tensor_list_create(moco_tensor_list **out, const moco_tensor *const *tensors, size_t count)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensors);
    std::vector<at::Tensor> values;
    values.reserve(count);
    for (size_t i = 0; i < count; ++i) {
        if (tensors[i] == nullptr) {
            throw moco::Error(MOCO_EINVALID, "moco_tensor_list_create: tensor " + std::to_string(i) + " is NULL");
        }
        values.push_back(tensors[i]->value);
    }
    *out = std::make_unique<moco_tensor_list>(std::move(values)).release();
    MOCO_API_END
}

void moco_tensor_list_free(moco_tensor_list *list)
{
    delete list;
}

moco_status moco_tensor_require_gradient(moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(tensor);
    tensor->value.requires_grad_(true);
    MOCO_API_END
}

moco_status moco_tensor_gradient(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    if (!tensor->value.grad().defined()) {
        throw moco::Error(MOCO_EINVALID, "moco_tensor_gradient: the tensor has no gradient yet");
    }
    moco::give(out, scope, tensor->value.grad());
    MOCO_API_END
}
