// Tests a GPU that a process wants after it has computed on the CPU. Each case is its own process, since libtorch
// looks for its part for CUDA only once.
#include "support/gpu.hpp"
#include "support/process.hpp"
#include "support/tensors.hpp"

#include <string>

using moco_test::Owned;

namespace {

Owned<moco_encoder> small_encoder(moco_device device)
{
    EXPECT_OK(moco_threads_set(1));
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = "resnet20";
    options.dim = 4;
    options.device = device;
    moco_encoder *encoder = nullptr;
    EXPECT_OK(moco_encoder_create(&encoder, &options));
    return Owned<moco_encoder>(encoder);
}

// Runs a forward and a backward pass.
void learn(moco_device device)
{
    const auto encoder = small_encoder(device);
    const int64_t sizes[] = { 4, 3, 16, 16 };
    const int64_t count = 4;
    moco_scope *scope = nullptr;
    moco_tensor *images = nullptr;
    moco_tensor *output = nullptr;
    moco_tensor *labels = nullptr;
    moco_tensor *loss = nullptr;
    ASSERT_OK(moco_scope_create(&scope));
    ASSERT_OK(moco_tensor_randn(&images, scope, device, sizes, 4, 1));
    ASSERT_OK(moco_encoder_forward(&output, scope, encoder.get(), images));
    ASSERT_OK(moco_tensor_zeros(&labels, scope, MOCO_INT64, device, &count, 1));
    ASSERT_OK(moco_tensor_cross_entropy(&loss, scope, output, labels));
    ASSERT_OK(moco_tensor_backward(loss));
    moco_scope_free(scope);
}

// Makes a gradient without a network.
void learn_without_network()
{
    moco_scope *scope = nullptr;
    moco_tensor *weights = nullptr;
    moco_tensor *product = nullptr;
    moco_tensor *labels = nullptr;
    moco_tensor *loss = nullptr;
    const int64_t sizes[] = { 4, 4 };
    ASSERT_OK(moco_scope_create(&scope));
    ASSERT_OK(moco_tensor_randn(&weights, scope, moco_test::cpu, sizes, 2, 1));
    ASSERT_OK(moco_tensor_require_gradient(weights));
    ASSERT_OK(moco_tensor_matmul(&product, scope, weights, weights));
    ASSERT_OK(moco_tensor_zeros(&labels, scope, MOCO_INT64, moco_test::cpu, sizes, 1));
    ASSERT_OK(moco_tensor_cross_entropy(&loss, scope, product, labels));
    ASSERT_OK(moco_tensor_backward(loss));
    moco_scope_free(scope);
}

class LateGpu : public moco_test::WithFolder {
  protected:
    // Runs a hidden test of this file. `visible` is CUDA_VISIBLE_DEVICES.
    std::string run_case(const std::string &name, const std::string &visible)
    {
        const std::string program = testing::internal::GetArgvs().front();
        moco_test::Process process(
            { program, "--gtest_also_run_disabled_tests", "--gtest_filter=LateGpu.DISABLED_" + name },
            { std::filesystem::current_path(), path("out"), "" }, { { "CUDA_VISIBLE_DEVICES", visible } });
        return process.wait() == 0 ? "passed" : process.said();
    }
};

} // namespace

TEST_F(LateGpu, DISABLED_AfterANetwork)
{
    moco_device device;
    learn(moco_test::cpu);
    ASSERT_OK(moco_device_parse(&device, "cuda"));
    learn(device);
}

TEST_F(LateGpu, DISABLED_AfterAGradient)
{
    moco_device device;
    learn_without_network();
    ASSERT_OK(moco_device_parse(&device, "cuda"));
    learn(device);
}

TEST_F(LateGpu, DISABLED_First)
{
    moco_device device;
    ASSERT_OK(moco_device_parse(&device, "cuda"));
    learn(moco_test::cpu);
    learn(device);
}

TEST_F(LateGpu, DISABLED_Refused)
{
    moco_device device;
    learn(moco_test::cpu);
    EXPECT_EQ(moco_device_parse(&device, "cuda"), MOCO_EUNAVAILABLE);
    const std::string message = moco_error_message();
    EXPECT_NE(message.find("moco_device_cuda_count()"), std::string::npos) << message;
    EXPECT_EQ(moco_device_cuda_count(nullptr), 0);
}

// "Cannot initialize CUDA without ATen_cuda library" came from the first use of the GPU.
TEST_F(LateGpu, WorksInEitherOrder)
{
    SKIP_WITHOUT_GPUS(1);
    EXPECT_EQ(run_case("First", "0"), "passed");
    EXPECT_EQ(run_case("AfterANetwork", "0"), "passed");
    EXPECT_EQ(run_case("AfterAGradient", "0"), "passed");
}

TEST_F(LateGpu, IsRefusedClearlyWhereItSeemedThatThereIsNone)
{
    SKIP_WITHOUT_GPUS(1);
    if (!moco_test::gpu_is_pretended()) {
        GTEST_SKIP() << "a real GPU that CUDA_VISIBLE_DEVICES hides is hidden to the end";
    }
    EXPECT_EQ(run_case("Refused", ""), "passed");
}
