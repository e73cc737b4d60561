// Tests JPEG files that are read lazily and decoded in part: pixels and errors are those of the complete file.
#include <moco.h>

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "synth_jpeg.h"

namespace {

using Image = std::unique_ptr<moco_image, decltype(&moco_image_free)>;
using Bytes = std::vector<std::uint8_t>;

Image new_image()
{
    moco_image *image = nullptr;
    EXPECT_EQ(moco_image_create(&image), MOCO_OK);
    return { image, moco_image_free };
}

class JpegPart : public testing::Test {
  protected:
    void SetUp() override
    {
        live_ = moco_live_handles();
        moco_image_set_lazy(lazy_.get(), true);
    }
    void TearDown() override
    {
        whole_.reset();
        lazy_.reset();
        expected_.reset();
        part_.reset();
        EXPECT_EQ(moco_live_handles(), live_ - 4);
    }

    std::int32_t random(std::int32_t limit)
    {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<std::int32_t>((state_ >> 33U) % static_cast<std::uint64_t>(limit));
    }
    synth_image shape()
    {
        synth_image image = synth_photo(5, state_, 1);
        image.width = 1 + random(160);
        image.height = 1 + random(160);
        image.subsampling = random(3);
        image.grey = random(5) == 0;
        image.progressive = random(5) == 0;
        image.restart = random(3);
        return image;
    }
    static Bytes file_of(const synth_image &image)
    {
        std::size_t size = 0;
        unsigned char *bytes = synth_jpeg(&size, &image);
        Bytes file(bytes, bytes + size);
        free(bytes);
        return file;
    }
    moco_box random_box(std::int32_t width, std::int32_t height)
    {
        moco_box box = { random(height), random(width), 0, 0 };
        box.height = 1 + random(height - box.top);
        box.width = 1 + random(width - box.left);
        return box;
    }
    // Whether both images give the same bytes in a box, or fail alike.
    void expect_same(const Bytes &file, const moco_box &box, const std::string &what)
    {
        const moco_status status = moco_image_decode(whole_.get(), file.data(), file.size(), "whole");
        moco_status lazily = moco_image_decode(lazy_.get(), file.data(), file.size(), "lazy");
        if (lazily == MOCO_OK) {
            lazily = moco_image_load(lazy_.get(), box, 1);
        }
        ASSERT_EQ(lazily, status) << what << ": " << moco_error_message();
        if (status == MOCO_OK) {
            compare(box, what);
        }
    }
    void compare(const moco_box &box, const std::string &what)
    {
        ASSERT_EQ(moco_image_crop(expected_.get(), whole_.get(), box), MOCO_OK);
        ASSERT_EQ(moco_image_crop(part_.get(), lazy_.get(), box), MOCO_OK);
        const auto count = static_cast<std::size_t>(box.height) * static_cast<std::size_t>(box.width) * 3;
        ASSERT_EQ(std::memcmp(moco_image_pixels(expected_.get()), moco_image_pixels(part_.get()), count), 0)
            << what << ": top " << box.top << ", left " << box.left << ", " << box.height << " x " << box.width;
    }

    Image whole_ = new_image();
    Image lazy_ = new_image();
    Image expected_ = new_image();
    Image part_ = new_image();

  private:
    std::uint64_t state_ = 1;
    std::size_t live_ = 0;
};

TEST_F(JpegPart, HasThePixelsOfTheWhole)
{
    for (int round = 0; round < 400; ++round) {
        const synth_image image = shape();
        const Bytes file = file_of(image);
        const std::string what = std::to_string(image.width) + " x " + std::to_string(image.height) + ", subsampling " +
                                 std::to_string(image.subsampling);
        for (int i = 0; i < 5; ++i) {
            expect_same(file, random_box(image.width, image.height), what);
        }
    }
}

TEST_F(JpegPart, IsDecodedAsAWholeWhereMoreIsNeeded)
{
    synth_image image = synth_photo(5, 3, 1);
    const Bytes file = file_of(image);
    ASSERT_EQ(moco_image_decode(whole_.get(), file.data(), file.size(), "whole"), MOCO_OK);
    ASSERT_EQ(moco_image_decode(lazy_.get(), file.data(), file.size(), "lazy"), MOCO_OK);
    EXPECT_EQ(moco_image_width(lazy_.get()), image.width);
    EXPECT_EQ(moco_image_height(lazy_.get()), image.height);
    ASSERT_EQ(moco_image_load(lazy_.get(), { 10, 20, 30, 40 }, 1), MOCO_OK);
    compare({ 10, 20, 30, 40 }, "what was loaded");
    compare({ 0, 100, 90, 90 }, "what was not");
    ASSERT_EQ(moco_image_decode(lazy_.get(), file.data(), file.size(), "lazy"), MOCO_OK);
    ASSERT_EQ(moco_image_adjust(whole_.get(), MOCO_BRIGHTNESS, 0.7), MOCO_OK);
    ASSERT_EQ(moco_image_adjust(lazy_.get(), MOCO_BRIGHTNESS, 0.7), MOCO_OK);
    compare({ 0, 0, image.height, image.width }, "after an operation on all of it");
    EXPECT_EQ(moco_image_load(lazy_.get(), { 0, 0, image.height + 1, 1 }, 1), MOCO_EINVALID);
    EXPECT_EQ(moco_image_load(lazy_.get(), { 0, 0, 0, 1 }, 1), MOCO_EINVALID);
    EXPECT_EQ(moco_image_load(nullptr, { 0, 0, 1, 1 }, 1), MOCO_EINVALID);
}

// Damage anywhere in a file is damage to each of its parts.
TEST_F(JpegPart, FailsWhereTheWholeFails)
{
    for (int round = 0; round < 300; ++round) {
        synth_image image = shape();
        const Bytes file = file_of(image);
        Bytes cut(file.begin(), file.begin() + random(static_cast<std::int32_t>(file.size())));
        expect_same(cut, random_box(image.width, image.height), "cut");
    }
}

TEST_F(JpegPart, TakesDamagedDataAsTheWholeDoes)
{
    for (int round = 0; round < 600; ++round) {
        synth_image image = shape();
        Bytes file = file_of(image);
        for (int i = 0; i < 3; ++i) {
            file[600 % file.size() + static_cast<std::size_t>(random(static_cast<std::int32_t>(file.size()))) %
                                         (file.size() - 600 % file.size())] = static_cast<std::uint8_t>(random(256));
        }
        expect_same(file, random_box(image.width, image.height), "changed");
    }
}

TEST_F(JpegPart, ErrorsOfALazyImageNameTheFile)
{
    const Bytes file = file_of(synth_photo(5, 4, 1));
    ASSERT_EQ(moco_image_decode(lazy_.get(), file.data(), file.size() / 2, "holiday.jpg"), MOCO_OK);
    EXPECT_EQ(moco_image_pixels(lazy_.get()), nullptr);
    EXPECT_EQ(moco_image_grayscale(lazy_.get()), MOCO_EFORMAT);
    EXPECT_STREQ(moco_error_message(), "holiday.jpg: the JPEG file is truncated");
    EXPECT_EQ(moco_image_resized_crop(part_.get(), lazy_.get(), { 0, 0, 8, 8 }, 4, 4), MOCO_EFORMAT);
    EXPECT_EQ(moco_image_load(lazy_.get(), { 0, 0, 8, 8 }, 1), MOCO_EFORMAT);
}

} // namespace
