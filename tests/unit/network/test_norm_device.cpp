// Tests the kernels of batch norm for GPUs on the CPU, thread by thread, against the operators of the CPU.
#include "network/batch_norm.hpp"
#include "network/fused_norm.hpp"
#include "network/norm_call.hpp"
#include "support/gpu_threads.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
namespace fp32 {
#define MOCO_BF16 0
#include "network/norm_device.cu"
#undef MOCO_BF16
} // namespace fp32
namespace bf16 {
#define MOCO_BF16 1
#include "network/norm_device.cu"
#undef MOCO_BF16
} // namespace bf16
#pragma GCC diagnostic pop

struct DeviceCase {
    int64_t n, channels, height, width;
    int groups, lanes, strips;
    bool relu, other;
};

class NormDevice : public ::testing::TestWithParam<DeviceCase> {
  protected:
    // What both sides start from.
    struct Norm {
        at::Tensor weight, bias, running_mean, running_var;
    };
    Norm make_norm() const
    {
        at::manual_seed(7);
        const int64_t c = GetParam().channels;
        return { at::randn({ c }), at::randn({ c }), at::randn({ c }), at::rand({ c }) + 0.5 };
    }
    at::Tensor values(double mean, at::ScalarType type) const
    {
        const DeviceCase &c = GetParam();
        return (at::randn({ c.n, c.channels, c.height, c.width }) + mean)
            .to(type)
            .contiguous(at::MemoryFormat::ChannelsLast);
    }
    static moco::NormShape shape()
    {
        const DeviceCase &c = GetParam();
        const auto rows = static_cast<int>(c.n / c.groups * c.height * c.width);
        const int strip_rows = (rows + c.strips - 1) / c.strips;
        return {
            static_cast<int>(c.channels), c.groups, rows, c.lanes, (rows + strip_rows - 1) / strip_rows, strip_rows
        };
    }
    static uint3_of_cuda grid(const at::Tensor &x)
    {
        const auto s = shape();
        const auto lane = static_cast<unsigned>(moco::norm_bytes / x.element_size());
        return { static_cast<unsigned>(s.channels) / (static_cast<unsigned>(s.lanes) * lane),
                 static_cast<unsigned>(s.strips), static_cast<unsigned>(s.groups) };
    }
    static at::Tensor partial() { return at::full({ shape().groups, shape().strips, 2, shape().channels }, NAN); }
    static void expect_near(const at::Tensor &got, const at::Tensor &want, double tolerance, const char *what)
    {
        const double scale = want.to(at::kFloat).abs().max().item<double>() + 1e-3;
        const double worst = (got.to(at::kFloat) - want.to(at::kFloat)).abs().max().item<double>();
        EXPECT_LT(worst / scale, tolerance) << what; // false for NaN
    }
    void check(at::ScalarType type);
};

void NormDevice::check(at::ScalarType type)
{
    const DeviceCase &c = GetParam();
    const bool half = type == at::kBFloat16;
    const double tolerance = half ? 1e-2 : 2e-5;
    const auto x = values(30, type);
    const auto other = c.other ? values(0, type) : at::Tensor();
    const auto dy = values(0, type);
    const auto given = [](const at::Tensor &t) { return t.defined() ? std::optional(t) : std::nullopt; };
    Norm want = make_norm();
    Norm got = make_norm();
    const auto [y, statistics] =
        moco::norm(x, given(other), want.weight, want.bias, want.running_mean, want.running_var, c.groups, c.relu);
    const auto mask = c.other && c.relu ? y : at::Tensor();
    const auto [dx, d_weight, d_bias, d_other] = moco::norm_backward(dy, x, given(mask), statistics, c.groups, c.relu);

    auto sums = partial();
    const auto counts = at::zeros({ c.channels * (c.groups + 1) }, at::kInt);
    const auto rows = at::full({ moco::norm_row_count, c.groups, c.channels }, NAN);
    const auto y_got = at::full_like(x, NAN);
    const auto address = [](const at::Tensor &t) { return t.defined() ? t.data_ptr() : nullptr; };
    const auto floats = [](const at::Tensor &t) { return t.data_ptr<float>(); };
    const moco::NormForward f{ shape(),
                               address(x),
                               address(other),
                               address(y_got),
                               floats(got.weight),
                               floats(got.bias),
                               floats(got.running_mean),
                               floats(got.running_var),
                               floats(rows),
                               floats(sums),
                               counts.data_ptr<int>(),
                               0.1F,
                               1e-5F,
                               c.relu };
    moco_test::run_grid(half ? bf16::norm_statistics : fp32::norm_statistics, grid(x), moco::norm_threads, f);
    moco_test::run_grid(half ? bf16::norm_apply : fp32::norm_apply, grid(x), moco::norm_threads, f);
    EXPECT_EQ(counts.count_nonzero().item<int64_t>(), 0);
    expect_near(y_got, y, tolerance, "y");
    expect_near(got.running_mean, want.running_mean, 1e-6, "running mean");
    expect_near(got.running_var, want.running_var, 1e-5, "running variance");

    sums = partial();
    const auto means = at::full({ 2, c.groups, c.channels }, NAN);
    const auto dx_got = at::full_like(x, NAN);
    const auto d_other_got = mask.defined() ? at::full_like(x, NAN) : at::Tensor();
    const auto d_weight_got = at::full_like(d_weight, NAN);
    const auto d_bias_got = at::full_like(d_bias, NAN);
    const moco::NormBackward b{ shape(),
                                address(x),
                                address(dy),
                                address(mask),
                                address(dx_got),
                                address(d_other_got),
                                floats(statistics),
                                floats(d_weight_got),
                                floats(d_bias_got),
                                floats(means),
                                floats(sums),
                                counts.data_ptr<int>(),
                                c.relu };
    moco_test::run_grid(half ? bf16::norm_gradient_sums : fp32::norm_gradient_sums, grid(x), moco::norm_threads, b);
    moco_test::run_grid(half ? bf16::norm_gradient : fp32::norm_gradient, grid(x), moco::norm_threads, b);
    EXPECT_EQ(counts.count_nonzero().item<int64_t>(), 0);
    expect_near(dx_got, dx, tolerance, "dx");
    expect_near(d_weight_got, d_weight, tolerance, "weight");
    expect_near(d_bias_got, d_bias, tolerance, "bias");
    if (mask.defined()) {
        expect_near(d_other_got, d_other, tolerance, "shortcut");
    }
}

TEST_P(NormDevice, ComputesWhatTheCpuDoes)
{
    check(at::kFloat);
}

TEST_P(NormDevice, ComputesBfloat16Too)
{
    check(at::kBFloat16);
}

// Few and many lanes, strips that do not divide the rows, several blocks of channels, groups.
INSTANTIATE_TEST_SUITE_P(Shapes, NormDevice,
                         ::testing::Values(DeviceCase{ 4, 16, 5, 7, 1, 2, 3, true, false },
                                           DeviceCase{ 8, 64, 6, 6, 4, 8, 5, true, true },
                                           DeviceCase{ 4, 512, 3, 3, 2, 32, 2, true, true },
                                           DeviceCase{ 6, 8, 1, 1, 3, 1, 1, true, false },
                                           DeviceCase{ 2, 32, 31, 29, 1, 4, 7, false, false },
                                           DeviceCase{ 4, 256, 4, 4, 1, 32, 1, false, true }));

} // namespace
