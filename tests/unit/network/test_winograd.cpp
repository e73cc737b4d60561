// Tests that Winograd's convolution is as close to the one in double as rounding to bf16 allows.
#include "network/winograd.hpp"
#include "network/winograd_kernels.hpp"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace {

struct Convolution {
    int64_t n, in, out, height, width;
};

struct ConvolutionResult {
    at::Tensor y, dx, dw;
};

at::Tensor leaf_of(const at::Tensor &x)
{
    return x.detach().contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(true);
}

ConvolutionResult finish(const at::Tensor &y, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &dy)
{
    y.backward(dy.to(y.scalar_type()));
    return { y.detach(), x.grad(), weight.grad() };
}

class Winograd : public testing::TestWithParam<Convolution> {
  protected:
    void SetUp() override
    {
        if (moco::winograd_kernels() == nullptr) {
            GTEST_SKIP() << "needs a processor with AVX512-BF16 and without AMX";
        }
        const Convolution c = GetParam();
        at::manual_seed(3);
        x_ = at::relu(at::randn({ c.n, c.in, c.height, c.width })).to(at::kBFloat16);
        weight_ = at::randn({ c.out, c.in, 3, 3 }) / std::sqrt(9.0 * static_cast<double>(c.in));
        dy_ = at::randn({ c.n, c.out, c.height, c.width }).to(at::kBFloat16);
    }

    [[nodiscard]] ConvolutionResult quick() const
    {
        const auto x = leaf_of(x_);
        const auto weight = leaf_of(weight_);
        at::Tensor y;
        EXPECT_TRUE(moco::winograd_convolution(y, x, weight));
        return finish(y, x, weight, dy_.contiguous(at::MemoryFormat::ChannelsLast));
    }

    // Computes by at::conv2d in @p type.
    [[nodiscard]] ConvolutionResult plain(at::ScalarType type) const
    {
        const auto x = leaf_of(x_.to(type));
        const auto weight = leaf_of(weight_);
        const auto y = at::conv2d(x, weight.to(type), {}, { 1, 1 }, { 1, 1 });
        return finish(y, x, weight, dy_);
    }

    at::Tensor x_, weight_, dy_;
};

// Returns the error relative to the root mean square.
double error(const at::Tensor &value, const at::Tensor &expected)
{
    const auto exact = expected.to(at::kDouble);
    return ((value.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

TEST_P(Winograd, IsNearTheConvolution)
{
    const ConvolutionResult got = quick();
    const ConvolutionResult exact = plain(at::kDouble);
    const ConvolutionResult direct = plain(at::kBFloat16);
    EXPECT_EQ(got.y.scalar_type(), at::kBFloat16);
    EXPECT_EQ(got.dx.scalar_type(), at::kBFloat16);
    EXPECT_EQ(got.dw.scalar_type(), at::kFloat);
    EXPECT_TRUE(got.y.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_LT(error(got.y, exact.y), 2.5 * error(direct.y, exact.y));
    EXPECT_LT(error(got.dx, exact.dx), 2.5 * error(direct.dx, exact.dx));
    EXPECT_LT(error(got.dw, exact.dw), 0.006);
    EXPECT_LT((got.y.to(at::kDouble) - exact.y).abs().max().item<double>(), 0.03 * exact.y.abs().max().item<double>());
}

// Where nothing is rounded, every pixel is exact, at the edges too.
TEST_P(Winograd, IsEqualForSmallWholeNumbers)
{
    x_ = at::randint(-2, 3, x_.sizes()).to(at::kBFloat16);
    dy_ = at::randint(-2, 3, dy_.sizes()).to(at::kBFloat16);
    weight_ = 4 * (at::rand(weight_.sizes()) < 0.02).to(at::kFloat); // sums stay below 256, and quarters are whole
    const ConvolutionResult got = quick();
    const ConvolutionResult exact = plain(at::kDouble);
    ASSERT_LE(exact.y.abs().max().item<double>(), 256);
    EXPECT_TRUE(at::equal(got.y.to(at::kDouble), exact.y));
    EXPECT_TRUE(at::equal(got.dx.to(at::kDouble), exact.dx));
    EXPECT_TRUE(at::equal(got.dw, exact.dw.to(at::kFloat)));
}

TEST_P(Winograd, IsTheSameOnAnyNumberOfThreads)
{
    const int threads = at::get_num_threads();
    at::set_num_threads(1);
    const ConvolutionResult one = quick();
    at::set_num_threads(3);
    const ConvolutionResult three = quick();
    at::set_num_threads(threads);
    EXPECT_TRUE(at::equal(one.y, three.y));
    EXPECT_TRUE(at::equal(one.dx, three.dx));
    EXPECT_TRUE(at::equal(one.dw, three.dw));
}

INSTANTIATE_TEST_SUITE_P(Shapes, Winograd,
                         testing::Values(Convolution{ 8, 64, 64, 8, 8 },     // as in ResNet-18
                                         Convolution{ 9, 64, 128, 7, 7 },    // edges within tiles
                                         Convolution{ 7, 192, 64, 9, 10 },   // an odd number of tiles, one edge alone
                                         Convolution{ 129, 64, 64, 1, 1 },   // all edges
                                         Convolution{ 7, 128, 256, 30, 5 }), // several blocks of tiles
                         [](const auto &info) {
                             const Convolution &c = info.param;
                             return std::to_string(c.n) + "x" + std::to_string(c.in) + "to" + std::to_string(c.out) +
                                    "at" + std::to_string(c.height) + "x" + std::to_string(c.width);
                         });

// Without OpenMP's flags at::parallel_for compiles too, but runs on one thread.
TEST(WinogradThreads, ShareTheLoops)
{
#if defined(__SANITIZE_THREAD__) || defined(__clang__)
    GTEST_SKIP() << "needs libtorch's OpenMP";
#endif
    const int threads = at::get_num_threads();
    at::set_num_threads(2);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    at::parallel_for(0, 2, 1, [&](int64_t, int64_t) {
        const std::lock_guard<std::mutex> lock(mutex);
        seen.insert(std::this_thread::get_id());
    });
    at::set_num_threads(threads);
    EXPECT_EQ(seen.size(), 2U);
}

TEST(WinogradRefusals, LeaveTheRestToTheOtherConvolution)
{
    const auto bf16 = at::TensorOptions(at::kBFloat16).memory_format(at::MemoryFormat::ChannelsLast);
    const auto weight = at::zeros({ 64, 64, 3, 3 });
    at::Tensor y;
    EXPECT_FALSE(moco::winograd_convolution(y, at::zeros({ 8, 64, 8, 8 }, bf16).to(at::kFloat), weight));
    EXPECT_FALSE(moco::winograd_convolution(y, at::zeros({ 8, 64, 8, 8 }, bf16).contiguous(), weight));
    EXPECT_FALSE(moco::winograd_convolution(y, at::zeros({ 8, 32, 8, 8 }, bf16), at::zeros({ 64, 32, 3, 3 })));
    EXPECT_FALSE(moco::winograd_convolution(y, at::zeros({ 8, 64, 8, 8 }, bf16), at::zeros({ 96, 64, 3, 3 })));
    EXPECT_FALSE(moco::winograd_convolution(y, at::zeros({ 8, 64, 8, 8 }, bf16), at::zeros({ 64, 64, 1, 1 })));
    EXPECT_FALSE(moco::winograd_convolution(y, at::zeros({ 8, 64, 8, 8 }, bf16), weight.to(at::kBFloat16)));
    EXPECT_FALSE(moco::winograd_convolution(y, at::zeros({ 3, 64, 8, 8 }, bf16), weight)) << "too few tiles";
    EXPECT_FALSE(y.defined());
}

} // namespace
