// Tensors of the pretended GPU as its kernels see them.
#pragma once

#include "fake_gpu/fake_capture.hpp"

#include <ATen/core/Tensor.h>

namespace fake_gpu {

// Returns the tensor's memory as a tensor of the CPU, which lives no longer than the tensor. Other tensors are returned
// unchanged.
at::Tensor host_tensor(const at::Tensor &tensor);
// Returns new device memory with these values, sizes and strides, on the current device.
at::Tensor to_device(const at::Tensor &host);
at::Tensor empty_on_device(at::IntArrayRef sizes, at::IntArrayRef strides, at::ScalarType dtype);
// Returns the bytes between a tensor's first and last value; an empty span for tensors without values.
Span span_of(const at::Tensor &tensor);
// Notes an access of the current stream for the race detector and for captures. Returns its time.
std::uint64_t touch(const at::Tensor &tensor, bool writes, const char *op);

} // namespace fake_gpu
