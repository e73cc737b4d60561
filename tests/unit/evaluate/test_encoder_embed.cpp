// Tests embedding of images in memory: as a dataset of them gives it, from several threads, and refusals.
#include "support/temporary_folder.hpp"
#include "support/tensor_values.hpp"
#include "support/toy_dataset.hpp"

#include <memory>
#include <thread>
#include <vector>

using moco_test::kToySide;
using moco_test::message_has;
using moco_test::toy_dataset;
using moco_test::toy_read;
using moco_test::values_of;

namespace {

constexpr size_t kCount = 21;

class EncoderEmbed : public moco_test::WithFolder {
  protected:
    void SetUp() override
    {
        WithFolder::SetUp();
        moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
        network.arch = "resnet20";
        network.dim = 6;
        ASSERT_EQ(moco_encoder_create(&encoder_, &network), MOCO_OK) << moco_error_message();
        moco_encoder_set_training(encoder_, false);
        for (size_t i = 0; i < kCount; ++i) {
            moco_image *image = nullptr;
            ASSERT_EQ(moco_image_create(&image), MOCO_OK);
            ASSERT_EQ(toy_read(image, i, nullptr), MOCO_OK);
            images_.push_back(image);
        }
        options_.augment = "plain";
        options_.image_size = kToySide;
        options_.batch = 8;
        options_.workers = 1;
    }
    void TearDown() override
    {
        for (const moco_image *image : images_) {
            moco_image_free(const_cast<moco_image *>(image));
        }
        moco_encoder_free(encoder_);
        WithFolder::TearDown();
    }
    std::vector<float> embed(size_t dim)
    {
        std::vector<float> out(kCount * dim);
        EXPECT_EQ(moco_encoder_embed(out.data(), out.size(), encoder_, images_.data(), kCount, &options_), MOCO_OK)
            << moco_error_message();
        return out;
    }
    std::vector<float> extract()
    {
        moco_dataset *dataset = toy_dataset(kCount);
        moco_features *features = nullptr;
        EXPECT_EQ(moco_features_extract(&features, dataset, encoder_, &options_), MOCO_OK) << moco_error_message();
        std::vector<float> values = values_of(moco_features_matrix(features));
        moco_features_free(features);
        moco_dataset_free(dataset);
        return values;
    }
    moco_status refused(size_t room, size_t count = kCount)
    {
        std::vector<float> out(1 << 16);
        return moco_encoder_embed(out.data(), room, encoder_, images_.data(), count, &options_);
    }

    moco_encoder *encoder_ = nullptr;
    std::vector<const moco_image *> images_;
    moco_features_options options_ = MOCO_FEATURES_OPTIONS_INIT;
};

} // namespace

TEST_F(EncoderEmbed, GivesTheFeaturesOfADataset)
{
    for (const bool raw : { false, true }) {
        options_.raw = raw;
        options_.kind = MOCO_FEATURE_POOLED;
        EXPECT_EQ(embed(64), extract());
        options_.kind = MOCO_FEATURE_OUTPUT;
        EXPECT_EQ(embed(6), extract());
    }
}

TEST_F(EncoderEmbed, APolicyOrANormalisationCanBeGiven)
{
    const std::vector<float> plain = embed(64);
    for (int c = 0; c < 3; ++c) {
        options_.mean[c] = 0.5;
        options_.std[c] = 0.5;
    }
    const std::vector<float> normalised = embed(64);
    EXPECT_NE(normalised, plain);
    EXPECT_EQ(normalised, extract());

    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    ASSERT_EQ(moco_augment_parse(&policy, "Size(12) Resize() CenterCrop() Normalize(0.5, 0.5, 0.5, 0.5, 0.5, 0.5)"),
              MOCO_OK);
    options_.policy = &policy;
    options_.augment = nullptr;
    EXPECT_EQ(embed(64), normalised);
    EXPECT_EQ(extract(), normalised);
    policy.std[0] = 0;
    EXPECT_EQ(refused(kCount * 64), MOCO_EINVALID);
}

TEST_F(EncoderEmbed, ThreadsShareAnEncoder)
{
    const int32_t computing = moco_threads();
    ASSERT_EQ(moco_threads_set(1), MOCO_OK); /* the four threads are enough for the machine */
    const std::vector<float> alone = embed(64);
    std::vector<int> different(4);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < different.size(); ++t) {
        threads.emplace_back([this, &alone, &different, t] {
            for (int i = 0; i < 5; ++i) {
                different[t] += embed(64) == alone ? 0 : 1;
            }
        });
    }
    for (auto &thread : threads) {
        thread.join();
    }
    EXPECT_EQ(different, std::vector<int>(4));
    EXPECT_EQ(moco_threads_set(computing), MOCO_OK);
}

TEST_F(EncoderEmbed, RefusesWhatCannotBe)
{
    EXPECT_EQ(refused(kCount * 64 - 1), MOCO_EINVALID);
    EXPECT_TRUE(message_has("21 images have 64 each")) << moco_error_message();
    EXPECT_EQ(refused(0, 0), MOCO_EINVALID);
    moco_encoder_set_training(encoder_, true);
    EXPECT_EQ(refused(kCount * 64), MOCO_EINVALID);
    EXPECT_TRUE(message_has("training mode")) << moco_error_message();
    moco_encoder_set_training(encoder_, false);
    options_.kind = MOCO_FEATURE_PIXELS;
    EXPECT_EQ(refused(kCount * 64), MOCO_EINVALID);
    options_.kind = MOCO_FEATURE_POOLED;
    const moco_image *kept = images_[3];
    images_[3] = nullptr;
    EXPECT_EQ(refused(kCount * 64), MOCO_EINVALID);
    EXPECT_TRUE(message_has("images[3] is NULL")) << moco_error_message();
    moco_image *empty = nullptr;
    ASSERT_EQ(moco_image_create(&empty), MOCO_OK);
    images_[3] = empty;
    EXPECT_EQ(refused(kCount * 64), MOCO_EINVALID);
    EXPECT_TRUE(message_has("images[3] is empty")) << moco_error_message();
    images_[3] = kept;
    moco_image_free(empty);
}
