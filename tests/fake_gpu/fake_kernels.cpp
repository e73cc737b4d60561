// The operators that the pretended GPU has itself: memory, copies, views. All others run by fake_fallback.cpp.
#include "fake_gpu/fake_device.hpp"
#include "fake_gpu/fake_memory.hpp"
#include "fake_gpu/fake_pinned.hpp"
#include "fake_gpu/fake_tensor.hpp"
#include "fake_gpu/fake_trace.hpp"

#include <ATen/Context.h>
#include <ATen/EmptyTensor.h>
#include <ATen/ops/_local_scalar_dense.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <torch/library.h>

#include <cstring>

namespace fake_gpu {
namespace {

int device_in(const std::optional<at::Device> &device)
{
    at::globalContext().lazyInitDevice(c10::DeviceType::CUDA); // as CUDA's own: throws where the plug-in came too late
    return device.has_value() ? device->index() : -1;
}

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout> /*layout*/,
                 std::optional<at::Device> device, std::optional<bool> pin, std::optional<at::MemoryFormat> format)
{
    TORCH_CHECK(!pin.value_or(false), "Only dense CPU tensors can be pinned");
    const OnDevice guard(device_in(device));
    return at::detail::empty_generic(size, &device_allocator(), c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                     dtype.value_or(at::kFloat), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> dtype,
                         std::optional<at::Layout> /*layout*/, std::optional<at::Device> device,
                         std::optional<bool> /*pin*/)
{
    const OnDevice guard(device_in(device));
    return empty_on_device(size, stride, dtype.value_or(at::kFloat));
}

// Whether the copy needs no kernel: the bytes are moved unchanged.
bool is_plain(const at::Tensor &a, const at::Tensor &b)
{
    return a.scalar_type() == b.scalar_type() && a.is_non_overlapping_and_dense() && a.strides() == b.strides() &&
           a.sizes() == b.sizes();
}

void copy_on_device(const at::Tensor &target, const at::Tensor &source)
{
    const OnDevice guard(source.device().index());
    const int other = target.device().index();
    const StreamKey there = stream_key(other, current_stream(other));
    count_launch("aten::copy_");
    race_wait(current_key(), race_now(there)); // as CUDA's copies between devices
    touch(source, false, "copy_");
    touch(target, true, "copy_");
    race_wait(there, race_now(current_key()));
    const auto copy = [to = host_tensor(target), from = host_tensor(source)] { (void)to.copy_(from); };
    copy();
    record_node(current_key(), { "copy_", { { span_of(source), false }, { span_of(target), true } }, copy });
}

void upload(const at::Tensor &target, const at::Tensor &source, bool non_blocking)
{
    const OnDevice guard(target.device().index());
    const StreamKey stream = current_key();
    const bool plain = is_plain(target, source);
    const bool pinned = plain && is_pinned(source.const_data_ptr());
    if (!pinned || !non_blocking) {
        refuse_in_capture(stream, pinned ? "a blocking copy" : "a copy of pageable memory");
    }
    const auto at = touch(target, true, "upload");
    const auto copy = [to = host_tensor(target), from = source] { (void)to.copy_(from); };
    copy();
    if (is_captured(stream)) {
        count(Counter::async_uploads);
        record_node(stream, { "upload", { { span_of(target), true } }, copy });
    } else if (!non_blocking) {
        count(Counter::blocking_uploads);
        host_waits_for_stream("a blocking copy");
    } else if (pinned) {
        count(Counter::async_uploads);
        queue_upload(stream, at, source.const_data_ptr(), source.nbytes());
    } else {
        count(Counter::pageable_uploads);
    }
}

void download(const at::Tensor &target, const at::Tensor &source, bool non_blocking)
{
    const OnDevice guard(source.device().index());
    const StreamKey stream = current_key();
    const auto at = touch(source, false, "download");
    const auto from = host_tensor(source);
    if (non_blocking && is_plain(target, source) && is_pinned(target.const_data_ptr())) {
        count(Counter::async_downloads);
        if (is_captured(stream)) {
            record_node(stream,
                        { "download", { { span_of(source), false } }, [target, from] { (void)target.copy_(from); } });
        } else {
            queue_download(stream, at, target.mutable_data_ptr(), from.const_data_ptr(), target.nbytes());
        }
        return;
    }
    count(Counter::blocking_downloads);
    host_waits_for_stream("a blocking copy to the host");
    (void)target.copy_(from);
}

at::Tensor &copy_(at::Tensor &self, const at::Tensor &source, bool non_blocking)
{
    if (self.is_same(source) || self.numel() == 0) {
        return self;
    }
    if (self.is_cuda() && source.is_cuda()) {
        copy_on_device(self, source);
    } else if (self.is_cuda()) {
        upload(self, source, non_blocking);
    } else {
        download(self, source, non_blocking);
    }
    return self;
}

at::Scalar local_scalar(const at::Tensor &self)
{
    const OnDevice guard(self.device().index());
    count(Counter::scalar_reads);
    touch(self, false, "item");
    host_waits_for_stream("a read of a value");
    return at::_local_scalar_dense(host_tensor(self));
}

const at::Tensor &resize_(const at::Tensor &self, at::IntArrayRef size, std::optional<at::MemoryFormat> format)
{
    const OnDevice guard(self.device().index());
    const auto bytes = at::detail::computeStorageNbytesContiguous(size, self.itemsize(), self.storage_offset());
    const auto before = self.storage().nbytes();
    if (bytes > before) {
        auto data = device_allocator().allocate(bytes);
        if (before > 0) {
            refuse_in_capture(current_key(), "resize_() of a tensor that holds values");
            std::memcpy(host_view(data.get()), host_view(self.storage().mutable_data()), before);
        }
        self.storage().set_data_ptr_noswap(std::move(data));
        self.storage().set_nbytes(bytes);
    }
    auto *impl = self.unsafeGetTensorImpl();
    impl->set_sizes_contiguous(size);
    if (format.has_value() && *format != at::MemoryFormat::Preserve) {
        impl->empty_tensor_restride(*format);
    }
    return self;
}

at::Tensor &set_storage(at::Tensor &self, at::Storage source, std::int64_t offset, at::IntArrayRef size,
                        at::IntArrayRef stride)
{
    auto *impl = self.unsafeGetTensorImpl();
    impl->set_storage_keep_dtype(std::move(source));
    impl->set_storage_offset(offset);
    impl->set_sizes_and_strides(size, stride);
    return self;
}

} // namespace
} // namespace fake_gpu

TORCH_LIBRARY_IMPL(aten, CUDA, m)
{
    m.impl("empty.memory_format", TORCH_FN(fake_gpu::empty));
    m.impl("empty_strided", TORCH_FN(fake_gpu::empty_strided));
    m.impl("copy_", TORCH_FN(fake_gpu::copy_));
    m.impl("_local_scalar_dense", TORCH_FN(fake_gpu::local_scalar));
    m.impl("resize_", TORCH_FN(fake_gpu::resize_));
    m.impl("set_.source_Storage_storage_offset", TORCH_FN(fake_gpu::set_storage));
    m.impl("view", TORCH_FN(at::native::view));
    m.impl("as_strided", TORCH_FN(at::native::as_strided_tensorimpl));
    m.impl("unfold", TORCH_FN(at::native::unfold));
    m.impl("_reshape_alias", TORCH_FN(at::native::_reshape_alias));
}
