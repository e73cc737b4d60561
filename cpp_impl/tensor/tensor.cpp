// Makes scopes and tensors, and views, copies and describes tensors.
#include "base/handle.hpp"
#include "base/tensor_internal.h"
#include "tensor/upload.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstring>

namespace moco {

void give(moco_tensor **out, moco_scope *scope, at::Tensor value)
{
    note_threads();
    auto handle = std::make_unique<moco_tensor>(std::move(value));
    if (scope == nullptr) {
        *out = handle.release();
        return;
    }
    scope->owned.push_back(std::move(handle));
    *out = scope->owned.back().get();
}

} // namespace moco

using moco::give;
using moco::to_torch;

namespace {

constexpr size_t max_ndim = 64; // what libtorch's operations can take

at::IntArrayRef checked_sizes(const int64_t *sizes, size_t ndim)
{
    if (ndim > max_ndim) {
        throw moco::Error(MOCO_EINVALID,
                          "tensor: " + std::to_string(ndim) + " dimensions; give at most " + std::to_string(max_ndim));
    }
    if (sizes == nullptr && ndim > 0) {
        throw moco::Error(MOCO_EINVALID, "tensor: the sizes of " + std::to_string(ndim) + " dimensions are NULL");
    }
    for (size_t i = 0; i < ndim; ++i) {
        if (sizes[i] < 0) {
            throw moco::Error(MOCO_EINVALID, "tensor: size " + std::to_string(sizes[i]) + " of dimension " +
                                                 std::to_string(i) + " is negative");
        }
    }
    return { sizes, ndim };
}

at::TensorOptions options(moco_dtype dtype, moco_device device)
{
    return at::TensorOptions().dtype(to_torch(dtype)).device(to_torch(device));
}

void check_bytes(const at::Tensor &tensor, size_t bytes)
{
    if (tensor.nbytes() != bytes) {
        throw moco::Error(MOCO_EINVALID, "tensor: the buffer has " + std::to_string(bytes) + " bytes, the tensor " +
                                             std::to_string(tensor.nbytes()));
    }
}

// Returns a tensor that borrows values of the host.
at::Tensor borrow(const void *values, at::IntArrayRef sizes, at::ScalarType dtype)
{
    return at::from_blob(const_cast<void *>(values), sizes, at::TensorOptions().dtype(dtype));
}

} // namespace

moco_status moco_scope_create(moco_scope **out)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    *out = new moco_scope;
    MOCO_API_END
}

void moco_scope_clear(moco_scope *scope)
{
    if (scope != nullptr) {
        scope->owned.clear();
    }
}

void moco_scope_free(moco_scope *scope)
{
    delete scope;
}

moco_status moco_tensor_empty(moco_tensor **out, moco_scope *scope, moco_dtype dtype, moco_device device,
                              const int64_t *sizes, size_t ndim)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    give(out, scope, at::empty(checked_sizes(sizes, ndim), options(dtype, device)));
    MOCO_API_END
}

moco_status moco_tensor_from_host(moco_tensor **out, moco_scope *scope, moco_dtype dtype, moco_device device,
                                  const int64_t *sizes, size_t ndim, const void *values)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(values);
    const auto source = borrow(values, checked_sizes(sizes, ndim), to_torch(dtype));
    give(out, scope, moco::copy_values_to(source, to_torch(device)));
    MOCO_API_END
}

moco_status moco_tensor_randn(moco_tensor **out, moco_scope *scope, moco_device device, const int64_t *sizes,
                              size_t ndim, uint64_t seed)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    // Drawn on the CPU, so that every device gets the same values.
    auto generator = at::detail::createCPUGenerator(seed);
    give(out, scope, at::randn(checked_sizes(sizes, ndim), generator, at::kFloat).to(to_torch(device)));
    MOCO_API_END
}

void moco_tensor_free(moco_tensor *tensor)
{
    delete tensor;
}

size_t moco_tensor_ndim(const moco_tensor *tensor)
{
    return tensor != nullptr ? static_cast<size_t>(tensor->value.dim()) : 0;
}

int64_t moco_tensor_size(const moco_tensor *tensor, size_t dim)
{
    return dim < moco_tensor_ndim(tensor) ? tensor->value.size(static_cast<int64_t>(dim)) : -1;
}

moco_dtype moco_tensor_dtype(const moco_tensor *tensor)
{
    switch (tensor != nullptr ? tensor->value.scalar_type() : at::kFloat) {
    case at::kDouble:
        return MOCO_FLOAT64;
    case at::kHalf:
        return MOCO_FLOAT16;
    case at::kBFloat16:
        return MOCO_BFLOAT16;
    case at::kLong:
        return MOCO_INT64;
    case at::kInt:
        return MOCO_INT32;
    case at::kByte:
        return MOCO_UINT8;
    case at::kBool:
        return MOCO_BOOL;
    default: // no function makes other types
        return MOCO_FLOAT32;
    }
}

moco_device moco_tensor_device(const moco_tensor *tensor)
{
    return tensor != nullptr ? moco::from_torch(tensor->value.device()) : moco_device{ MOCO_CPU, 0 };
}

moco_status moco_tensor_data(void **out, moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    if (!tensor->value.is_cpu() || !tensor->value.is_contiguous()) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": the tensor is not row-major or not on the CPU; "
                                                                 "use moco_tensor_to_host()");
    }
    *out = tensor->value.data_ptr();
    MOCO_API_END
}

moco_status moco_tensor_to_host(void *values, size_t bytes, const moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(values);
    MOCO_CHECK_ARG(tensor);
    check_bytes(tensor->value, bytes);
    borrow(values, tensor->value.sizes(), tensor->value.scalar_type()).copy_(tensor->value.detach());
    MOCO_API_END
}

moco_status moco_tensor_set_from_host(moco_tensor *tensor, const void *values, size_t bytes)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(tensor);
    MOCO_CHECK_ARG(values);
    check_bytes(tensor->value, bytes);
    const at::NoGradGuard no_grad;
    tensor->value.copy_(borrow(values, tensor->value.sizes(), tensor->value.scalar_type()));
    MOCO_API_END
}

moco_status moco__tensor_refill(moco_tensor *tensor, const moco_tensor *source)
{
    MOCO_API_BEGIN
    const at::NoGradGuard no_grad;
    at::Tensor &to = tensor->value;
    const at::Tensor &from = source->value;
    if (!to.is_cpu() || !from.is_cpu() || !from.is_non_overlapping_and_dense() || to.strides() != from.strides()) {
        to.copy_(from);
        return MOCO_OK;
    }
    auto *bytes = static_cast<char *>(to.data_ptr());
    const auto *source_bytes = static_cast<const char *>(from.const_data_ptr());
    constexpr int64_t grain = int64_t{ 1 } << 20; // bytes; memcpy() avoids reading what it overwrites, copy_() does not
    at::parallel_for(0, static_cast<int64_t>(from.nbytes()), grain, [&](int64_t begin, int64_t end) {
        std::memcpy(bytes + begin, source_bytes + begin, static_cast<std::size_t>(end - begin));
    });
    MOCO_API_END
}

moco_status moco_tensor_item(double *out, const moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    if (tensor->value.numel() != 1) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": the tensor has " +
                                             std::to_string(tensor->value.numel()) +
                                             " elements; give a tensor of 1 element");
    }
    *out = tensor->value.item<double>();
    MOCO_API_END
}

moco_status moco_tensor_to(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor, moco_device device)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    give(out, scope, moco::copy_to(tensor->value, to_torch(device)));
    MOCO_API_END
}
