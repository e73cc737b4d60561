// Tests networks: shapes, names and sizes of every architecture, SplitBN, layouts, precisions, evaluation.
#include "support/device.hpp"

#include <gtest/gtest.h>
#include <moco.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace {

class Encoder : public ::testing::Test {
  protected:
    void SetUp() override { before_ = moco_live_handles(); }
    void TearDown() override { EXPECT_EQ(moco_live_handles(), before_); }

  private:
    size_t before_ = 0;
};

moco_encoder *create(const char *arch, moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT)
{
    options.arch = arch;
    options.device = moco_test::device();
    moco_encoder *encoder = nullptr;
    EXPECT_EQ(moco_encoder_create(&encoder, &options), MOCO_OK) << moco_error_message();
    return encoder;
}

moco_tensor *random_images(int64_t count, int64_t size)
{
    moco_tensor *images = nullptr;
    const int64_t sizes[] = { count, 3, size, size };
    EXPECT_EQ(moco_tensor_randn(&images, nullptr, moco_test::device(), sizes, 4, 3), MOCO_OK);
    return images;
}

std::vector<float> forward(moco_encoder *encoder, const moco_tensor *images)
{
    moco_tensor *out = nullptr;
    EXPECT_EQ(moco_encoder_forward(&out, nullptr, encoder, images), MOCO_OK) << moco_error_message();
    std::vector<float> values(static_cast<size_t>(moco_tensor_numel(out)));
    EXPECT_EQ(moco_tensor_to_host(values.data(), values.size() * sizeof(float), out), MOCO_OK);
    moco_tensor_free(out);
    return values;
}

double largest_difference(const std::vector<float> &a, const std::vector<float> &b)
{
    double largest = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, static_cast<double>(std::abs(a[i] - b[i])));
    }
    return largest;
}

} // namespace

TEST_F(Encoder, ParameterCountsAreThePublishedOnes)
{
    // torchvision's counts with 1000 outputs; He et al. 2015 for the CIFAR networks (option A), with 10.
    const std::map<std::string, std::pair<int64_t, int64_t>> expected = {
        { "resnet18", { 1000, 11689512 } },
        { "resnet34", { 1000, 21797672 } },
        { "resnet50", { 1000, 25557032 } },
        { "resnet101", { 1000, 44549160 } },
        { "resnet152", { 1000, 60192808 } },
        { "resnext50_32x4d", { 1000, 25028904 } },
        { "wide_resnet50_2", { 1000, 68883240 } },
        { "resnet20", { 10, 269722 } },
        { "resnet32", { 10, 464154 } },
        { "resnet56", { 10, 853018 } },
    };
    for (const auto &[arch, counts] : expected) {
        moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
        options.dim = counts.first;
        moco_encoder *encoder = create(arch.c_str(), options);
        EXPECT_EQ(moco_encoder_parameter_count(encoder), counts.second) << arch;
        moco_encoder_free(encoder);
    }
}

TEST_F(Encoder, EveryArchitectureEmbeds)
{
    moco_tensor *images = random_images(2, 48);
    for (size_t i = 0; moco_encoder_arch(i) != nullptr; ++i) {
        const std::string arch = moco_encoder_arch(i);
        if (arch == "resnet50w4x" || arch == "resnet50w2x" || arch == "resnet152") {
            continue; // as resnet50, for longer
        }
        moco_encoder *encoder = create(moco_encoder_arch(i));
        EXPECT_EQ(forward(encoder, images).size(), 256U) << moco_encoder_arch(i);
        moco_encoder_free(encoder);
    }
    moco_tensor_free(images);
}

TEST_F(Encoder, WidenedNetworksHaveThePapersSize)
{
    // arXiv 1911.05722, table 1: R50w2x 94 million parameters, of the backbone.
    moco_encoder *encoder = create("resnet50w2x");
    EXPECT_EQ(moco_encoder_feature_dim(encoder), 4096);
    const double backbone = static_cast<double>(moco_encoder_parameter_count(encoder) - 4097 * 128);
    EXPECT_NEAR(backbone / 1e6, 94, 0.6);
    moco_encoder_free(encoder);
    // Nearly all parameters are of convolutions between widened channels.
    const auto parameters = [this](const char *arch) {
        moco_encoder *small = create(arch);
        const double count = static_cast<double>(moco_encoder_parameter_count(small));
        moco_encoder_free(small);
        return count;
    };
    EXPECT_NEAR(parameters("resnet20w2x") / parameters("resnet20"), 4, 0.1);
    EXPECT_NEAR(parameters("resnet20w4x") / parameters("resnet20"), 16, 0.5);
}

TEST_F(Encoder, NamesAreTorchvisions)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.mlp = true;
    moco_encoder *encoder = create("resnet50", options);
    std::map<std::string, size_t> names;
    for (size_t i = 0; moco_encoder_state_name(encoder, i) != nullptr; ++i) {
        names[moco_encoder_state_name(encoder, i)] = i;
    }
    EXPECT_EQ(names.size(), 322U); // torchvision's 320, and the MLP's second matrix and bias
    for (const char *name : { "conv1.weight", "bn1.num_batches_tracked", "layer1.0.downsample.0.weight",
                              "layer4.2.bn3.running_var", "fc.0.weight", "fc.2.bias" }) {
        EXPECT_TRUE(names.count(name)) << name;
    }
    EXPECT_TRUE(moco_encoder_state_is_parameter(encoder, names["fc.0.weight"]));
    EXPECT_FALSE(moco_encoder_state_is_parameter(encoder, names["bn1.running_mean"]));
    moco_encoder_free(encoder);
}

TEST_F(Encoder, InitialWeightsFollowTorchvision)
{
    moco_encoder *encoder = create("resnet18");
    moco_tensor *conv1 = moco_tensor_list_get(moco_encoder_state(encoder), 0);
    std::vector<float> values(static_cast<size_t>(moco_tensor_numel(conv1)));
    ASSERT_EQ(moco_tensor_to_host(values.data(), values.size() * sizeof(float), conv1), MOCO_OK);
    double sumsq = 0;
    for (const float value : values) {
        sumsq += static_cast<double>(value) * static_cast<double>(value);
    }
    EXPECT_NEAR(std::sqrt(sumsq / static_cast<double>(values.size())), std::sqrt(2.0 / (64 * 49)), 6e-4);
    moco_encoder_free(encoder);
}

TEST_F(Encoder, SplitBnIsBatchNormOfEachGroup)
{
    // Group g holds the samples n with n mod 2 = g, so each half alone must give the same embeddings.
    moco_tensor *images = random_images(8, 32);
    std::vector<float> all(8 * 3 * 32 * 32);
    ASSERT_EQ(moco_tensor_to_host(all.data(), all.size() * sizeof(float), images), MOCO_OK);
    for (const moco_layout layout : { MOCO_NCHW, MOCO_NHWC }) {
        moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
        options.dim = 16;
        options.layout = layout;
        moco_encoder *plain = create("resnet20", options);
        options.bn_splits = 2;
        moco_encoder *split = create("resnet20", options);
        const auto together = forward(split, images);
        const size_t image = 3 * 32 * 32;
        for (size_t g = 0; g < 2; ++g) {
            std::vector<float> half;
            for (size_t n = g; n < 8; n += 2) {
                const auto *first = all.data() + n * image;
                half.insert(half.end(), first, first + image);
            }
            moco_tensor *part = nullptr;
            const int64_t sizes[] = { 4, 3, 32, 32 };
            ASSERT_EQ(moco_tensor_from_host(&part, nullptr, MOCO_FLOAT32, moco_test::device(), sizes, 4, half.data()),
                      MOCO_OK);
            const auto alone = forward(plain, part);
            for (size_t n = 0; n < 4; ++n) {
                for (size_t d = 0; d < 16; ++d) {
                    ASSERT_NEAR(alone[n * 16 + d], together[(2 * n + g) * 16 + d], 2e-5);
                }
            }
            moco_tensor_free(part);
        }
        moco_encoder_free(split);
        moco_encoder_free(plain);
    }
    moco_tensor_free(images);
}

TEST_F(Encoder, LayoutsAgreeAndBf16IsNear)
{
    moco_tensor *images = random_images(8, 32);
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    moco_encoder *nchw = create("resnet20", options);
    options.layout = MOCO_NHWC;
    moco_encoder *nhwc = create("resnet20", options);
    options.precision = MOCO_BF16;
    moco_encoder *bf16 = create("resnet20", options);
    const auto reference = forward(nchw, images);
    EXPECT_LT(largest_difference(reference, forward(nhwc, images)), 1e-4);
    const double rounded = largest_difference(reference, forward(bf16, images));
    EXPECT_GT(rounded, 0);
    EXPECT_LT(rounded, 0.2);
    for (auto *encoder : { nchw, nhwc, bf16 }) {
        moco_encoder_free(encoder);
    }
    moco_tensor_free(images);
}

TEST_F(Encoder, EvaluationIsSampleBySample)
{
    moco_tensor *images = random_images(4, 32);
    moco_encoder *encoder = create("resnet20");
    moco_encoder_set_training(encoder, false);
    EXPECT_FALSE(moco_encoder_training(encoder));
    const auto all = forward(encoder, images);
    moco_tensor *one = nullptr;
    ASSERT_EQ(moco_tensor_narrow(&one, nullptr, images, 0, 2, 1), MOCO_OK);
    const auto alone = forward(encoder, one);
    for (size_t d = 0; d < alone.size(); ++d) {
        EXPECT_NEAR(alone[d], all[2 * alone.size() + d], 1e-5);
    }
    moco_tensor *features = nullptr;
    ASSERT_EQ(moco_encoder_features(&features, nullptr, encoder, images), MOCO_OK);
    EXPECT_EQ(moco_tensor_size(features, 1), 64);
    moco_tensor_free(features);
    moco_tensor_free(one);
    moco_tensor_free(images);
    moco_encoder_free(encoder);
}

TEST_F(Encoder, WithoutHeadGivesPooledFeaturesAlone)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.dim = 0;
    moco_encoder *encoder = create("resnet20", options);
    moco_tensor *images = random_images(2, 32);
    moco_tensor *out = nullptr;
    EXPECT_EQ(moco_encoder_forward(&out, nullptr, encoder, images), MOCO_EINVALID);
    EXPECT_EQ(out, nullptr);
    ASSERT_EQ(moco_encoder_features(&out, nullptr, encoder, images), MOCO_OK);
    EXPECT_EQ(moco_tensor_size(out, 1), 64);
    moco_tensor_free(out);
    moco_tensor_free(images);
    moco_encoder_free(encoder);
}

TEST_F(Encoder, RefusesWhatDoesNotFit)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.dim = -1;
    moco_encoder *encoder = nullptr;
    EXPECT_EQ(moco_encoder_create(&encoder, &options), MOCO_EINVALID);
    EXPECT_EQ(encoder, nullptr);
    options = MOCO_ENCODER_OPTIONS_INIT;
    options.bn_splits = 4;
    encoder = create("resnet20", options);
    moco_tensor *images = random_images(6, 32);
    moco_tensor *out = nullptr;
    EXPECT_EQ(moco_encoder_forward(&out, nullptr, encoder, images), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("bn_splits"), std::string::npos);
    EXPECT_EQ(out, nullptr);
    moco_tensor_free(images);
    const int64_t grey[] = { 4, 1, 32, 32 };
    ASSERT_EQ(moco_tensor_randn(&images, nullptr, moco_test::device(), grey, 4, 1), MOCO_OK);
    EXPECT_EQ(moco_encoder_forward(&out, nullptr, encoder, images), MOCO_EINVALID);
    moco_tensor_free(images);
    moco_encoder_free(encoder);
    moco_encoder_free(nullptr);
}
