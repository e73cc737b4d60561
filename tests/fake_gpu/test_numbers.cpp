// What libtorch is told about the numbers of a GPU. The pretended device computes as the CPU does, so what a flag
// changes is seen on hardware alone.
#include "support/device.hpp"

#include <ATen/Context.h>
#include <gtest/gtest.h>

namespace {

class Numbers : public testing::Test {
  protected:
    void SetUp() override
    {
        ASSERT_EQ(moco_test::device().type, MOCO_CUDA);
        ASSERT_EQ(moco_device_set(MOCO_SETTING_DETERMINISTIC, false), MOCO_OK);
    }
};

TEST_F(Numbers, Float32IsFullUnlessTf32IsAskedFor)
{
    const auto &context = at::globalContext();
    EXPECT_FALSE(context.allowTF32CuDNN()); // true is libtorch's default
    EXPECT_FALSE(context.allowTF32CuBLAS());
    ASSERT_EQ(moco_device_set(MOCO_SETTING_TF32, true), MOCO_OK);
    EXPECT_TRUE(context.allowTF32CuDNN());
    EXPECT_TRUE(context.allowTF32CuBLAS());
    ASSERT_EQ(moco_device_set(MOCO_SETTING_TF32, false), MOCO_OK);
    EXPECT_FALSE(context.allowTF32CuDNN());
    EXPECT_FALSE(context.allowTF32CuBLAS());
}

TEST_F(Numbers, DeterministicForbidsWhatIsNot)
{
    const auto &context = at::globalContext();
    EXPECT_FALSE(context.deterministicAlgorithms());
    ASSERT_EQ(moco_device_set(MOCO_SETTING_DETERMINISTIC, true), MOCO_OK);
    EXPECT_TRUE(context.deterministicAlgorithms());
    EXPECT_FALSE(context.deterministicAlgorithmsWarnOnly());
    EXPECT_TRUE(context.deterministicCuDNN());
    EXPECT_FALSE(context.benchmarkCuDNN());
    EXPECT_STREQ(std::getenv("CUBLAS_WORKSPACE_CONFIG"), ":4096:8");
}

// Else cuDNN would try algorithms, and another run could choose another one.
TEST_F(Numbers, AnEncoderLetsCudnnChooseUnlessDeterministic)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = "resnet20";
    options.device = moco_test::device();
    for (const bool deterministic : { true, false }) {
        ASSERT_EQ(moco_device_set(MOCO_SETTING_DETERMINISTIC, deterministic), MOCO_OK);
        at::globalContext().setBenchmarkCuDNN(false);
        moco_encoder *encoder = nullptr;
        ASSERT_EQ(moco_encoder_create(&encoder, &options), MOCO_OK) << moco_error_message();
        EXPECT_EQ(at::globalContext().benchmarkCuDNN(), !deterministic);
        moco_encoder_free(encoder);
    }
}

} // namespace
