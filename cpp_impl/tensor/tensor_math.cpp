// Computes with tensors: the few operations that MoCo is written with.
#include "base/handle.hpp"
#include "tensor/upload.hpp"

#include <ATen/core/grad_mode.h>

using moco::give;

namespace {

void check_matrix(const moco_tensor *tensor, const char *what)
{
    if (tensor->value.dim() != 2) {
        throw moco::Error(MOCO_EINVALID, std::string(what) + ": expected a matrix, got a tensor of " +
                                             std::to_string(tensor->value.dim()) + " dimensions");
    }
}

void check_same_sizes(const moco_tensor *a, const moco_tensor *b, const char *what)
{
    if (a->value.sizes() != b->value.sizes()) {
        throw moco::Error(MOCO_EINVALID, std::string(what) + ": the sizes of the two tensors differ");
    }
}

// Returns a dimension as torch counts it; a large one must not become -1, the last.
int64_t checked_dim(size_t dim, size_t ndim, const char *what)
{
    if (dim >= ndim) {
        throw moco::Error(MOCO_EINVALID, std::string(what) + ": dimension " + std::to_string(dim) + " of a tensor of " +
                                             std::to_string(ndim) + " dimensions");
    }
    return static_cast<int64_t>(dim);
}

// Checks labels, which name a column of each row.
void check_labels(const moco_tensor *matrix, const moco_tensor *labels, const char *what)
{
    check_matrix(matrix, what);
    if (labels->value.scalar_type() != at::kLong || labels->value.dim() != 1 ||
        labels->value.size(0) != matrix->value.size(0)) {
        throw moco::Error(MOCO_EINVALID, std::string(what) + ": expected an int64 label for each of " +
                                             std::to_string(matrix->value.size(0)) + " rows");
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
        MOCO_CHECK_ARG(tensors[i]);
        values.push_back(tensors[i]->value);
    }
    give(out, scope, at::cat(values, checked_dim(dim, moco_tensor_ndim(tensors[0]), __func__)));
    MOCO_API_END
}

moco_status moco_tensor_index_select(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor,
                                     const moco_tensor *index)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    MOCO_CHECK_ARG(index);
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
    give(out, scope, tensor->value / divisor);
    MOCO_API_END
}

moco_status moco_tensor_add(moco_tensor **out, moco_scope *scope, const moco_tensor *a, const moco_tensor *b)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(a);
    MOCO_CHECK_ARG(b);
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
