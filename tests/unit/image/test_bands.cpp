// Tests images of other channels than 8-bit RGB. Expected numbers of resizing and colours are those of torchvision on
// tensors of floats; tests/data/make_bands.py makes the files, and value() repeats its formula.
#include "support/tests_folder.hpp"

#include <moco.h>

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace {

constexpr int rows = 10;
constexpr int columns = 12;

int value(int band, int y, int x)
{
    return 9000 * band + 70 * x * y + 50 * x * x + 3;
}

std::string file(const std::string &name)
{
    return moco_test::tests_folder() + "/data/bands/" + name;
}

class Bands : public testing::Test {
  protected:
    void SetUp() override
    {
        ASSERT_EQ(moco_image_create(&image), MOCO_OK);
        ASSERT_EQ(moco_image_create(&other), MOCO_OK);
    }
    void TearDown() override
    {
        moco_image_free(image);
        moco_image_free(other);
    }
    // Reads a file as a number of channels.
    moco_status read(const std::string &name, int channels) const
    {
        moco_image_set_channels(image, channels);
        return moco_image_read(image, file(name).c_str());
    }
    // Compares all values with those of the formula, from a band on, changed by a function.
    template <typename F> void expect(const std::string &name, int channels, int first, F f, float near = 0) const
    {
        ASSERT_EQ(read(name, channels), MOCO_OK) << moco_error_message();
        ASSERT_EQ(moco_image_channels(image), channels) << name;
        ASSERT_EQ(moco_image_width(image), columns) << name;
        ASSERT_EQ(moco_image_height(image), rows) << name;
        const float *at = moco_image_bands(image);
        ASSERT_NE(at, nullptr) << name;
        for (int b = 0; b < channels; ++b) {
            for (int y = 0; y < rows; ++y) {
                for (int x = 0; x < columns; ++x, ++at) {
                    const double wanted = f(value(first + b, y, x));
                    ASSERT_NEAR(*at, static_cast<float>(wanted), near) << name << ": " << b << ", " << y << ", " << x;
                }
            }
        }
    }
    // Sets the three bands of which torchvision's numbers are known.
    void set_colours(float add) const
    {
        std::vector<float> values(3 * rows * columns);
        const int order[3] = { 2, 0, 1 };
        for (int c = 0; c < 3; ++c) {
            for (int i = 0; i < rows * columns; ++i) {
                const int x = i % columns;
                const double factor = c == 2 ? (x % 3) / 2.0 : 1;
                values[c * rows * columns + i] =
                    static_cast<float>(value(order[c], i / columns, x) / 65535.0 * factor) + add;
            }
        }
        ASSERT_EQ(moco_image_set_bands(image, columns, rows, 3, values.data()), MOCO_OK);
    }
    void expect_colours(const std::vector<double> &wanted, float less = 0) const
    {
        const float *at = moco_image_bands(image);
        for (int c = 0; c < 3; ++c) {
            for (int i = 0; i < 3; ++i) {
                EXPECT_NEAR(at[(c * rows + 4) * columns + 5 * i] - less, wanted[3 * c + i], 2e-6) << c << ", " << i;
            }
        }
    }

    moco_image *image = nullptr;
    moco_image *other = nullptr;
};

double word(int v)
{
    return v / 65535.0;
}

double byte(int v)
{
    return (v >> 8) / 255.0;
}

TEST_F(Bands, OfEveryKindOfFile)
{
    for (const char *name : { "contig.tif", "planar.tif", "big_endian.tif", "tiles.tif", "pages.tif", "last_u2.npy",
                              "first_u2.npy", "big_endian_u2.npy" }) {
        expect(name, 5, 0, word);
    }
    expect("reals.tif", 5, 0, [](int v) { return v - 20000.0; });
    expect("signed.tif", 5, 0, [](int v) { return v - 20000.0; });
    expect("halves.tif", 5, 0, word, 4e-4F);
    expect("half_f2.npy", 5, 0, word, 4e-4F);
    expect("columns_f8.npy", 5, 0, [](int v) { return v; });
    expect("first_f4.npy", 5, 0, [](int v) { return v; });
    expect("grey16.png", 1, 1, word);
    expect("grey8.png", 1, 1, byte);
    expect("grey_u1.npy", 1, 1, byte);
    expect("rgba8.png", 4, 0, byte);
    expect("la8.png", 2, 1, byte);
}

TEST_F(Bands, BecomeGreyOrThree)
{
    expect("la8.png", 1, 1, byte); // without alpha
    expect(
        "grey_u1.npy", 3, 1, [](int) { return 0; }, 1); // .npy files are bands of 3 channels too
    const float *bands = moco_image_bands(image);
    EXPECT_EQ(bands[7], bands[7 + rows * columns]);
    expect("colours.tif", 3, 0, [](int v) { return v; }); // floats, which Pillow does not read as RGB
    for (const char *name : { "rgb8.png", "rgba8.png" }) {
        ASSERT_EQ(read(name, 3), MOCO_OK);
        ASSERT_NE(moco_image_pixels(image), nullptr) << name; // 8-bit RGB as ever
        const std::vector<uint8_t> rgb(moco_image_pixels(image), moco_image_pixels(image) + 3 * rows * columns);
        ASSERT_EQ(read(name, 1), MOCO_OK);
        for (int i = 0; i < rows * columns; ++i) {
            const unsigned grey =
                (rgb[3 * i] * 19595U + rgb[3 * i + 1] * 38470U + rgb[3 * i + 2] * 7471U + 32768) >> 16U;
            EXPECT_EQ(moco_image_bands(image)[i], static_cast<float>(grey / 255.0));
        }
    }
}

TEST_F(Bands, ThatDoNotFitAreRefused)
{
    EXPECT_EQ(read("contig.tif", 4), MOCO_EFORMAT);
    EXPECT_STREQ(moco_error_message(),
                 (file("contig.tif") +
                  ": has 5 bands, but 4 channels are asked for; give images of 4 bands, or train a "
                  "network with channels 5")
                     .c_str());
    EXPECT_EQ(read("pages.tif", 1), MOCO_EFORMAT);
    EXPECT_EQ(read("contig.tif", 3), MOCO_EFORMAT);
    EXPECT_EQ(read("grey16.png", 2), MOCO_EFORMAT);
    EXPECT_EQ(read("rgba8.png", 5), MOCO_EFORMAT);
    EXPECT_EQ(read("first_u2.npy", 7), MOCO_EFORMAT);
    EXPECT_NE(std::string(moco_error_message()).find("(shape 5 x 10 x 12)"), std::string::npos) << moco_error_message();
    EXPECT_EQ(read("nan_f4.npy", 1), MOCO_EFORMAT);
    EXPECT_NE(std::string(moco_error_message()).find("row 0, column 0"), std::string::npos) << moco_error_message();
    EXPECT_EQ(read("complex.npy", 1), MOCO_EFORMAT);
    EXPECT_NE(std::string(moco_error_message()).find("'<c8'"), std::string::npos) << moco_error_message();
    EXPECT_EQ(moco_image_width(image), 0);
    moco_image_set_channels(image, 5);
    const uint8_t grey[4] = { 0, 1, 2, 3 };
    EXPECT_EQ(moco_image_set(image, MOCO_FRAME_GREY, 2, 2, 0, grey), MOCO_EFORMAT);
    EXPECT_EQ(moco_image_set(image, MOCO_FRAME_YUYV, 2, 1, 0, grey), MOCO_EFORMAT);
    const float infinite = INFINITY;
    EXPECT_EQ(moco_image_set_bands(image, 1, 1, 1, &infinite), MOCO_EINVALID);
    EXPECT_EQ(moco_image_width(image), 0);
}

TEST_F(Bands, AreReadFromTruncatedFilesNever)
{
    for (const char *name : { "contig.tif", "pages.tif", "tiles.tif", "grey16.png", "last_u2.npy" }) {
        FILE *stream = std::fopen(file(name).c_str(), "rb");
        ASSERT_NE(stream, nullptr);
        std::vector<uint8_t> bytes(8192);
        bytes.resize(std::fread(bytes.data(), 1, bytes.size(), stream));
        (void)std::fclose(stream);
        moco_image_set_channels(image, std::string(name) == "grey16.png" ? 1 : 5);
        ASSERT_EQ(moco_image_decode(image, bytes.data(), bytes.size(), name), MOCO_OK) << moco_error_message();
        for (size_t count = 0; count + 1 < bytes.size(); count += 1 + count / 16) {
            moco_image_clear(image);
            const moco_status status = moco_image_decode(image, bytes.data(), count, name);
            EXPECT_TRUE(status == MOCO_EFORMAT || moco_image_width(image) > 0) << name << ": " << count;
        }
    }
}

TEST_F(Bands, ResizeAsTensorsDo)
{
    const double small[] = { 0.148152, 0.2157701, 0.1574906, 0.2460496, 0.1668291, 0.276329 };
    const double large[] = { 0.142565,  0.1533637, 0.171252,  0.1958308, 0.2243534, 0.145381,  0.1588874, 0.1797,
                             0.207203,  0.2384333, 0.1484883, 0.1649825, 0.1890218, 0.2197517, 0.2539698, 0.1515956,
                             0.1710775, 0.1983437, 0.2323004, 0.2695062, 0.1547029, 0.1771726, 0.2076656, 0.244849,
                             0.2850427, 0.1575189, 0.1826963, 0.2161135, 0.2562213, 0.2991226 };
    const moco_box box = { 1, 2, 8, 9 };
    ASSERT_EQ(read("contig.tif", 5), MOCO_OK);
    ASSERT_EQ(moco_image_resized_crop(other, image, box, 5, 4), MOCO_OK);
    for (int i = 0; i < 6; ++i) {
        EXPECT_NEAR(moco_image_bands(other)[5 * 4 + i / 2 * 2 * 4 + i % 2 * 3], small[i], 1e-6);
    }
    ASSERT_EQ(moco_image_resized_crop(other, image, box, 11, 13), MOCO_OK);
    for (int i = 0; i < 30; ++i) {
        EXPECT_NEAR(moco_image_bands(other)[11 * 13 + i / 5 * 2 * 13 + i % 5 * 3], large[i], 1e-6);
    }
    ASSERT_EQ(moco_image_crop(other, image, box), MOCO_OK);
    EXPECT_EQ(moco_image_bands(other)[2 * 72 + 3 * 9 + 4], static_cast<float>(word(value(2, 4, 6))));
    ASSERT_EQ(moco_image_hflip(other), MOCO_OK);
    EXPECT_EQ(moco_image_bands(other)[2 * 72 + 3 * 9 + 4], static_cast<float>(word(value(2, 4, 6))));
    EXPECT_EQ(moco_image_bands(other)[2 * 72 + 3 * 9], static_cast<float>(word(value(2, 4, 10))));
}

TEST_F(Bands, OfThreeChangeColoursAsTensorsDo)
{
    set_colours(0);
    ASSERT_EQ(moco_image_adjust(image, MOCO_SATURATION, 0.6), MOCO_OK);
    expect_colours({ 0.19768, 0.244379, 0.317114, 0.032882, 0.079582, 0.152316, 0.032855, 0.16198, 0.157796 });
    set_colours(0);
    ASSERT_EQ(moco_image_adjust(image, MOCO_BRIGHTNESS, 1.4), MOCO_OK);
    expect_colours({ 0.384591, 0.441202, 0.55122, 6.4e-05, 0.056675, 0.166693, 0, 0.248939, 0.179478 });
    set_colours(0);
    ASSERT_EQ(moco_image_adjust(image, MOCO_HUE, 0.2), MOCO_OK);
    expect_colours({ 0.219721, 0.315145, 0.347929, 0.274708, 0.232746, 0.393729, 0.0, 0.040482, 0.119066 });
    set_colours(-3); // hue needs no range
    ASSERT_EQ(moco_image_adjust(image, MOCO_HUE, -0.4), MOCO_OK);
    expect_colours({ 0.0, 0.040482, 0.119066, 0.109837, 0.287678, 0.238064, 0.274708, 0.315145, 0.393729 }, -3);
}

TEST_F(Bands, OfOtherNumbersChangeWithoutColours)
{
    const float values[] = { 1, 3, 5, 7, /**/ -10, 10, -10, 10 };
    const float brighter[] = { 2, 6, 10, 14, -20, 20, -20, 20 };
    const float flatter[] = { 2.5F, 3.5F, 4.5F, 5.5F, -5, 5, -5, 5 }; // to the mean of each band
    const float grey[] = { -4.5F, 6.5F, -2.5F, 8.5F, -4.5F, 6.5F, -2.5F, 8.5F };
    const auto is = [this](const float *wanted) {
        return std::vector<float>(wanted, wanted + 8) ==
               std::vector<float>(moco_image_bands(image), moco_image_bands(image) + 8);
    };
    const auto set = [&] { ASSERT_EQ(moco_image_set_bands(image, 2, 2, 2, values), MOCO_OK); };
    set();
    ASSERT_EQ(moco_image_adjust(image, MOCO_SATURATION, 0), MOCO_OK);
    ASSERT_EQ(moco_image_adjust(image, MOCO_HUE, 0.4), MOCO_OK);
    EXPECT_TRUE(is(values));
    ASSERT_EQ(moco_image_adjust(image, MOCO_BRIGHTNESS, 2), MOCO_OK);
    EXPECT_TRUE(is(brighter)); // values of floats are not cut
    set();
    ASSERT_EQ(moco_image_adjust(image, MOCO_CONTRAST, 0.5), MOCO_OK);
    EXPECT_TRUE(is(flatter));
    set();
    ASSERT_EQ(moco_image_grayscale(image), MOCO_OK);
    EXPECT_TRUE(is(grey));
    ASSERT_EQ(read("contig.tif", 5), MOCO_OK);
    ASSERT_EQ(moco_image_adjust(image, MOCO_BRIGHTNESS, 4), MOCO_OK);
    EXPECT_EQ(moco_image_bands(image)[4 * rows * columns + 5], 1); // values of whole numbers are
}

TEST_F(Bands, AreBlurredByAGaussian)
{
    std::vector<float> values(9 * 9, 0);
    values[4 * 9 + 4] = 1000;
    ASSERT_EQ(moco_image_set_bands(image, 9, 9, 1, values.data()), MOCO_OK);
    ASSERT_EQ(moco_image_gaussian_blur(image, 0.8), MOCO_OK);
    double sum = 0;
    for (int i = -4; i <= 4; ++i) {
        sum += std::exp(-i * i / (2 * 0.8 * 0.8));
    }
    const float *blurred = moco_image_bands(image);
    EXPECT_NEAR(blurred[4 * 9 + 4], 1000 / (sum * sum), 0.01);
    EXPECT_NEAR(blurred[4 * 9 + 5], 1000 / (sum * sum) * std::exp(-1 / (2 * 0.8 * 0.8)), 0.01);
    EXPECT_NEAR(blurred[3 * 9 + 6], 1000 / (sum * sum) * std::exp(-5 / (2 * 0.8 * 0.8)), 0.01);
}

TEST_F(Bands, AreStoredNormalised)
{
    const float values[] = { 1, 3, 5, 7, -10, 10, -10, 10 };
    const double mean[] = { 1, 2 };
    const double std[] = { 2, 4 };
    float planes[8];
    float pixels[8];
    uint16_t halves[8];
    ASSERT_EQ(moco_image_set_bands(image, 2, 2, 2, values), MOCO_OK);
    ASSERT_EQ(moco_image_store(planes, MOCO_FLOAT32, image, mean, std, MOCO_NCHW), MOCO_OK);
    ASSERT_EQ(moco_image_store(pixels, MOCO_FLOAT32, image, mean, std, MOCO_NHWC), MOCO_OK);
    ASSERT_EQ(moco_image_store(halves, MOCO_BFLOAT16, image, mean, std, MOCO_NCHW), MOCO_OK);
    EXPECT_EQ(std::vector<float>(planes, planes + 8), (std::vector<float>{ 0, 1, 2, 3, -3, 2, -3, 2 }));
    EXPECT_EQ(std::vector<float>(pixels, pixels + 8), (std::vector<float>{ 0, -3, 1, 2, 2, -3, 3, 2 }));
    EXPECT_EQ(halves[3], 0x4040);
    EXPECT_EQ(halves[4], 0xC040);
}

TEST_F(Bands, AreShownAndPasted)
{
    std::vector<float> values(2 * 200);
    for (size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>(i);
    }
    ASSERT_EQ(moco_image_set_bands(image, 20, 10, 2, values.data()), MOCO_OK);
    EXPECT_EQ(moco_image_write_png(image, "/nowhere.png"), MOCO_EINVALID);
    ASSERT_EQ(moco_image_show(other, image, nullptr), MOCO_OK);
    const uint8_t *shown = moco_image_pixels(other);
    EXPECT_EQ(shown[0], 0); // the lowest hundredth is black
    EXPECT_EQ(shown[3 * 199], 255);
    EXPECT_EQ(shown[3 * 100], shown[3 * 100 + 2]);
    EXPECT_NEAR(shown[3 * 100], 128, 1);
    moco_image *canvas = nullptr;
    ASSERT_EQ(moco_image_create(&canvas), MOCO_OK);
    const std::vector<float> below(4 * 4 * 2, -1.0F);
    ASSERT_EQ(moco_image_set_bands(canvas, 4, 4, 2, below.data()), MOCO_OK);
    EXPECT_EQ(moco_image_paste(canvas, other, 0, 0, 1), MOCO_EINVALID); // a picture
    ASSERT_EQ(moco_image_paste(canvas, image, 2, 3, 1), MOCO_OK);
    EXPECT_EQ(moco_image_bands(canvas)[15], 1);
    EXPECT_EQ(moco_image_bands(canvas)[16 + 15], 201);
    EXPECT_EQ(moco_image_bands(canvas)[0], -1);
    moco_image_free(canvas);
}

} // namespace
