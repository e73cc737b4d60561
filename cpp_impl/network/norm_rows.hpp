// Declares batch norm over channels-last tensors on a CPU, beside the operators of fused_norm.hpp.
#pragma once

#include <ATen/ATen.h>

namespace moco {

struct NormTensors {
    at::Tensor weight, bias, running_mean, running_var; // of C values
};

// Returns relu(norm(x) + other) by the running statistics, without gradients. Without other nothing is added; without
// relu values below 0 stay.
at::Tensor norm_by_running(const at::Tensor &x, const at::Tensor &other, const NormTensors &bn, bool relu);

} // namespace moco
