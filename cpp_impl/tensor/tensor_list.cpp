// Makes lists of tensors, and averages them in place.
#include "base/handle.hpp"

#include "base/tensor_internal.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>

#include <cmath>

namespace {

// Checks all tensors before the first is written to.
void check_alike(const moco_tensor_list &list, const moco_tensor_list &other)
{
    if (list.values.size() != other.values.size()) {
        throw moco::Error(MOCO_EINVALID, "moco_tensor_list_average: lists of " + std::to_string(list.values.size()) +
                                             " and " + std::to_string(other.values.size()) + " tensors");
    }
    for (size_t i = 0; i < list.values.size(); ++i) {
        const auto &a = list.values[i];
        const auto &b = other.values[i];
        if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type() || !a.is_floating_point() ||
            a.device() != b.device()) {
            throw moco::Error(MOCO_EINVALID, "moco_tensor_list_average: tensors " + std::to_string(i) +
                                                 " must have the same sizes, floating-point type and device");
        }
    }
}

} // namespace

moco_status moco_tensor_list_create(moco_tensor_list **out, const moco_tensor *const *tensors, size_t count)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensors);
    std::vector<at::Tensor> values;
    values.reserve(count);
    for (size_t i = 0; i < count; ++i) {
        if (tensors[i] == nullptr) {
            throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": tensor " + std::to_string(i) + " is NULL");
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

size_t moco_tensor_list_count(const moco_tensor_list *list)
{
    return list != nullptr ? list->handles.size() : 0;
}

moco_tensor *moco_tensor_list_get(const moco_tensor_list *list, size_t index)
{
    return index < moco_tensor_list_count(list) ? list->handles[index].get() : nullptr;
}

moco_status moco__tensor_list_average(const moco_tensor_list *list, const moco_tensor_list *other, double m)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(list);
    MOCO_CHECK_ARG(other);
    if (!std::isfinite(m)) {
        throw moco::Error(MOCO_EINVALID, "moco_tensor_list_average: m is not finite");
    }
    check_alike(*list, *other);
    const at::NoGradGuard no_grad;
    at::_foreach_mul_(list->values, m);
    at::_foreach_add_(list->values, other->values, 1 - m);
    MOCO_API_END
}
