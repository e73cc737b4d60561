// Tests batch norm with shortcut and ReLU in one operation against separate operations, on the device and for every
// kind of processor.
#include "network/batch_norm.hpp"
#include "network/norm_kernels.hpp"
#include "support/device.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cstring>
#include <mutex>
#include <vector>

namespace {

using moco::BatchNorm;

struct Case {
    int64_t n, channels, height, width, splits;
    bool relu, other;
};

struct Result {
    at::Tensor y, dx, d_other, d_weight, d_bias, mean, var;
};

// Seeds the CPU's draws alone.
void seed(uint64_t number)
{
    at::Generator generator = at::detail::getDefaultCPUGenerator();
    const std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_current_seed(number);
}

at::Device device()
{
    return moco_test::device().type == MOCO_CPU ? at::kCPU : at::kCUDA;
}

// On the device that is tested.
at::Tensor channels_last(const at::Tensor &x)
{
    return x.detach().to(device()).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(true);
}

void set_norm(BatchNorm &bn, const Case &c)
{
    seed(7);
    bn.splits = c.splits;
    bn.weight = at::randn({ c.channels }).requires_grad_(true);
    bn.bias = at::randn({ c.channels }).requires_grad_(true);
    bn.running_mean = at::randn({ c.channels });
    bn.running_var = at::rand({ c.channels }) + 0.5;
}

Result finish(const at::Tensor &y, const at::Tensor &x, const at::Tensor &other, const BatchNorm &bn,
              const at::Tensor &dy)
{
    y.backward(dy.to(y.options()));
    return { y.detach(),       x.grad(),       other.defined() ? other.grad() : at::Tensor(),
             bn.weight.grad(), bn.bias.grad(), bn.running_mean,
             bn.running_var };
}

Result fused(const Case &c, const at::Tensor &values, const at::Tensor &shortcut, const at::Tensor &dy,
             at::ScalarType type)
{
    BatchNorm bn(c.channels);
    set_norm(bn, c);
    for (auto *tensor : { &bn.weight, &bn.bias, &bn.running_mean, &bn.running_var }) {
        *tensor = tensor->detach().to(device()).requires_grad_(tensor->requires_grad());
    }
    const auto x = channels_last(values.to(type));
    const auto other = c.other ? channels_last(shortcut.to(type)) : at::Tensor();
    at::Tensor y;
    EXPECT_TRUE(moco::fused_batch_norm(y, bn, x, { other, c.relu }, true));
    return finish(y, x, other, bn, dy);
}

// In double, group by group.
Result expected(const Case &c, const at::Tensor &values, const at::Tensor &shortcut, const at::Tensor &dy)
{
    BatchNorm bn(c.channels);
    set_norm(bn, c);
    bn.weight = bn.weight.detach().to(at::kDouble).requires_grad_(true);
    bn.bias = bn.bias.detach().to(at::kDouble).requires_grad_(true);
    const auto x = values.detach().to(at::kDouble).requires_grad_(true);
    const auto other = c.other ? shortcut.detach().to(at::kDouble).requires_grad_(true) : at::Tensor();
    std::vector<at::Tensor> pieces;
    auto mean = at::zeros({ c.channels }, at::kDouble);
    auto var = at::zeros({ c.channels }, at::kDouble);
    for (const auto &piece : x.chunk(c.splits)) {
        auto m = bn.running_mean.to(at::kDouble);
        auto v = bn.running_var.to(at::kDouble);
        pieces.push_back(at::batch_norm(piece, bn.weight, bn.bias, m, v, true, 0.1, 1e-5, false));
        mean += m / c.splits;
        var += v / c.splits;
    }
    auto y = at::cat(pieces);
    y = c.other ? y + other : y;
    y = c.relu ? at::relu(y) : y;
    bn.running_mean = mean;
    bn.running_var = var;
    return finish(y, x, other, bn, dy);
}

void expect_near(const at::Tensor &got, const at::Tensor &want, double tolerance, const char *what)
{
    const auto scale = want.abs().max().item<double>() + 1e-3;
    EXPECT_LT((got.to(at::kCPU, at::kDouble) - want.to(at::kDouble)).abs().max().item<double>() / scale, tolerance)
        << what;
}

class FusedNorm : public ::testing::TestWithParam<Case> {};

TEST_P(FusedNorm, IsWhatSeparateOperationsGive)
{
    const Case &c = GetParam();
    if (!device().is_cpu() && c.channels % 8 != 0) {
        GTEST_SKIP() << "a GPU takes 8 channels at once";
    }
    seed(3);
    // A mean far from 0, as sums of squares do not like it; of two values, which may be close, a mean that float bears.
    const double far = c.n * c.height * c.width / c.splits > 2 ? 30 : 0;
    const auto x = (at::randn({ c.n, c.channels, c.height, c.width }) + far).to(at::kBFloat16).to(at::kFloat);
    const auto shortcut = at::randn_like(x).to(at::kBFloat16).to(at::kFloat);
    const auto dy = at::randn_like(x).to(at::kBFloat16).to(at::kFloat);
    const auto want = expected(c, x, shortcut, dy);
    for (const auto type : { at::kFloat, at::kBFloat16 }) {
        const auto got = fused(c, x, shortcut, dy, type);
        const double tolerance = type == at::kFloat ? 2e-5 : 1e-2;
        expect_near(got.y, want.y, tolerance, "y");
        expect_near(got.dx, want.dx, tolerance, "dx");
        expect_near(got.d_weight, want.d_weight, tolerance, "weight");
        expect_near(got.d_bias, want.d_bias, tolerance, "bias");
        expect_near(got.mean, want.mean, 1e-6, "running mean");
        expect_near(got.var, want.var, 1e-6, "running variance");
        if (c.other) {
            expect_near(got.d_other, want.d_other, tolerance, "shortcut");
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, FusedNorm,
                         ::testing::Values(Case{ 4, 64, 9, 9, 1, true, false }, Case{ 4, 19, 5, 7, 1, true, true },
                                           Case{ 8, 33, 6, 6, 4, true, true }, Case{ 6, 512, 2, 2, 1, true, true },
                                           Case{ 8, 16, 31, 29, 2, false, false }, Case{ 6, 8, 1, 1, 3, true, false },
                                           Case{ 2, 3, 40, 40, 1, false, true }, Case{ 8, 24, 13, 13, 2, true, true },
                                           Case{ 16, 64, 28, 28, 8, true, true },
                                           Case{ 4, 2048, 3, 3, 1, true, true }));

TEST(NormKernels, AreEqualOnEveryProcessor)
{
    constexpr size_t rows = 131;
    constexpr size_t channels = 37;
    seed(5);
    const auto x = at::randn({ 3, static_cast<int64_t>(rows * channels) });
    const auto *values = x.const_data_ptr<float>();
    const float *const dy = values + rows * channels;
    const float *const other = dy + rows * channels;
    const auto run = [&](const moco::NormKernels<float> &k) {
        std::vector<float> y(2 * rows * channels);
        std::vector<float> scratch(2 * channels);
        std::vector<double> sums(4 * channels);
        const moco::Affine affine{ values, dy };
        k.moments(&sums[0], &sums[channels], scratch.data(), values, other, rows, channels);
        k.reduce(&sums[2 * channels], &sums[3 * channels], scratch.data(), dy, values, other, affine, true, rows,
                 channels);
        k.apply(y.data(), values, other, affine, true, rows, channels);
        k.backward(&y[rows * channels], dy, values, { values, dy, other, values + 50 }, affine, true, rows, channels);
        std::vector<unsigned char> bytes(sums.size() * sizeof(double) + y.size() * sizeof(float));
        std::memcpy(bytes.data(), sums.data(), sums.size() * sizeof(double));
        std::memcpy(bytes.data() + sums.size() * sizeof(double), y.data(), y.size() * sizeof(float));
        return bytes;
    };
    for (size_t i = 1; moco::norm_kernels_at(i) != nullptr; ++i) {
        EXPECT_EQ(run(moco::norm_kernels_at(0)->fp32), run(moco::norm_kernels_at(i)->fp32))
            << moco::norm_kernels_at(i)->name;
    }
}

} // namespace
