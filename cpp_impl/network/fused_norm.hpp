// Declares batch norm over groups, with what follows it, as operators of libtorch: `moco::norm` and
// `moco::norm_backward`. So the CPU's are in libmoco and CUDA's in its plug-in, and what watches operators sees them.
//
// x is N x C x H x W, channels-last, float or bfloat16. The samples of a group follow each other.
#pragma once

#include <ATen/ATen.h>

#include <optional>
#include <tuple>

namespace moco {

// Returns relu(norm(x) + other), and the statistics of each group, for the gradient; moves the running statistics to
// the mean over the groups. Without other nothing is added; without relu values below 0 stay.
std::tuple<at::Tensor, at::Tensor> norm(const at::Tensor &x, const std::optional<at::Tensor> &other,
                                        const at::Tensor &weight, const at::Tensor &bias, at::Tensor &running_mean,
                                        at::Tensor &running_var, int64_t groups, bool relu);

// Returns the gradients by x, weight, bias and other, the last only if y is given: the result of a norm to which
// something was added before ReLU.
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> norm_backward(const at::Tensor &dy, const at::Tensor &x,
                                                                         const std::optional<at::Tensor> &y,
                                                                         const at::Tensor &statistics, int64_t groups,
                                                                         bool relu);

} // namespace moco
