// Tests encoders of images of other channels than three.
#include <moco.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

constexpr int64_t count = 8;
constexpr int64_t size = 16;

moco_encoder *make(int64_t channels, moco_layout layout)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = "resnet20";
    options.channels = channels;
    options.bn_splits = 2;
    options.layout = layout;
    moco_encoder *encoder = nullptr;
    EXPECT_EQ(moco_encoder_create(&encoder, &options), MOCO_OK) << moco_error_message();
    return encoder;
}

std::vector<float> embed(moco_encoder *encoder, const moco_tensor *images)
{
    moco_tensor *out = nullptr;
    std::vector<float> values(static_cast<size_t>(count * moco_encoder_dim(encoder)));
    EXPECT_EQ(moco_encoder_forward(&out, nullptr, encoder, images), MOCO_OK) << moco_error_message();
    EXPECT_EQ(moco_tensor_to_host(values.data(), values.size() * sizeof(float), out), MOCO_OK);
    moco_tensor_free(out);
    return values;
}

class Channels : public testing::TestWithParam<int64_t> {};

} // namespace

// With one channel all memory orders are the same, which a network in nhwc must not take for nchw.
TEST_P(Channels, AreTheSameInBothLayouts)
{
    const int64_t sizes[] = { count, GetParam(), size, size };
    moco_tensor *images = nullptr;
    ASSERT_EQ(moco_tensor_randn(&images, nullptr, { MOCO_CPU, 0 }, sizes, 4, 1), MOCO_OK);
    moco_encoder *const planes = make(GetParam(), MOCO_NCHW);
    moco_encoder *const pixels = make(GetParam(), MOCO_NHWC);
    const auto a = embed(planes, images);
    const auto b = embed(pixels, images);
    for (size_t i = 0; i < a.size(); ++i) {
        ASSERT_NEAR(a[i], b[i], 1e-4) << i;
    }
    moco_encoder_options described = MOCO_ENCODER_OPTIONS_INIT;
    ASSERT_EQ(moco_encoder_describe(&described, planes), MOCO_OK);
    EXPECT_EQ(described.channels, GetParam());
    moco_encoder_free(pixels);
    moco_encoder_free(planes);
    moco_tensor_free(images);
}

INSTANTIATE_TEST_SUITE_P(Numbers, Channels, testing::Values(1, 2, 5, 13));

TEST(EncoderChannels, AreChecked)
{
    const int64_t sizes[] = { count, 3, size, size };
    moco_tensor *images = nullptr;
    moco_tensor *out = nullptr;
    ASSERT_EQ(moco_tensor_zeros(&images, nullptr, MOCO_FLOAT32, { MOCO_CPU, 0 }, sizes, 4), MOCO_OK);
    moco_encoder *const encoder = make(5, MOCO_NCHW);
    EXPECT_EQ(moco_encoder_forward(&out, nullptr, encoder, images), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("N x 5 x H x W"), std::string::npos) << moco_error_message();
    moco_encoder_free(encoder);
    moco_tensor_free(images);
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.channels = 65;
    moco_encoder *none = nullptr;
    EXPECT_EQ(moco_encoder_create(&none, &options), MOCO_EINVALID);
}
