// Tests how far the pixels of fast augmentation are from the exact ones, for the same draws.
#include "support/all_tests.hpp"
#include "unit/image/fast_fixture.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

using namespace fast_test;

namespace {

struct Sum {
    double sum = 0;
    double largest = 0;
    std::size_t count = 0;

    void add(double value)
    {
        sum += value;
        largest = std::max(largest, value);
        ++count;
    }
    [[nodiscard]] double mean() const { return sum / static_cast<double>(count); }
};

TEST_F(Fast, IsNearTheExactPixels)
{
    Sum all[3];
    const moco_augment_policy policies[3] = { crops(224), preset("v1", 224), preset("v2", 224) };
    const std::uint64_t photos = moco_test::all_tests() ? 200 : 50;
    for (std::uint64_t i = 0; i < photos; ++i) {
        read(jpeg_of(synth_photo(11, i, static_cast<int>(i % 10))));
        for (std::size_t p = 0; p < 3; ++p) {
            for (std::uint32_t view = 0; view < 2; ++view) {
                all[p].add(difference(policies[p], { 5, 0, i, view }));
            }
        }
    }
    const char *const names[3] = { "crop", "v1", "v2" };
    for (std::size_t p = 0; p < 3; ++p) {
        RecordProperty(std::string(names[p]) + "_mean", std::to_string(all[p].mean()));
        std::printf("%s: %.3f levels, at most %.3f in a view\n", names[p], all[p].mean(), all[p].largest);
    }
    EXPECT_LT(all[0].mean(), 1.5);
    EXPECT_LT(all[0].largest, 4.0);
    EXPECT_LT(all[1].mean(), 10.0);
    EXPECT_LT(all[2].mean(), 7.0);
}

// One operation at a time, so that a wrong sign or angle is found.
TEST_F(Fast, EachOperationIsNearTheExactOne)
{
    struct Case {
        const char *name;
        moco_augment_op op;
        double bound;
    };
    const Case cases[] = {
        { "brightness", { MOCO_COLOR_JITTER, 1, { 0.3, 0, 0, 0 } }, 2.5 },
        { "contrast", { MOCO_COLOR_JITTER, 1, { 0, 0.3, 0, 0 } }, 2.0 },
        { "saturation", { MOCO_COLOR_JITTER, 1, { 0, 0, 0.4, 0 } }, 2.0 },
        { "hue", { MOCO_COLOR_JITTER, 1, { 0, 0, 0, 0.1 } }, 10.0 },
        { "grey", { MOCO_RANDOM_GRAYSCALE, 1, {} }, 1.5 },
        { "narrow blur", { MOCO_GAUSSIAN_BLUR, 1, { 0.2, 0.8 } }, 1.5 },
        { "blur", { MOCO_GAUSSIAN_BLUR, 1, { 0.8, 3.5 } }, 1.5 },
        { "wide blur", { MOCO_GAUSSIAN_BLUR, 1, { 4, 12 } }, 1.5 },
        { "flip", { MOCO_RANDOM_HFLIP, 1, {} }, 1.5 },
    };
    moco_augment_policy policy = crops(96);
    policy.count = 2;
    Sum sums[std::size(cases)];
    for (std::uint64_t i = 0; i < 20; ++i) {
        read(jpeg_of(synth_photo(12, i, static_cast<int>(i % 10))));
        for (std::size_t j = 0; j < std::size(cases); ++j) {
            policy.ops[1] = cases[j].op;
            sums[j].add(difference(policy, { 6, 0, i, 0 }));
        }
    }
    for (std::size_t j = 0; j < std::size(cases); ++j) {
        std::printf("%s: %.3f levels\n", cases[j].name, sums[j].mean());
        EXPECT_LT(sums[j].mean(), cases[j].bound) << cases[j].name;
    }
}

// Every form of a file, and sizes that are not a multiple of a block.
TEST_F(Fast, TakesEveryFormOfFile)
{
    for (int subsampling = 0; subsampling < 3; ++subsampling) {
        for (int form = 0; form < 8; ++form) {
            for (const int size : { 1, 7, 33, 250, 900 }) {
                synth_image image = synth_photo(13, static_cast<std::uint64_t>(form), form);
                image.subsampling = subsampling;
                image.progressive = form & 1;
                image.grey = form >> 1 & 1;
                image.restart = form >> 2 & 1;
                image.width = size;
                image.height = (size * 2 + 2) / 3;
                image.grain = 2;
                read(jpeg_of(image));
                for (const std::int32_t out : { 31, 64 }) {
                    EXPECT_LT(difference(crops(out), { 7, 0, 1, 0 }), 5.0)
                        << "subsampling " << subsampling << " form " << form << " size " << size << " to " << out;
                }
            }
        }
    }
}

// Adds a comment at the end, so that the file is decoded completely; others are decoded in part.
std::string commented(const std::string &file)
{
    return file.substr(0, file.size() - 2) + std::string("\xFF\xFE\0\4hi", 6) + file.substr(file.size() - 2);
}

TEST_F(Fast, DecodesPartsAsTheCompleteFile)
{
    const moco_augment_policy policy = crops(64);
    Views other(true);
    for (std::uint64_t i = 0; i < 120; ++i) {
        synth_image image = synth_photo(16, i, static_cast<int>(i % 10));
        image.subsampling = static_cast<int>(i % 3);
        image.grey = i % 7 == 0;
        image.restart = static_cast<int>(i % 5);
        image.quality = 20 + static_cast<int>(i * 13 % 81);
        image.width = 1 + static_cast<int>(i * 37 % 301);
        image.height = 1 + static_cast<int>(i * 53 % 257);
        const std::string file = jpeg_of(image);
        const std::string complete = commented(file);
        read(file);
        ASSERT_EQ(moco_image_decode(other.source(), complete.data(), complete.size(), "commented"), MOCO_OK);
        const auto partly = fast_.make(policy, { 8, 0, i, 0 });
        const auto completely = other.make(policy, { 8, 0, i, 0 });
        float largest = 0;
        for (std::size_t k = 0; k < partly.size(); ++k) {
            largest = std::max(largest, std::fabs(partly[k] - completely[k]));
        }
        EXPECT_LT(largest, 4.0F) << "file " << i; // a level of luma and one of each chroma
    }
}

TEST_F(Fast, TakesPixelsAndPlanes)
{
    std::vector<std::uint8_t> pixels(std::size_t{ 3 } * 40 * 30);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        pixels[i] = static_cast<std::uint8_t>(i * 37 / 50);
    }
    const moco_augment_policy policy = preset("cifar", 20);
    for (std::uint64_t i = 0; i < 20; ++i) {
        ASSERT_EQ(moco_image_set(exact_.source(), MOCO_FRAME_GREY, 40, 30, 0, pixels.data()), MOCO_OK);
        ASSERT_EQ(moco_image_set(fast_.source(), MOCO_FRAME_GREY, 40, 30, 0, pixels.data()), MOCO_OK);
        EXPECT_LT(difference(crops(20), { 1, 0, i, 0 }), 0.6) << "grey";
        EXPECT_LT(difference(policy, { 1, 0, i, 0 }), 12.0) << "grey";
        ASSERT_EQ(moco_image_set(exact_.source(), MOCO_FRAME_PLANAR, 40, 30, 0, pixels.data()), MOCO_OK);
        ASSERT_EQ(moco_image_set(fast_.source(), MOCO_FRAME_PLANAR, 40, 30, 0, pixels.data()), MOCO_OK);
        EXPECT_LT(difference(crops(20), { 1, 0, i, 0 }), 1.5) << "planes";
    }
}

// A fast image between two exact ones, and operations that have no fast form.
TEST_F(Fast, GoesBackToPixels)
{
    const Image exact = make_image(false);
    const Image fast = make_image(true);
    read(jpeg_of(synth_photo(14, 0, 0)));
    ASSERT_EQ(moco_image_resized_crop(exact.get(), exact_.source(), { 10, 20, 100, 90 }, 50, 60), MOCO_OK);
    ASSERT_EQ(moco_image_resized_crop(fast.get(), exact_.source(), { 10, 20, 100, 90 }, 50, 60), MOCO_OK);
    ASSERT_EQ(moco_image_hflip(exact.get()), MOCO_OK);
    ASSERT_EQ(moco_image_hflip(fast.get()), MOCO_OK);
    const std::uint8_t *a = moco_image_pixels(exact.get());
    const std::uint8_t *b = moco_image_pixels(fast.get());
    double sum = 0;
    for (std::size_t i = 0; i < 9000; ++i) {
        sum += std::abs(a[i] - b[i]);
    }
    EXPECT_LT(sum / 9000, 1.5);
    const Image small = make_image(true);
    ASSERT_EQ(moco_image_crop(small.get(), fast.get(), { 1, 2, 8, 9 }), MOCO_OK);
    EXPECT_EQ(std::memcmp(moco_image_pixels(small.get()), moco_image_pixels(fast.get()) + (60 + 2) * 3, 27), 0);
    // A flip that is only noted, and a crop after it.
    ASSERT_EQ(moco_image_hflip(fast.get()), MOCO_OK);
    const Image twice = make_image(true);
    ASSERT_EQ(moco_image_resized_crop(twice.get(), fast.get(), { 0, 0, 50, 30 }, 50, 30), MOCO_OK);
    const std::uint8_t *c = moco_image_pixels(twice.get());
    const std::uint8_t *d = moco_image_pixels(fast.get());
    for (std::size_t y = 0; y < 50; ++y) {
        for (std::size_t i = 0; i < 90; ++i) {
            ASSERT_NEAR(c[y * 90 + i], d[y * 180 + i], 2) << y << " " << i;
        }
    }
}

} // namespace
