// 3x3 convolutions in bf16 by Winograd's minimal filtering, on CPUs.
#pragma once

#include <ATen/ATen.h>

namespace moco {

// at::conv2d(x, weight) of stride 1 and padding 1 for bf16 @p x, N x C x H x W in channels-last, and fp32 @p weight, as
// autocast would give it: bf16, though products are rounded once more on their way. The gradient by weight is fp32.
// False, and nothing done, where it would not pay or this processor has no AVX512-BF16.
bool winograd_convolution(at::Tensor &out, const at::Tensor &x, const at::Tensor &weight);

} // namespace moco
