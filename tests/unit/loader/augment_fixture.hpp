// Makes images and policies for tests of augmentation.
#pragma once

#include <gtest/gtest.h>
#include <moco.h>

#include <functional>
#include <memory>
#include <vector>

namespace augment_test {

using Image = std::unique_ptr<moco_image, decltype(&moco_image_free)>;
using Bytes = std::vector<uint8_t>;

class Augment : public ::testing::Test {
  protected:
    void SetUp() override { before_ = moco_live_handles(); }
    void TearDown() override { EXPECT_EQ(moco_live_handles(), before_); }

  private:
    size_t before_ = 0;
};

inline Image new_image()
{
    moco_image *image = nullptr;
    EXPECT_EQ(moco_image_create(&image), MOCO_OK);
    return { image, moco_image_free };
}

inline Image image_of(int32_t width, int32_t height, const std::function<uint8_t(int, int, int)> &value)
{
    Image image = new_image();
    Bytes pixels;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (int c = 0; c < 3; ++c) {
                pixels.push_back(value(x, y, c));
            }
        }
    }
    EXPECT_EQ(moco_image_set(image.get(), MOCO_FRAME_RGB, width, height, 0, pixels.data()), MOCO_OK);
    return image;
}

// Smooth colours without symmetry.
inline Image gradient(int32_t width, int32_t height)
{
    return image_of(width, height, [&](int x, int y, int c) {
        return static_cast<uint8_t>(20 + (150 * x / width + 60 * y / height + 25 * c) % 236);
    });
}

inline Bytes bytes_of(const Image &image)
{
    const uint8_t *pixels = moco_image_pixels(image.get());
    return { pixels, pixels + size_t{ 3 } * static_cast<size_t>(moco_image_width(image.get())) *
                                  static_cast<size_t>(moco_image_height(image.get())) };
}

inline moco_augment_policy policy_of(int32_t size, const std::vector<moco_augment_op> &ops)
{
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    EXPECT_EQ(moco_augment_preset(&policy, "plain", size), MOCO_OK);
    policy.count = ops.size();
    std::copy(ops.begin(), ops.end(), policy.ops);
    return policy;
}

inline moco_augment_policy preset(const char *name, int32_t size = 0)
{
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    EXPECT_EQ(moco_augment_preset(&policy, name, size), MOCO_OK) << moco_error_message();
    return policy;
}

inline Bytes apply(const Image &source, const moco_augment_policy &policy, moco_augment_key key)
{
    const Image image = new_image();
    const Image scratch = new_image();
    EXPECT_EQ(moco_augment_apply(image.get(), scratch.get(), source.get(), &policy, key), MOCO_OK)
        << moco_error_message();
    EXPECT_EQ(moco_image_width(image.get()), policy.size);
    EXPECT_EQ(moco_image_height(image.get()), policy.size);
    return bytes_of(image);
}

} // namespace augment_test
