// Copies tensors between the host and devices.
#pragma once

#include <ATen/core/Tensor.h>

namespace moco {

// Copies a tensor to a device; returns the tensor itself if it is there already. A copy from pinned memory to a GPU is
// only queued, on a stream beside the one that computes: it does not wait for what the GPU computes, and the GPU waits
// for it where its values are first used. Every other copy has ended when this returns.
at::Tensor copy_to(const at::Tensor &source, at::Device device);

// Copies values that the host may overwrite as soon as this returns. Small ones go through pinned memory, so that the
// host does not wait for the GPU.
at::Tensor copy_values_to(const at::Tensor &source, at::Device device);

} // namespace moco
