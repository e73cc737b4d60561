#include "fake_gpu/fake_tensor.hpp"

#include "fake_gpu/fake_device.hpp"
#include "fake_gpu/fake_memory.hpp"

#include <ATen/EmptyTensor.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/CachingDeviceAllocator.h>

namespace fake_gpu {

at::Tensor host_tensor(const at::Tensor &tensor)
{
    if (!tensor.defined() || !tensor.is_cuda()) {
        return tensor;
    }
    void *data = tensor.numel() > 0 ? host_view(tensor.mutable_data_ptr()) : nullptr;
    return at::from_blob(data, tensor.sizes(), tensor.strides(), at::TensorOptions().dtype(tensor.scalar_type()));
}

at::Tensor empty_on_device(at::IntArrayRef sizes, at::IntArrayRef strides, at::ScalarType dtype)
{
    return at::detail::empty_strided_generic(sizes, strides, &device_allocator(),
                                             c10::DispatchKeySet(c10::DispatchKey::CUDA), dtype);
}

at::Tensor to_device(const at::Tensor &host)
{
    at::Tensor result = empty_on_device(host.sizes(), host.strides(), host.scalar_type());
    if (host.numel() > 0) {
        host_tensor(result).copy_(host);
    }
    return result;
}

Span span_of(const at::Tensor &tensor)
{
    if (!tensor.defined() || !tensor.is_cuda() || !tensor.has_storage() || tensor.numel() == 0) {
        return {};
    }
    std::int64_t last = tensor.storage_offset();
    for (std::int64_t d = 0; d < tensor.dim(); ++d) {
        last += (tensor.size(d) - 1) * tensor.stride(d);
    }
    const auto size = static_cast<std::size_t>(tensor.itemsize());
    return { tensor.storage().data(), static_cast<std::size_t>(tensor.storage_offset()) * size,
             (static_cast<std::size_t>(last) + 1) * size };
}

std::uint64_t touch(const at::Tensor &tensor, bool writes, const char *op)
{
    const Span span = span_of(tensor);
    if (span.block == nullptr) {
        return 0;
    }
    if (writes && is_captured(current_key())) {
        save_for_capture(span);
    }
    return race_access(span, current_key(), writes, op);
}

} // namespace fake_gpu
