// Computes with tensors: the few operations that MoCo is written with.
#include "base/handle.hpp"
#include "tensor/upload.hpp"

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

// Returns a dimension as torch counts it; a large one must not become -1, the last.
int64_t checked_dim(size_t dim, size_t ndim, const char *what)
{
    if (dim >= ndim) {
        refuse(what, "dimension " + std::to_string(dim) + " of a tensor of " + std::to_string(ndim) + " dimensions");
    }
    return static_cast<int64_t>(dim);
}

std::string sizes_of(const at::Tensor &tensor)
{
    std::string text;
    for (const int64_t size : tensor.sizes()) {
        text += (text.empty() ? "" : " x ") + std::to_string(size);
    }
    return text.empty() ? "scalar" : text;
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

// Checks tensors that are joined: they may differ in size along the axis alone.
void check_joinable(const std::vector<at::Tensor> &values, int64_t axis, const char *what)
{
    for (const auto &value : values) {
        check_pair(values[0], value, what);
        bool fits = value.dim() == values[0].dim();
        for (int64_t d = 0; fits && d < value.dim(); ++d) {
            fits = d == axis || value.size(d) == values[0].size(d);
        }
        if (!fits) {
            refuse(what, "tensors of " + sizes_of(values[0]) + " and " + sizes_of(value) +
                             " cannot be joined along dimension " + std::to_string(axis));
        }
    }
}

// Counts in each row the other columns that are not below a value.
at::Tensor rank_among(const at::Tensor &matrix, const at::Tensor &values)
{
    return matrix.size(1) - 1 - matrix.lt(values).sum(1);
}

} // namespace

moco_status moco_tensor_cat(moco_tensor **out, moco_scope *scope, const moco_tensor *const *tensors, size_t count,
                            size_t dim)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensors);
    if (count == 0) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": there are no tensors to join");
    }
    std::vector<at::Tensor> values;
    values.reserve(count);
    for (size_t i = 0; i < count; ++i) {
        if (tensors[i] == nullptr) {
            refuse(__func__, "tensors[" + std::to_string(i) + "] is NULL");
        }
        values.push_back(tensors[i]->value);
    }
    const auto axis = checked_dim(dim, moco_tensor_ndim(tensors[0]), __func__);
    check_joinable(values, axis, __func__);
    give(out, scope, at::cat(values, axis));
    MOCO_API_END
}

moco_status moco_tensor_index_select(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                     const moco_tensor *index)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    MOCO_CHECK_ARG(index);
    if (tensor->value.dim() < 1 || index->value.scalar_type() != at::kLong || index->value.dim() != 1) {
        refuse(__func__, "expected a tensor of 1 or more dimensions and an int64 index of 1 dimension");
    }
    check_below(index->value, tensor->value.size(0), "index", __func__);
    const auto where = moco::copy_to(index->value, tensor->value.device());
    const bool channels_last = tensor->value.suggest_memory_format() == at::MemoryFormat::ChannelsLast;
    give(out, scope,
         channels_last ? tensor->value.permute({ 0, 2, 3, 1 }).index_select(0, where).permute({ 0, 3, 1, 2 })
                       : tensor->value.index_select(0, where));
    MOCO_API_END
}

moco_status moco_tensor_normalize(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    check_matrix(tensor, __func__);
    check_floating(tensor->value, __func__);
    const auto norm = at::linalg_vector_norm(tensor->value, 2, at::IntArrayRef{ 1 }, /*keepdim=*/true);
    give(out, scope, tensor->value / norm.clamp_min(1e-12).expand_as(tensor->value));
    MOCO_API_END
}

moco_status moco_tensor_normalize_into(moco_tensor *out, const moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    check_matrix(tensor, __func__);
    check_same_sizes(out, tensor, __func__);
    check_pair(out->value, tensor->value, __func__);
    check_floating(out->value, __func__);
    check_floating(tensor->value, __func__);
    const at::NoGradGuard no_grad;
    const auto norm = at::linalg_vector_norm(tensor->value, 2, at::IntArrayRef{ 1 }, /*keepdim=*/true);
    at::div_out(out->value, tensor->value, norm.clamp_min_(1e-12));
    MOCO_API_END
}

moco_status moco_tensor_matmul(moco_tensor **out, moco_scope *scope, const moco_tensor *a, const moco_tensor *b)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(a);
    MOCO_CHECK_ARG(b);
    check_matrix(a, __func__);
    check_matrix(b, __func__);
    check_pair(a->value, b->value, __func__);
    if (a->value.size(1) != b->value.size(0) || a->value.scalar_type() != b->value.scalar_type()) {
        refuse(__func__, "matrices of " + sizes_of(a->value) + " and " + sizes_of(b->value) +
                             " cannot be multiplied; the inner sizes and the element types must be equal");
    }
    give(out, scope, at::mm(a->value, b->value));
    MOCO_API_END
}

moco_status moco_tensor_row_dot(moco_tensor **out, moco_scope *scope, const moco_tensor *a, const moco_tensor *b)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(a);
    MOCO_CHECK_ARG(b);
    check_matrix(a, __func__);
    check_same_sizes(a, b, __func__);
    check_pair(a->value, b->value, __func__);
    give(out, scope, (a->value * b->value).sum(1, /*keepdim=*/true));
    MOCO_API_END
}

moco_status moco_tensor_scale(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor, double factor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    give(out, scope, tensor->value * factor);
    MOCO_API_END
}

moco_status moco_tensor_divide(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor, double divisor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    if (!(std::abs(divisor) > 0)) {
        refuse(__func__, "divisor " + std::to_string(divisor) + " must be a number other than 0");
    }
    give(out, scope, tensor->value / divisor);
    MOCO_API_END
}

moco_status moco_tensor_add(moco_tensor **out, moco_scope *scope, const moco_tensor *a, const moco_tensor *b)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(a);
    MOCO_CHECK_ARG(b);
    check_pair(a->value, b->value, __func__);
    if (!at::are_expandable(a->value.sizes(), b->value.sizes())) {
        refuse(__func__, "tensors of " + sizes_of(a->value) + " and " + sizes_of(b->value) + " cannot be added");
    }
    give(out, scope, a->value + b->value);
    MOCO_API_END
}

moco_status moco_tensor_cross_entropy(moco_tensor **out, moco_scope *scope, const moco_tensor *logits,
                                      const moco_tensor *labels)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(logits);
    MOCO_CHECK_ARG(labels);
    check_floating(logits->value, __func__);
    check_labels(logits, labels, __func__);
    give(out, scope, at::cross_entropy_loss(logits->value, labels->value));
    MOCO_API_END
}

moco_status moco_tensor_row_rank(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor, int64_t column)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    check_matrix(tensor, __func__);
    if (column < 0 || column >= tensor->value.size(1)) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": column " + std::to_string(column) + " of " +
                                             std::to_string(tensor->value.size(1)));
    }
    const at::NoGradGuard no_grad;
    give(out, scope, rank_among(tensor->value, tensor->value.narrow(1, column, 1)));
    MOCO_API_END
}

moco_status moco_tensor_label_rank(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                   const moco_tensor *labels)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    MOCO_CHECK_ARG(labels);
    check_labels(tensor, labels, __func__);
    const at::NoGradGuard no_grad;
    give(out, scope, rank_among(tensor->value, tensor->value.gather(1, labels->value.unsqueeze(1))));
    MOCO_API_END
}

moco_status moco_tensor_share_below(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor, int64_t bound)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    if (tensor->value.scalar_type() != at::kLong) {
        refuse(__func__, "the tensor must be int64");
    }
    give(out, scope, tensor->value.lt(bound).to(at::kFloat).mean());
    MOCO_API_END
}

moco_status moco_tensor_topk(moco_tensor **values, moco_tensor **indices, moco_scope *scope, const moco_tensor *tensor,
                             int64_t k)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(values);
    MOCO_CHECK_ARG(indices);
    MOCO_CHECK_ARG(tensor);
    check_matrix(tensor, __func__);
    if (k < 0 || k > tensor->value.size(1)) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": the " + std::to_string(k) + " largest of " +
                                             std::to_string(tensor->value.size(1)) + " columns");
    }
    auto [top, where] = tensor->value.detach().topk(k, /*dim=*/1);
    moco_tensor *first = nullptr;
    give(&first, scope, std::move(top));
    give(indices, scope, std::move(where));
    *values = first;
    MOCO_API_END
}

moco_status moco_tensor_accumulate(moco_tensor *tensor, const moco_tensor *source)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(tensor);
    MOCO_CHECK_ARG(source);
    check_pair(tensor->value, source->value, __func__);
    if (!at::is_expandable_to(source->value.sizes(), tensor->value.sizes()) ||
        !at::canCast(source->value.scalar_type(), tensor->value.scalar_type())) {
        refuse(__func__, "a tensor of " + sizes_of(source->value) + " and its element type do not fit one of " +
                             sizes_of(tensor->value));
    }
    const at::NoGradGuard no_grad;
    tensor->value.add_(source->value);
    MOCO_API_END
}

moco_status moco_tensor_zero(moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(tensor);
    const at::NoGradGuard no_grad;
    tensor->value.zero_();
    MOCO_API_END
}
