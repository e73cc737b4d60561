// The operators of fused_norm.hpp on a GPU; part of libmoco_cuda.so.
#include "base/cuda_code.hpp"
#include "network/batch_norm.hpp"
#include "network/fused_norm.hpp"
#include "network/norm_call.hpp"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <moco_norm_device_text.hpp>
#include <torch/library.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace moco {

namespace {

constexpr int warp = 32;
constexpr int min_strip_rows = 8; // of each thread

CudaCode &code_for(at::ScalarType type)
{
    const auto make = [](const char *option) {
        const std::vector<CudaHeader> headers{ { "network/norm_call.hpp", norm_call_text },
                                               { "network/norm_words.cuh", norm_words_text } };
        return std::make_unique<CudaCode>("norm_device.cu", norm_device_text, headers,
                                          std::vector<std::string>{ option });
    };
    static const auto fp32 = make("-DMOCO_BF16=0");
    static const auto bf16 = make("-DMOCO_BF16=1");
    return type == at::kBFloat16 ? *bf16 : *fp32;
}

// Of the current device.
NormShape shape_of(const at::Tensor &x, int64_t groups, int blocks)
{
    const int64_t channels = x.size(1);
    const int64_t rows = x.numel() / channels / groups;
    TORCH_CHECK(rows * groups <= std::numeric_limits<int>::max() / 2, "batch norm of ", rows * groups,
                " places is too large for a GPU; give a smaller batch, or accumulate");
    NormShape s{ static_cast<int>(channels), static_cast<int>(groups), static_cast<int>(rows), 1, 1, 1 };
    const int vectors = static_cast<int>(channels * x.element_size() / norm_bytes);
    while (s.lanes < warp && vectors % (2 * s.lanes) == 0) {
        s.lanes *= 2;
    }
    const int columns = vectors / s.lanes;
    const int step = norm_threads / s.lanes;
    const int most = std::max(1, s.rows / (min_strip_rows * step));
    const int strips = std::clamp(blocks * current_cuda_device().processors / (columns * s.groups), 1, most);
    s.strip_rows = (s.rows + strips - 1) / strips;
    s.strips = (s.rows + s.strip_rows - 1) / s.strip_rows;
    return s;
}

// Starts a kernel on as many blocks as fit on the GPU.
template <typename Call> void start(const char *kernel, Call &call, int blocks, const at::Tensor &x)
{
    call.shape = shape_of(x, call.shape.groups, blocks);
    const NormShape &s = call.shape;
    const auto columns = s.channels * static_cast<int>(x.element_size()) / norm_bytes / s.lanes;
    const Grid grid{ static_cast<unsigned>(columns), static_cast<unsigned>(s.strips), static_cast<unsigned>(s.groups) };
    code_for(x.scalar_type()).launch(kernel, grid, norm_threads, &call);
}

// Counters that are 0 between kernels. Each stream has its own: on one stream a kernel ends before the next begins.
int *tickets_of(const NormShape &s)
{
    static std::mutex mutex;
    // Never freed: at the end of the process CUDA may have ended before.
    static auto &of_streams = *new std::map<std::pair<int, int64_t>, at::Tensor>();
    const auto stream = c10::cuda::getCurrentCUDAStream();
    const int64_t count = s.channels * (static_cast<int64_t>(s.groups) + 1);
    const std::lock_guard<std::mutex> lock(mutex);
    auto &tickets = of_streams[{ stream.device_index(), stream.id() }];
    if (!tickets.defined() || tickets.numel() < count) {
        tickets = at::zeros({ count }, at::TensorOptions(at::Device(at::kCUDA, stream.device_index())).dtype(at::kInt));
    }
    return tickets.data_ptr<int>();
}

const void *values_of(const at::Tensor &tensor)
{
    const void *const values = tensor.const_data_ptr();
    TORCH_CHECK(reinterpret_cast<uintptr_t>(values) % norm_bytes == 0,
                "batch norm needs values at addresses that are a multiple of ", norm_bytes);
    return values;
}

at::Tensor partial_sums(const NormShape &s, const at::TensorOptions &options)
{
    return at::empty({ s.groups, s.strips, 2, s.channels }, options);
}

std::tuple<at::Tensor, at::Tensor> norm_on_gpu(const at::Tensor &x, const std::optional<at::Tensor> &other,
                                               const at::Tensor &weight, const at::Tensor &bias,
                                               at::Tensor &running_mean, at::Tensor &running_var, int64_t groups,
                                               bool relu)
{
    const c10::cuda::CUDAGuard device(x.device());
    const NormShape s = shape_of(x, groups, blocks_of_statistics);
    auto y = at::empty_like(x);
    auto statistics = at::empty({ norm_row_count, groups, x.size(1) }, weight.options().requires_grad(false));
    const auto partial = partial_sums(s, statistics.options());
    NormForward call{ s,
                      values_of(x),
                      other.has_value() ? values_of(*other) : nullptr,
                      y.mutable_data_ptr(),
                      weight.const_data_ptr<float>(),
                      bias.const_data_ptr<float>(),
                      running_mean.data_ptr<float>(),
                      running_var.data_ptr<float>(),
                      statistics.data_ptr<float>(),
                      partial.data_ptr<float>(),
                      tickets_of(s),
                      static_cast<float>(batch_norm_momentum),
                      static_cast<float>(batch_norm_epsilon),
                      relu };
    start("norm_statistics", call, blocks_of_statistics, x);
    start("norm_apply", call, blocks_of_apply, x);
    return { y, statistics };
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor>
norm_backward_on_gpu(const at::Tensor &dy, const at::Tensor &x, const std::optional<at::Tensor> &y,
                     const at::Tensor &statistics, int64_t groups, bool relu)
{
    const c10::cuda::CUDAGuard device(x.device());
    const NormShape s = shape_of(x, groups, blocks_of_gradient_sums);
    auto dx = at::empty_like(x);
    auto d_other = y.has_value() ? at::empty_like(x) : at::Tensor();
    auto d_weight = at::empty({ x.size(1) }, statistics.options());
    auto d_bias = at::empty_like(d_weight);
    const auto means = at::empty({ 2, groups, x.size(1) }, statistics.options());
    const auto partial = partial_sums(s, statistics.options());
    NormBackward call{ s,
                       values_of(x),
                       values_of(dy),
                       y.has_value() ? values_of(*y) : nullptr,
                       dx.mutable_data_ptr(),
                       y.has_value() ? d_other.mutable_data_ptr() : nullptr,
                       statistics.const_data_ptr<float>(),
                       d_weight.data_ptr<float>(),
                       d_bias.data_ptr<float>(),
                       means.data_ptr<float>(),
                       partial.data_ptr<float>(),
                       tickets_of(s),
                       relu };
    start("norm_gradient_sums", call, blocks_of_gradient_sums, x);
    start("norm_gradient", call, blocks_of_gradient, x);
    return { dx, d_weight, d_bias, d_other };
}

} // namespace
} // namespace moco

TORCH_LIBRARY_IMPL(moco, CUDA, m)
{
    m.impl("norm", moco::norm_on_gpu);
    m.impl("norm_backward", moco::norm_backward_on_gpu);
}
