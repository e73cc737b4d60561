// The operators of fused_norm.hpp on a CPU. They pass over the activations once for the statistics and once for the
// result; separate operations need five passes.
#include "network/norm_rows.hpp"

#include "network/batch_norm.hpp"
#include "network/norm_kernels.hpp"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

namespace moco {

namespace {

constexpr int64_t max_pieces = 64; // per group
constexpr int64_t min_piece_rows = 256;

// Rows of channels in equal groups. Each group is cut into pieces, which are summed separately. The pieces depend
// neither on the number of threads nor on the number of groups, so a group has the same sums in every process.
struct Rows {
    int64_t channels, groups, rows; // rows of a group
    int64_t pieces, piece_rows;     // of a group

    Rows(const at::Tensor &x, int64_t groups)
        : channels(x.size(1)), groups(groups), rows(x.numel() / x.size(1) / groups),
          pieces(std::clamp<int64_t>(rows / min_piece_rows, 1, max_pieces)), piece_rows((rows + pieces - 1) / pieces)
    {}

    // visitor(group, piece, first element, rows)
    template <typename Visitor> void each(const Visitor &visitor) const
    {
        at::parallel_for(0, groups * pieces, 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t group = i / pieces;
                const int64_t first = i % pieces * piece_rows;
                const int64_t count = std::min(piece_rows, rows - first);
                if (count > 0) {
                    visitor(group, i, (group * rows + first) * channels, static_cast<size_t>(count));
                }
            }
        });
    }
};

// Returns two sums per channel and group: the sums of the pieces, added in order.
template <typename Summer> std::vector<double> sum_pieces(const Rows &r, const Summer &summer)
{
    const auto n = static_cast<size_t>(r.channels);
    std::vector<double> partial(static_cast<size_t>(r.groups * r.pieces) * 2 * n);
    r.each([&](int64_t group, int64_t piece, int64_t at, size_t rows) {
        std::vector<float> scratch(2 * n);
        double *const sums = &partial[static_cast<size_t>(piece) * 2 * n];
        summer(sums, sums + n, scratch.data(), group, at, rows);
    });
    std::vector<double> total(static_cast<size_t>(r.groups) * 2 * n);
    for (int64_t i = 0; i < r.groups * r.pieces; ++i) {
        const double *from = &partial[static_cast<size_t>(i) * 2 * n];
        double *to = &total[static_cast<size_t>(i / r.pieces) * 2 * n];
        for (size_t c = 0; c < 2 * n; ++c) {
            to[c] += from[c];
        }
    }
    return total;
}

// Rows of groups x channels that the loops read.
enum class Row { mean, inverse, scale, shift };
constexpr int64_t row_count = 4;

struct Statistics {
    at::Tensor values; // row_count x groups x channels

    [[nodiscard]] float *row(Row which, int64_t group) const
    {
        return values.data_ptr<float>() + (static_cast<int64_t>(which) * values.size(1) + group) * values.size(2);
    }
    [[nodiscard]] Affine affine(int64_t group) const { return { row(Row::scale, group), row(Row::shift, group) }; }
};

template <typename T> const T *values_of(const at::Tensor &tensor)
{
    return tensor.defined() ? static_cast<const T *>(tensor.const_data_ptr()) : nullptr;
}

template <typename T> const T *offset(const T *values, int64_t at)
{
    return values != nullptr ? values + at : nullptr;
}

void set_affine(const Statistics &s, const NormTensors &bn, int64_t group)
{
    const auto *weight = bn.weight.const_data_ptr<float>();
    const auto *bias = bn.bias.const_data_ptr<float>();
    for (int64_t c = 0; c < s.values.size(2); ++c) {
        s.row(Row::scale, group)[c] = weight[c] * s.row(Row::inverse, group)[c];
        s.row(Row::shift, group)[c] = bias[c] - s.row(Row::mean, group)[c] * s.row(Row::scale, group)[c];
    }
}

// The running statistics are the mean over the groups.
void update_running(const NormTensors &bn, const Rows &r, const std::vector<double> &means,
                    const std::vector<double> &vars)
{
    auto *running_mean = bn.running_mean.data_ptr<float>();
    auto *running_var = bn.running_var.data_ptr<float>();
    const double unbiased = static_cast<double>(r.rows) / static_cast<double>(r.rows - 1);
    const auto groups = static_cast<double>(r.groups);
    for (int64_t c = 0; c < r.channels; ++c) {
        double mean = 0;
        double var = 0;
        for (int64_t g = 0; g < r.groups; ++g) {
            mean += means[static_cast<size_t>(g * r.channels + c)];
            var += vars[static_cast<size_t>(g * r.channels + c)];
        }
        const auto moved = [](float old, double value) {
            return static_cast<float>((1 - batch_norm_momentum) * static_cast<double>(old) +
                                      batch_norm_momentum * value);
        };
        running_mean[c] = moved(running_mean[c], mean / groups);
        running_var[c] = moved(running_var[c], var / groups * unbiased);
    }
}

// Of the batch. Sums are of the differences from the group's first row, which keeps them small.
template <typename T> Statistics batch_statistics(const NormTensors &bn, const Rows &r, const at::Tensor &x)
{
    Statistics s{ at::empty({ row_count, r.groups, r.channels }, bn.running_mean.options()) };
    const T *values = values_of<T>(x);
    const auto n = static_cast<size_t>(r.channels);
    std::vector<float> pivot(static_cast<size_t>(r.groups) * n);
    for (int64_t g = 0; g < r.groups; ++g) {
        norm_kernels<T>().widen(&pivot[static_cast<size_t>(g) * n], values + g * r.rows * r.channels, n);
    }
    const auto sums = sum_pieces(r, [&](double *sum, double *square, float *space, int64_t g, int64_t at, size_t rows) {
        norm_kernels<T>().moments(sum, square, space, values + at, &pivot[static_cast<size_t>(g) * n], rows, n);
    });
    std::vector<double> means(static_cast<size_t>(r.groups) * n);
    std::vector<double> vars(means.size());
    const auto count = static_cast<double>(r.rows);
    for (int64_t g = 0; g < r.groups; ++g) {
        const double *sum = &sums[static_cast<size_t>(g) * 2 * n];
        for (size_t c = 0; c < n; ++c) {
            const size_t i = static_cast<size_t>(g) * n + c;
            const double shifted = sum[c] / count;
            means[i] = static_cast<double>(pivot[i]) + shifted;
            vars[i] = std::max(sum[n + c] / count - shifted * shifted, 0.0);
            s.row(Row::mean, g)[c] = static_cast<float>(means[i]);
            s.row(Row::inverse, g)[c] = static_cast<float>(1 / std::sqrt(vars[i] + batch_norm_epsilon));
        }
        set_affine(s, bn, g);
    }
    update_running(bn, r, means, vars);
    return s;
}

Statistics running_statistics(const NormTensors &bn)
{
    Statistics s{ at::empty({ row_count, 1, bn.running_mean.size(0) }, bn.running_mean.options()) };
    for (int64_t c = 0; c < bn.running_mean.size(0); ++c) {
        s.row(Row::mean, 0)[c] = bn.running_mean.const_data_ptr<float>()[c];
        const auto var = static_cast<double>(bn.running_var.const_data_ptr<float>()[c]);
        s.row(Row::inverse, 0)[c] = static_cast<float>(1 / std::sqrt(var + batch_norm_epsilon));
    }
    set_affine(s, bn, 0);
    return s;
}

template <typename T>
at::Tensor affine_rows(const Rows &r, const Statistics &s, const at::Tensor &x, const at::Tensor &added, bool relu)
{
    auto out = at::empty_like(x);
    auto *y = static_cast<T *>(out.mutable_data_ptr());
    const T *values = values_of<T>(x);
    const T *other = values_of<T>(added);
    r.each([&](int64_t g, int64_t, int64_t at, size_t rows) {
        norm_kernels<T>().apply(y + at, values + at, offset(other, at), s.affine(g), relu, rows,
                                static_cast<size_t>(r.channels));
    });
    return out;
}

// Returns dy where the result is positive: the gradient by the shortcut, and by the output of the norm.
template <typename T> at::Tensor masked_rows(const Rows &r, const at::Tensor &dy, const at::Tensor &y)
{
    auto out = at::empty_like(y);
    auto *g = static_cast<T *>(out.mutable_data_ptr());
    r.each([&](int64_t, int64_t, int64_t at, size_t rows) {
        norm_kernels<T>().mask(g + at, values_of<T>(dy) + at, values_of<T>(y) + at,
                               rows * static_cast<size_t>(r.channels));
    });
    return out;
}

struct Gradients {
    at::Tensor x, weight, bias;
};

template <typename T>
Gradients gradients_of(const Rows &r, const Statistics &s, const at::Tensor &x, const at::Tensor &dy, bool relu)
{
    const auto n = static_cast<size_t>(r.channels);
    const T *values = values_of<T>(x);
    const T *g = values_of<T>(dy);
    const auto sums =
        sum_pieces(r, [&](double *sum, double *product, float *space, int64_t group, int64_t at, size_t rows) {
            norm_kernels<T>().reduce(sum, product, space, g + at, values + at, s.row(Row::mean, group), s.affine(group),
                                     relu, rows, n);
        });
    Gradients out{ at::empty_like(x), at::empty({ r.channels }, s.values.options()),
                   at::empty({ r.channels }, s.values.options()) };
    std::vector<float> mean_g(static_cast<size_t>(r.groups) * n);
    std::vector<float> tilt(mean_g.size());
    std::vector<double> weight(n);
    std::vector<double> bias(n);
    for (int64_t group = 0; group < r.groups; ++group) {
        const double *sum = &sums[static_cast<size_t>(group) * 2 * n];
        for (size_t c = 0; c < n; ++c) {
            const size_t i = static_cast<size_t>(group) * n + c;
            const auto inverse = static_cast<double>(s.row(Row::inverse, group)[c]);
            mean_g[i] = static_cast<float>(sum[c] / static_cast<double>(r.rows));
            tilt[i] = static_cast<float>(sum[n + c] / static_cast<double>(r.rows) * inverse * inverse);
            weight[c] += sum[n + c] * inverse;
            bias[c] += sum[c];
        }
    }
    std::copy(weight.begin(), weight.end(), out.weight.data_ptr<float>());
    std::copy(bias.begin(), bias.end(), out.bias.data_ptr<float>());
    auto *dx = static_cast<T *>(out.x.mutable_data_ptr());
    r.each([&](int64_t group, int64_t, int64_t at, size_t rows) {
        const size_t i = static_cast<size_t>(group) * n;
        norm_kernels<T>().backward(dx + at, g + at, values + at,
                                   { s.row(Row::scale, group), &mean_g[i], s.row(Row::mean, group), &tilt[i] },
                                   s.affine(group), relu, rows, n);
    });
    return out;
}

bool is_half(const at::Tensor &x)
{
    return x.scalar_type() == at::kBFloat16;
}

std::tuple<at::Tensor, at::Tensor> norm_on_cpu(const at::Tensor &x, const std::optional<at::Tensor> &other,
                                               const at::Tensor &weight, const at::Tensor &bias,
                                               at::Tensor &running_mean, at::Tensor &running_var, int64_t groups,
                                               bool relu)
{
    const Rows r(x, groups);
    const NormTensors bn{ weight, bias, running_mean, running_var };
    const Statistics s = is_half(x) ? batch_statistics<Bf16>(bn, r, x) : batch_statistics<float>(bn, r, x);
    const auto added = other.value_or(at::Tensor());
    return { is_half(x) ? affine_rows<Bf16>(r, s, x, added, relu) : affine_rows<float>(r, s, x, added, relu),
             s.values };
}

template <typename T>
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor>
norm_backward_of(const at::Tensor &dy, const at::Tensor &x, const std::optional<at::Tensor> &y, const Statistics &s,
                 int64_t groups, bool relu)
{
    const Rows r(x, groups);
    const auto d_other = y.has_value() ? masked_rows<T>(r, dy, *y) : at::Tensor();
    const auto d = gradients_of<T>(r, s, x, y.has_value() ? d_other : dy, relu && !y.has_value());
    return { d.x, d.weight, d.bias, d_other };
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor>
norm_backward_on_cpu(const at::Tensor &dy, const at::Tensor &x, const std::optional<at::Tensor> &y,
                     const at::Tensor &statistics, int64_t groups, bool relu)
{
    const Statistics s{ statistics };
    return is_half(x) ? norm_backward_of<Bf16>(dy, x, y, s, groups, relu)
                      : norm_backward_of<float>(dy, x, y, s, groups, relu);
}

} // namespace

at::Tensor norm_by_running(const at::Tensor &x, const at::Tensor &other, const NormTensors &bn, bool relu)
{
    const Rows r(x, 1);
    const auto s = running_statistics(bn);
    return is_half(x) ? affine_rows<Bf16>(r, s, x, other, relu) : affine_rows<float>(r, s, x, other, relu);
}

} // namespace moco

TORCH_LIBRARY_IMPL(moco, CPU, m)
{
    m.impl("norm", moco::norm_on_cpu);
    m.impl("norm_backward", moco::norm_backward_on_cpu);
}
