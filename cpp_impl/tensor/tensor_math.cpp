// Computes with tensors: the few operations that MoCo is written with.
#include "base/handle.hpp"
#include "base/tensor_internal.h"
#include "tensor/upload.hpp"

#include <ATen/ATen.h>
#include <ATen/ExpandUtils.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

using moco::give;

namespace {

[[noreturn]] void refuse(const char *what, const std::string &why)
{
    throw moco::Error(MOCO_EINVALID, std::string(what) + ": " + why);
}

void check_matrix(const moco_tensor *tensor, const char *what)
{
    if (tensor->value.dim() != 2) {
        refuse(what, "expected a matrix, got a tensor of " + std::to_string(tensor->value.dim()) + " dimensions");
    }
}

void check_same_sizes(const moco_tensor *a, const moco_tensor *b, const char *what)
{
    if (a->value.sizes() != b->value.sizes()) {
        refuse(what, "the sizes of the two tensors differ");
    }
}

// Checks two tensors that one operation combines.
void check_pair(const at::Tensor &a, const at::Tensor &b, const char *what)
{
    if (a.device() != b.device()) {
        refuse(what, "one tensor is on " + a.device().str() + ", the other on " + b.device().str() +
                         "; use moco_tensor_to()");
    }
}

void check_floating(const at::Tensor &tensor, const char *what)
{
    if (!tensor.is_floating_point()) {
        refuse(what, "the tensor holds whole numbers; give one of a floating-point type");
    }
}

// Checks whole numbers that count from 0. On a GPU that would wait for the device.
void check_below(const at::Tensor &numbers, int64_t bound, const char *noun, const char *what)
{
    if (!numbers.is_cpu() || numbers.numel() == 0) {
        return;
    }
    const auto [low, high] = numbers.aminmax();
    for (const int64_t value : { low.item<int64_t>(), high.item<int64_t>() }) {
        if (value < 0 || value >= bound) {
            refuse(what,
                   std::string(noun) + " " + std::to_string(value) + " is not in 0.." + std::to_string(bound - 1));
        }
    }
}

// Checks labels, which name a column of each row.
void check_labels(const moco_tensor *matrix, const moco_tensor *labels, const char *what)
{
    check_matrix(matrix, what);
    check_pair(matrix->value, labels->value, what);
    if (labels->value.scalar_type() != at::kLong || labels->value.dim() != 1 ||
        labels->value.size(0) != matrix->value.size(0)) {
        throw moco::Error(MOCO_EINVALID, std::string(what) + ": expected an int64 label for each of " +
                                             std::to_string(matrix->value.size(0)) + " rows");
    }
    check_below(labels->value, matrix->value.size(1), "label", what);
}

// Counts in each row the other columns that are not below a value.
at::Tensor rank_among(const at::Tensor &matrix, const at::Tensor &values)
{
    return matrix.size(1) - 1 - matrix.lt(values).sum(1);
}

} // namespace

moco_status moco__tensor_index_select(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                      const moco_tensor *index)
{
    constexpr const char *name = "moco_tensor_index_select";
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    MOCO_CHECK_ARG(index);
    if (tensor->value.dim() < 1 || index->value.scalar_type() != at::kLong || index->value.dim() != 1) {
        refuse(name, "expected a tensor of 1 or more dimensions and an int64 index of 1 dimension");
    }
    check_below(index->value, tensor->value.size(0), "index", name);
    const auto where = moco::copy_to(index->value, tensor->value.device());
    const bool channels_last = tensor->value.suggest_memory_format() == at::MemoryFormat::ChannelsLast;
    give(out, scope,
         channels_last ? tensor->value.permute({ 0, 2, 3, 1 }).index_select(0, where).permute({ 0, 3, 1, 2 })
                       : tensor->value.index_select(0, where));
    MOCO_API_END
}

moco_status moco__tensor_normalize(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    constexpr const char *name = "moco_tensor_normalize";
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    check_matrix(tensor, name);
    check_floating(tensor->value, name);
    const auto norm = at::linalg_vector_norm(tensor->value, 2, at::IntArrayRef{ 1 }, /*keepdim=*/true);
    give(out, scope, tensor->value / norm.clamp_min(1e-12).expand_as(tensor->value));
    MOCO_API_END
}

moco_status moco__tensor_normalize_into(moco_tensor *out, const moco_tensor *tensor)
{
    constexpr const char *name = "moco_tensor_normalize_into";
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    check_matrix(tensor, name);
    check_same_sizes(out, tensor, name);
    check_pair(out->value, tensor->value, name);
    check_floating(out->value, name);
    check_floating(tensor->value, name);
    const at::NoGradGuard no_grad;
    const auto norm = at::linalg_vector_norm(tensor->value, 2, at::IntArrayRef{ 1 }, /*keepdim=*/true);
    at::div_out(out->value, tensor->value, norm.clamp_min_(1e-12));
    MOCO_API_END
}

moco_status moco__tensor_row_dot(moco_tensor **out, moco_scope *scope, const moco_tensor *a, const moco_tensor *b)
{
    constexpr const char *name = "moco_tensor_row_dot";
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(a);
    MOCO_CHECK_ARG(b);
    check_matrix(a, name);
    check_same_sizes(a, b, name);
    check_pair(a->value, b->value, name);
    give(out, scope, (a->value * b->value).sum(1, /*keepdim=*/true));
    MOCO_API_END
}

moco_status moco__tensor_cross_entropy(moco_tensor **out, moco_scope *scope, const moco_tensor *logits,
                                       const moco_tensor *labels)
{
    constexpr const char *name = "moco_tensor_cross_entropy";
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(logits);
    MOCO_CHECK_ARG(labels);
    check_floating(logits->value, name);
    check_labels(logits, labels, name);
    give(out, scope, at::cross_entropy_loss(logits->value, labels->value));
    MOCO_API_END
}

moco_status moco__tensor_row_rank(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor, int64_t column)
{
    constexpr const char *name = "moco_tensor_row_rank";
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    check_matrix(tensor, name);
    if (column < 0 || column >= tensor->value.size(1)) {
        throw moco::Error(MOCO_EINVALID, std::string(name) + ": column " + std::to_string(column) + " of " +
                                             std::to_string(tensor->value.size(1)));
    }
    const at::NoGradGuard no_grad;
    give(out, scope, rank_among(tensor->value, tensor->value.narrow(1, column, 1)));
    MOCO_API_END
}
