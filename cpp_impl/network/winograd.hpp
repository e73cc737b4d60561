// Computes 3x3 convolutions in bf16 on CPUs by Winograd's minimal filtering.
#pragma once

#include <ATen/ATen.h>

namespace moco {

// Computes at::conv2d(x, weight) with stride 1 and padding 1 as under autocast, for bf16 @p x, N x C x H x W in
// channels-last, and fp32 @p weight. The result is bf16; products are rounded once more than by at::conv2d. The
// gradient by weight is fp32. Returns false without computing if it would not be faster or the processor lacks
// AVX512-BF16.
bool winograd_convolution(at::Tensor &out, const at::Tensor &x, const at::Tensor &weight);

} // namespace moco
