// Tests pixel operations on odd sizes against Pillow and torchvision, and the image handle.
#include "unit/image/golden_images.hpp"

#include <moco.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

using golden_test::crc_of;
using golden_test::folder;

namespace {

std::vector<std::uint8_t> formula(int width, int height)
{
    std::vector<std::uint8_t> pixels;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (int c = 0; c < 3; ++c) {
                pixels.push_back(static_cast<std::uint8_t>((x * 7 + y * 13 + c * 29) ^ (x * y)));
            }
        }
    }
    return pixels;
}

std::uint32_t colour_at(const moco_image *image, int x, int y)
{
    const std::uint8_t *p =
        moco_image_pixels(image) + (static_cast<std::ptrdiff_t>(y) * moco_image_width(image) + x) * 3;
    return static_cast<std::uint32_t>(p[0]) << 16U | static_cast<std::uint32_t>(p[1]) << 8U | p[2];
}

class ImageHandle : public testing::Test {
  protected:
    void SetUp() override
    {
        live_ = moco_live_handles();
        ASSERT_EQ(moco_image_create(&image_), MOCO_OK);
        ASSERT_EQ(moco_image_create(&other_), MOCO_OK);
    }
    void TearDown() override
    {
        moco_image_free(image_);
        moco_image_free(other_);
        EXPECT_EQ(moco_live_handles(), live_);
    }
    void set(int width, int height)
    {
        ASSERT_EQ(moco_image_set(image_, MOCO_FRAME_RGB, width, height, 0, formula(width, height).data()), MOCO_OK);
    }
    // Runs one line of operations.txt; the result is in image_.
    moco_status run(const std::string &name, const std::vector<double> &a)
    {
        const auto box = [&a](std::size_t i) { return static_cast<std::int32_t>(a[i]); };
        moco_status status = MOCO_EINVALID;
        if (name == "resized_crop") {
            status = moco_image_resized_crop(other_, image_, { box(0), box(1), box(2), box(3) }, box(4), box(5));
            std::swap(image_, other_);
        } else if (name == "crop") {
            status = moco_image_crop(other_, image_, { box(0), box(1), box(2), box(3) });
            std::swap(image_, other_);
        } else if (name == "brightness") {
            status = moco_image_adjust(image_, MOCO_BRIGHTNESS, a[0]);
        } else if (name == "contrast") {
            status = moco_image_adjust(image_, MOCO_CONTRAST, a[0]);
        } else if (name == "saturation") {
            status = moco_image_adjust(image_, MOCO_SATURATION, a[0]);
        } else if (name == "hue") {
            status = moco_image_adjust(image_, MOCO_HUE, a[0]);
        } else if (name == "gaussian_blur") {
            status = moco_image_gaussian_blur(image_, a[0]);
        } else if (name == "grayscale") {
            status = moco_image_grayscale(image_);
        } else if (name == "hflip") {
            status = moco_image_hflip(image_);
        }
        return status;
    }

    moco_image *image_ = nullptr;
    moco_image *other_ = nullptr;
    std::size_t live_ = 0;
};

TEST_F(ImageHandle, OperationsOnOddSizesEqualPil)
{
    std::ifstream table(folder / "operations.txt");
    int lines = 0;
    for (std::string line; std::getline(table, line);) {
        if (line.empty() || line[0] == '#') {
            continue;
        }
        std::istringstream fields(line);
        int width = 0;
        int height = 0;
        std::string name;
        fields >> width >> height >> name;
        std::vector<double> numbers;
        for (std::string number; fields >> number;) {
            numbers.push_back(std::stod(number));
        }
        const auto crc = static_cast<unsigned long>(numbers.back());
        numbers.pop_back();
        set(width, height);
        ASSERT_EQ(run(name, numbers), MOCO_OK) << line << ": " << moco_error_message();
        EXPECT_EQ(crc_of(image_), crc) << line;
        ++lines;
    }
    EXPECT_GT(lines, 250);
}

TEST_F(ImageHandle, NormalizeFollowsTorchvisionsFloatOperations)
{
    const double mean[3] = { 0.485, 0.456, 0.406 };
    const double std[3] = { 0.229, 0.224, 0.225 };
    set(19, 7);
    std::vector<float> planar(19 * 7 * 3);
    std::vector<float> interleaved(19 * 7 * 3);
    ASSERT_EQ(moco_image_store(planar.data(), MOCO_FLOAT32, image_, mean, std, MOCO_NCHW), MOCO_OK);
    ASSERT_EQ(moco_image_store(interleaved.data(), MOCO_FLOAT32, image_, mean, std, MOCO_NHWC), MOCO_OK);
    const std::uint8_t *pixels = moco_image_pixels(image_);
    for (std::size_t i = 0; i < 19 * 7; ++i) {
        for (std::size_t c = 0; c < 3; ++c) {
            const float unit = static_cast<float>(pixels[3 * i + c]) / 255.0F;
            const float value = (unit - static_cast<float>(mean[c])) / static_cast<float>(std[c]);
            EXPECT_EQ(planar[c * 19 * 7 + i], value);
            EXPECT_EQ(interleaved[3 * i + c], value);
        }
    }
    const double zero[3] = { 1, 0, 1 };
    EXPECT_EQ(moco_image_store(planar.data(), MOCO_FLOAT32, image_, mean, zero, MOCO_NCHW), MOCO_EINVALID);
}

TEST_F(ImageHandle, SetTakesGreyAndPlanes)
{
    const std::uint8_t grey[6] = { 0, 1, 2, 3, 4, 255 };
    ASSERT_EQ(moco_image_set(image_, MOCO_FRAME_GREY, 3, 2, 0, grey), MOCO_OK);
    EXPECT_EQ(colour_at(image_, 2, 1), 0xFFFFFFU);
    EXPECT_EQ(colour_at(image_, 1, 0), 0x010101U);
    const std::uint8_t planes[6] = { 1, 2, 3, 4, 5, 6 };
    ASSERT_EQ(moco_image_set(image_, MOCO_FRAME_PLANAR, 2, 1, 0, planes), MOCO_OK);
    EXPECT_EQ(colour_at(image_, 0, 0), 0x010305U);
    EXPECT_EQ(colour_at(image_, 1, 0), 0x020406U);
    const std::uint8_t apart[9] = { 1, 2, 0, 3, 4, 0, 5, 6, 0 }; // rows of two bytes, 3 bytes apart
    ASSERT_EQ(moco_image_set(image_, MOCO_FRAME_PLANAR, 2, 1, 3, apart), MOCO_OK);
    EXPECT_EQ(colour_at(image_, 1, 0), 0x020406U);
    EXPECT_EQ(moco_image_set(image_, MOCO_FRAME_RGB, 0, 1, 0, planes), MOCO_EINVALID);
    EXPECT_EQ(moco_image_set(image_, MOCO_FRAME_RGB, 2, -1, 0, planes), MOCO_EINVALID);
    EXPECT_EQ(moco_image_width(image_), 2) << "failures leave the image as it was";
}

TEST_F(ImageHandle, FramesComeInTheLayoutsOfCameras)
{
    const std::uint8_t bgr[10] = { 3, 2, 1, 6, 5, 4, 0xAA, 9, 8, 7 }; // two rows of one pixel, 7 bytes apart
    ASSERT_EQ(moco_image_set(image_, MOCO_FRAME_BGR, 1, 2, 7, bgr), MOCO_OK);
    EXPECT_EQ(colour_at(image_, 0, 0), 0x010203U);
    EXPECT_EQ(colour_at(image_, 0, 1), 0x070809U);
    const std::uint8_t rgba[8] = { 1, 2, 3, 0, 4, 5, 6, 255 };
    ASSERT_EQ(moco_image_set(image_, MOCO_FRAME_RGBA, 2, 1, 0, rgba), MOCO_OK);
    EXPECT_EQ(colour_at(image_, 0, 0), 0x010203U);
    EXPECT_EQ(colour_at(image_, 1, 0), 0x040506U);
    ASSERT_EQ(moco_image_set(image_, MOCO_FRAME_BGRA, 2, 1, 8, rgba), MOCO_OK);
    EXPECT_EQ(colour_at(image_, 1, 0), 0x060504U);
    ASSERT_EQ(moco_image_set(image_, MOCO_FRAME_GREY, 2, 2, 6, rgba), MOCO_OK);
    EXPECT_EQ(colour_at(image_, 1, 1), 0xFFFFFFU);
    // Limited range: luma 16 is black and 235 is white; V 240 is red.
    const std::uint8_t nv12[6] = { 16, 235, 16, 235, 128, 128 };
    ASSERT_EQ(moco_image_set(image_, MOCO_FRAME_NV12, 2, 2, 0, nv12), MOCO_OK);
    EXPECT_EQ(colour_at(image_, 0, 1), 0x000000U);
    EXPECT_EQ(colour_at(image_, 1, 1), 0xFFFFFFU);
    const std::uint8_t yuyv[4] = { 81, 90, 81, 240 };
    ASSERT_EQ(moco_image_set(image_, MOCO_FRAME_YUYV, 2, 1, 0, yuyv), MOCO_OK);
    EXPECT_GE(colour_at(image_, 0, 0), 0xFE0000U);
}

TEST_F(ImageHandle, FramesAreChecked)
{
    const std::uint8_t bytes[64] = {};
    set(2, 1);
    EXPECT_EQ(moco_image_set(image_, static_cast<moco_frame_format>(8), 2, 2, 0, bytes), MOCO_EINVALID);
    EXPECT_EQ(moco_image_set(image_, static_cast<moco_frame_format>(-1), 2, 2, 0, bytes), MOCO_EINVALID);
    EXPECT_EQ(moco_image_set(image_, MOCO_FRAME_NV12, 2, 3, 0, bytes), MOCO_EINVALID);
    EXPECT_EQ(moco_image_set(image_, MOCO_FRAME_YUYV, 3, 2, 0, bytes), MOCO_EINVALID);
    EXPECT_EQ(moco_image_set(image_, MOCO_FRAME_RGBA, 2, 2, 7, bytes), MOCO_EINVALID);
    EXPECT_EQ(moco_image_set(image_, MOCO_FRAME_RGB, 0, 2, 0, bytes), MOCO_EINVALID);
    EXPECT_EQ(moco_image_set(image_, MOCO_FRAME_RGB, 2, 2, SIZE_MAX - 7, bytes), MOCO_EINVALID);
    EXPECT_EQ(moco_image_set(image_, MOCO_FRAME_RGB, 1, 1, 0, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_image_width(image_), 2) << "failures leave the image as it was";
}

TEST_F(ImageHandle, BuffersAreKept)
{
    set(64, 48);
    ASSERT_EQ(moco_image_resized_crop(other_, image_, { 0, 0, 48, 64 }, 32, 32), MOCO_OK);
    const std::uint8_t *pixels = moco_image_pixels(other_);
    for (int size = 32; size > 0; size /= 2) {
        ASSERT_EQ(moco_image_resized_crop(other_, image_, { 1, 2, 30, 40 }, size, size), MOCO_OK);
        EXPECT_EQ(moco_image_pixels(other_), pixels);
    }
}

TEST_F(ImageHandle, BadArgumentsAreRefused)
{
    EXPECT_EQ(moco_image_resized_crop(other_, image_, { 0, 0, 1, 1 }, 8, 8), MOCO_EINVALID) << "an empty source";
    set(5, 4);
    EXPECT_EQ(moco_image_resized_crop(image_, image_, { 0, 0, 4, 5 }, 8, 8), MOCO_EINVALID);
    EXPECT_EQ(moco_image_resized_crop(other_, image_, { 0, 0, 4, 6 }, 8, 8), MOCO_EINVALID);
    EXPECT_EQ(moco_image_resized_crop(other_, image_, { -1, 0, 4, 5 }, 8, 8), MOCO_EINVALID);
    EXPECT_EQ(moco_image_resized_crop(other_, image_, { 0, 0, INT32_MAX, INT32_MAX }, 8, 8), MOCO_EINVALID);
    EXPECT_EQ(moco_image_resized_crop(other_, image_, { 0, 0, 4, 5 }, 0, 8), MOCO_EINVALID);
    EXPECT_EQ(moco_image_resized_crop(other_, image_, { 0, 0, 4, 5 }, INT32_MAX, INT32_MAX), MOCO_EINVALID);
    EXPECT_EQ(moco_image_crop(other_, image_, { 2, 0, 3, 5 }), MOCO_EINVALID);
    EXPECT_EQ(moco_image_adjust(image_, MOCO_HUE, 1e300), MOCO_EINVALID);
    EXPECT_STREQ(moco_error_message(), "moco_image_adjust: factor 1e+300 of MOCO_HUE is outside -0.5 to 0.5");
    EXPECT_EQ(moco_image_adjust(image_, MOCO_HUE, 0.51), MOCO_EINVALID);
    EXPECT_EQ(moco_image_adjust(image_, MOCO_HUE, std::nan("")), MOCO_EINVALID);
    EXPECT_EQ(moco_image_adjust(image_, MOCO_BRIGHTNESS, std::numeric_limits<double>::infinity()), MOCO_EINVALID);
    EXPECT_EQ(moco_image_gaussian_blur(image_, -1.0), MOCO_EINVALID);
    EXPECT_EQ(moco_image_gaussian_blur(image_, std::nan("")), MOCO_EINVALID);
    EXPECT_EQ(moco_image_adjust(image_, static_cast<moco_adjustment>(4), 1.0), MOCO_EINVALID);
    EXPECT_EQ(moco_image_adjust(nullptr, MOCO_BRIGHTNESS, 1.0), MOCO_EINVALID);
    EXPECT_NE(std::strlen(moco_error_message()), 0U);
    moco_image_free(nullptr);
}

TEST_F(ImageHandle, OperationsOnAnEmptyImageAreRefused)
{
    EXPECT_EQ(moco_image_width(image_), 0);
    for (const char *name : { "brightness", "contrast", "saturation", "hue", "gaussian_blur", "grayscale", "hflip" }) {
        EXPECT_EQ(run(name, { 0.25 }), MOCO_EINVALID) << name;
        EXPECT_TRUE(std::strstr(moco_error_message(), "empty") != nullptr) << moco_error_message();
    }
    float value = 7;
    const double one = 1;
    EXPECT_EQ(moco_image_store(&value, MOCO_FLOAT32, image_, &one, &one, MOCO_NCHW), MOCO_EINVALID);
    EXPECT_EQ(value, 7);
    EXPECT_EQ(moco_image_write_png(image_, "never-written.png"), MOCO_EINVALID);
}

TEST_F(ImageHandle, PasteZoomsAndIsCut)
{
    ASSERT_EQ(moco_image_fill(image_, 6, 5, 0), MOCO_OK);
    const std::uint8_t pixels[] = { 1, 1, 1, 2, 2, 2 };
    ASSERT_EQ(moco_image_set(other_, MOCO_FRAME_RGB, 2, 1, 0, pixels), MOCO_OK);
    ASSERT_EQ(moco_image_paste(image_, other_, -1, 3, 3), MOCO_OK);
    EXPECT_EQ(colour_at(image_, 1, 3), 0x010101U);
    EXPECT_EQ(colour_at(image_, 2, 4), 0x020202U);
    EXPECT_EQ(colour_at(image_, 4, 4), 0x020202U);
    EXPECT_EQ(colour_at(image_, 5, 4), 0U);
    EXPECT_EQ(colour_at(image_, 2, 2), 0U);
    EXPECT_EQ(moco_image_paste(image_, other_, INT32_MAX, INT32_MAX, INT32_MAX), MOCO_OK);
    EXPECT_EQ(moco_image_paste(image_, other_, INT32_MIN, INT32_MIN, 2), MOCO_OK);
    ASSERT_EQ(moco_image_paste(image_, other_, -INT32_MAX, 0, INT32_MAX), MOCO_OK) << "only what is seen takes memory";
    EXPECT_EQ(colour_at(image_, 0, 0), 0x020202U);
    EXPECT_EQ(colour_at(image_, 5, 4), 0x020202U);
    EXPECT_EQ(moco_image_paste(image_, other_, 0, 0, 0), MOCO_EINVALID);
    EXPECT_EQ(moco_image_paste(image_, image_, 0, 0, 1), MOCO_EINVALID);
}

TEST_F(ImageHandle, EncodesJpeg)
{
    // A smooth picture of any size comes back nearly the same, and the higher the quality, the closer.
    for (const auto &[width, height] : { std::pair(97, 61), std::pair(1, 1), std::pair(16, 300) }) {
        std::vector<std::uint8_t> pixels;
        for (int i = 0; i < width * height; ++i) {
            const int x = i % width;
            const int y = i / width;
            for (const int value : { x + y, 200 - y / 2, 100 + x / 2 }) {
                pixels.push_back(static_cast<std::uint8_t>(std::min(value, 255)));
            }
        }
        std::size_t sizes[2];
        for (const int quality : { 30, 95 }) {
            const std::uint8_t *bytes = nullptr;
            std::size_t count = 0;
            ASSERT_EQ(moco_image_set(image_, MOCO_FRAME_RGB, width, height, 0, pixels.data()), MOCO_OK);
            ASSERT_EQ(moco_image_encode_jpeg(&bytes, &count, image_, quality), MOCO_OK) << moco_error_message();
            ASSERT_EQ(moco_image_decode(other_, bytes, count, "encoded"), MOCO_OK) << moco_error_message();
            ASSERT_EQ(moco_image_width(other_), width);
            ASSERT_EQ(moco_image_height(other_), height);
            double error = 0;
            for (std::size_t i = 0; i < pixels.size(); ++i) {
                error += std::abs(moco_image_pixels(other_)[i] - pixels[i]);
            }
            EXPECT_LT(error / static_cast<double>(pixels.size()), quality > 90 ? 1.5 : 6);
            EXPECT_EQ(std::memcmp(moco_image_pixels(image_), pixels.data(), pixels.size()), 0) << "the image stays";
            sizes[quality > 90] = count;
        }
        EXPECT_LE(sizes[0], sizes[1]);
    }
    const std::uint8_t *bytes = nullptr;
    std::size_t count = 0;
    EXPECT_EQ(moco_image_encode_jpeg(&bytes, &count, image_, 0), MOCO_EINVALID);
    EXPECT_EQ(moco_image_encode_jpeg(&bytes, &count, image_, 101), MOCO_EINVALID);
    moco_image *empty = nullptr;
    ASSERT_EQ(moco_image_create(&empty), MOCO_OK);
    EXPECT_EQ(moco_image_encode_jpeg(&bytes, &count, empty, 90), MOCO_EINVALID);
    moco_image_free(empty);
    ASSERT_EQ(moco_image_fill(image_, 65501, 1, 0), MOCO_OK);
    EXPECT_EQ(moco_image_encode_jpeg(&bytes, &count, image_, 90), MOCO_EINVALID);
    EXPECT_EQ(bytes, nullptr);
}

} // namespace
