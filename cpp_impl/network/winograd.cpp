// Makes Winograd's convolution an operation with a gradient, and distributes its loops over threads.
#include "network/winograd.hpp"

#include "base/cpu_level.hpp"
#include "network/winograd_kernels.hpp"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace moco {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// With fewer tiles, transforming the filters costs more than it saves.
constexpr std::size_t least_tiles = 64;

constexpr auto channels_last = at::MemoryFormat::ChannelsLast;

TileGrid grid_of(const at::Tensor &x)
{
    return { static_cast<std::size_t>(x.size(0)), static_cast<std::size_t>(x.size(2)),
             static_cast<std::size_t>(x.size(3)) };
}

Filters filters_of(const at::Tensor &weight)
{
    return { static_cast<std::size_t>(weight.size(1)), static_cast<std::size_t>(weight.size(0)) };
}

// Only for processors that have them: see winograd_convolution().
const WinogradKernels &kernels()
{
    return *winograd_kernels();
}

const Bf16 *halves(const at::Tensor &tensor)
{
    return static_cast<const Bf16 *>(tensor.const_data_ptr());
}

at::Tensor empty_halves(const at::Tensor &like, std::size_t count)
{
    return at::empty({ static_cast<int64_t>(count) }, like.options().dtype(at::kBFloat16).requires_grad(false));
}

// Calls visitor(begin, end) for pieces of [0, count) in multiples of @p unit, which divides count.
template <typename Visitor> void in_parallel(std::size_t count, std::size_t unit, const Visitor &visitor)
{
    at::parallel_for(0, static_cast<int64_t>(count / unit), 1, [&](int64_t begin, int64_t end) {
        visitor(static_cast<std::size_t>(begin) * unit, static_cast<std::size_t>(end) * unit);
    });
}

// Returns the convolution. @p u: transformed filters, from filters.in channels of x to filters.out.
at::Tensor convolve(const at::Tensor &x, const at::Tensor &u, Filters filters)
{
    const TileGrid grid = grid_of(x);
    auto y =
        at::empty({ x.size(0), static_cast<int64_t>(filters.out), x.size(2), x.size(3) }, x.options(), channels_last);
    auto *to = static_cast<Bf16 *>(y.mutable_data_ptr());
    in_parallel((grid.tiles() + block_tiles - 1) / block_tiles, 1, [&](std::size_t begin, std::size_t end) {
        const auto scratch = at::empty({ static_cast<int64_t>(convolve_scratch(filters.in)) }, at::kByte);
        for (std::size_t first = begin * block_tiles; first < std::min(end * block_tiles, grid.tiles());
             first += block_tiles) {
            kernels().convolve(to, halves(x), halves(u), scratch.mutable_data_ptr(), grid, filters, first,
                               std::min(block_tiles, grid.tiles() - first));
        }
    });
    return y;
}

// Returns U by one of the two transforms of filters.
at::Tensor transformed(const at::Tensor &weight, decltype(WinogradKernels::transform_filters) transform)
{
    const Filters filters = filters_of(weight);
    const auto g = weight.contiguous(channels_last);
    auto u = empty_halves(weight, filters.transformed());
    in_parallel(filters.out, 16, [&](std::size_t begin, std::size_t end) {
        transform(static_cast<Bf16 *>(u.mutable_data_ptr()), g.const_data_ptr<float>(), filters, begin, end);
    });
    return u;
}

at::Tensor gradient_by_data(const at::Tensor &dy, const at::Tensor &weight)
{
    const Filters filters = filters_of(weight);
    return convolve(dy, transformed(weight, kernels().turn_filters), { filters.out, filters.in });
}

at::Tensor gradient_by_weight(const at::Tensor &dy, const at::Tensor &x, const at::Tensor &weight)
{
    const TileGrid grid = grid_of(x);
    const Filters filters = filters_of(weight);
    const auto du = at::empty({ static_cast<int64_t>(filters.transformed()) }, weight.options().requires_grad(false));
    const auto v = empty_halves(x, block_values(filters.in));
    const auto m = empty_halves(x, block_values(filters.out));
    for (std::size_t first = 0; first < grid.tiles(); first += gradient_tiles) {
        const std::size_t pairs = (std::min(gradient_tiles, grid.tiles() - first) + 1) / 2;
        in_parallel(pairs, 1, [&](std::size_t begin, std::size_t end) {
            kernels().transform_data(static_cast<Bf16 *>(v.mutable_data_ptr()), halves(x), grid, filters.in, first,
                                     begin, end);
            kernels().transform_result(static_cast<Bf16 *>(m.mutable_data_ptr()), halves(dy), grid, filters.out, first,
                                       begin, end);
        });
        in_parallel(positions, 1, [&](std::size_t begin, std::size_t end) {
            for (std::size_t position = begin; position < end; ++position) {
                kernels().multiply(du.mutable_data_ptr<float>(), halves(v), halves(m), filters, position, pairs,
                                   first > 0);
            }
        });
    }
    auto dg = at::empty(weight.sizes(), weight.options().requires_grad(false), channels_last);
    in_parallel(filters.out, 16, [&](std::size_t begin, std::size_t end) {
        kernels().gather_filters(dg.mutable_data_ptr<float>(), du.const_data_ptr<float>(), filters, begin, end);
    });
    return dg;
}

class Winograd : public torch::autograd::Function<Winograd> {
  public:
    static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &weight)
    {
        context->save_for_backward({ x, weight });
        return convolve(x, transformed(weight, kernels().transform_filters), filters_of(weight));
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients)
    {
        const auto saved = context->get_saved_variables();
        const auto dy = gradients[0].to(at::kBFloat16).contiguous(channels_last);
        return { context->needs_input_grad(0) ? gradient_by_data(dy, saved[1]) : at::Tensor(),
                 context->needs_input_grad(1) ? gradient_by_weight(dy, saved[0], saved[1]) : at::Tensor() };
    }
};

bool takes(const at::Tensor &x, const at::Tensor &weight)
{
    if (!x.is_cpu() || x.scalar_type() != at::kBFloat16 || weight.scalar_type() != at::kFloat || x.dim() != 4 ||
        !x.is_contiguous(channels_last) || weight.size(2) != 3 || weight.size(3) != 3 || weight.size(1) != x.size(1)) {
        return false;
    }
    const Filters filters = filters_of(weight);
    return filters.in % panel_size == 0 && filters.out % panel_size == 0 &&
           std::max(filters.in, filters.out) <= most_channels && grid_of(x).tiles() >= least_tiles;
}

} // namespace

const WinogradKernels *winograd_kernels() noexcept
{
#ifdef MOCO_LOOP_VARIANTS
    static const bool runs = cpu_has_avx512_bf16() && !cpu_has_amx_bf16();
    return runs ? &winograd_kernels_avx512_bf16 : nullptr;
#else
    return nullptr;
#endif
}

bool winograd_convolution(at::Tensor &out, const at::Tensor &x, const at::Tensor &weight)
{
    if (winograd_kernels() == nullptr || !takes(x, weight)) {
        return false;
    }
    out = Winograd::apply(x, weight);
    return true;
}

} // namespace moco
