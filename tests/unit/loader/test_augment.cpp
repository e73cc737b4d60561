// Tests augmentations: statistics of crops, frequencies and ranges of each operation, geometry, keys.
#include "unit/loader/augment_fixture.hpp"

#include <cmath>
#include <cstring>
#include <set>
#include <string>

extern "C" {
#include "loader/augment_internal.h"
}

using namespace augment_test;

namespace {

// ---- RandomResizedCrop ----

struct Statistics {
    double area = 0, log_ratio = 0, top = 0, left = 0, full_height = 0;
};

Statistics crop_statistics(int32_t width, int32_t height, double low, double high)
{
    const double scale[2] = { low, high };
    const double ratio[2] = { 3.0 / 4.0, 4.0 / 3.0 };
    const int n = 20000;
    Statistics sum;
    for (int i = 0; i < n; ++i) {
        moco__rng rng;
        moco__rng_start_view(&rng, 5, 0, static_cast<uint64_t>(i), 0);
        const moco_box box = moco__random_crop(&rng, width, height, scale, ratio);
        EXPECT_TRUE(box.top >= 0 && box.left >= 0 && box.height > 0 && box.width > 0 &&
                    box.top + box.height <= height && box.left + box.width <= width);
        sum.area += static_cast<double>(box.width) * box.height / width / height / n;
        sum.log_ratio += std::log(static_cast<double>(box.width) / box.height) / n;
        sum.top += static_cast<double>(box.top) / n;
        sum.left += static_cast<double>(box.left) / n;
        sum.full_height += static_cast<double>(box.height == height) / n;
    }
    return sum;
}

// On a large square, a draw (s, l = log r) is accepted where s <= exp(-|l|): mean area from that integral.
TEST_F(Augment, CropAreaAgreesWithTheIntegral)
{
    for (const double low : { 0.08, 0.2, 0.5 }) {
        const double l = std::log(4.0 / 3.0);
        const double accepted = ((1 - std::exp(-l)) / l - low) / (1 - low);
        const double mean = ((1 - std::exp(-2 * l)) / (2 * l) - low * low) / 2 / (1 - low) / accepted;
        const Statistics got = crop_statistics(1000, 1000, low, 1.0);
        EXPECT_NEAR(got.area, mean, 0.008) << low;
        EXPECT_NEAR(got.log_ratio, 0.0, 0.006);
        EXPECT_NEAR(got.top, got.left, 6.0);
    }
}

// Means of 20,000 draws of torchvision 0.26 (RandomResizedCrop.get_params).
TEST_F(Augment, CropAgreesWithTorchvision)
{
    const struct {
        int32_t width, height;
        double low;
        Statistics mean;
    } cases[] = {
        { 500, 375, 0.2, { 0.4946, 0.0384, 40.576, 95.961, 0.0081 } },
        { 32, 32, 0.08, { 0.4929, -0.0019, 5.0933, 5.1268, 0.0321 } },
        { 28, 28, 0.2, { 0.5535, 0.0000, 3.7742, 3.7672, 0.0443 } },
        { 300, 100, 0.2, { 0.3058, 0.0991, 4.8906, 99.270, 0.1900 } },
    };
    for (const auto &c : cases) {
        const Statistics got = crop_statistics(c.width, c.height, c.low, 1.0);
        EXPECT_NEAR(got.area, c.mean.area, 0.01) << c.width;
        EXPECT_NEAR(got.log_ratio, c.mean.log_ratio, 0.01) << c.width;
        EXPECT_NEAR(got.top, c.mean.top, 0.02 * c.height) << c.width;
        EXPECT_NEAR(got.left, c.mean.left, 0.02 * c.width) << c.width;
        EXPECT_NEAR(got.full_height, c.mean.full_height, 0.015) << c.width;
    }
}

TEST_F(Augment, CropFallsBackToTheMiddle)
{
    const double whole[2] = { 1.0, 1.0 };
    const double ratio[2] = { 3.0 / 4.0, 4.0 / 3.0 };
    const struct {
        int32_t width, height;
        moco_box box;
    } cases[] = {
        { 1000, 100, { 0, 433, 100, 133 } },
        { 100, 1000, { 433, 0, 133, 100 } },
        { 1, 1000, { 499, 0, 1, 1 } },
        { 1000, 1, { 0, 499, 1, 1 } },
        { 1, 1, { 0, 0, 1, 1 } },
    };
    for (const auto &c : cases) {
        moco__rng rng;
        moco__rng_start_view(&rng, 1, 0, 0, 0);
        const moco_box box = moco__random_crop(&rng, c.width, c.height, whole, ratio);
        EXPECT_EQ(box.top, c.box.top) << c.width;
        EXPECT_EQ(box.left, c.box.left) << c.width;
        EXPECT_EQ(box.height, c.box.height) << c.width;
        EXPECT_EQ(box.width, c.box.width) << c.width;
    }
}

// ---- Frequencies and ranges ----

// The share of 4000 keys for which an operation changes the image.
double share_changed(moco_augment_op op)
{
    const Image source = gradient(8, 8);
    const Bytes before = bytes_of(source);
    const moco_augment_policy policy = policy_of(8, { op });
    int changed = 0;
    for (uint64_t i = 0; i < 4000; ++i) {
        changed += apply(source, policy, { 3, 0, i, 0 }) != before;
    }
    return changed / 4000.0;
}

TEST_F(Augment, OperationsAreAppliedAsOftenAsAsked)
{
    for (const double p : { 0.0, 0.2, 0.5, 0.8, 1.0 }) {
        const double tolerance = 4 * std::sqrt(p * (1 - p) / 4000);
        EXPECT_NEAR(share_changed({ MOCO_RANDOM_HFLIP, p, {} }), p, tolerance);
        EXPECT_NEAR(share_changed({ MOCO_RANDOM_GRAYSCALE, p, {} }), p, tolerance);
        EXPECT_NEAR(share_changed({ MOCO_GAUSSIAN_BLUR, p, { 1.0, 2.0 } }), p, tolerance);
        EXPECT_NEAR(share_changed({ MOCO_COLOR_JITTER, p, { 0.4, 0.4, 0.4, 0.4 } }), p, tolerance + 0.002);
        EXPECT_NEAR(share_changed({ MOCO_RANDOM_RESIZED_CROP, p, { 0.2, 0.5, 0.75, 1.3 } }), p, tolerance);
    }
    EXPECT_EQ(share_changed({ MOCO_COLOR_JITTER, 1.0, {} }), 0.0) << "parameters of 0 change nothing";
}

// Brightness of a constant image shows its factor: uniform in [max(0, 1 - x), 1 + x].
TEST_F(Augment, JitterFactorsAreUniform)
{
    const Image source = image_of(1, 1, [](int, int, int) { return uint8_t{ 100 }; });
    for (const double x : { 0.4, 1.5 }) {
        const moco_augment_policy policy = policy_of(1, { { MOCO_COLOR_JITTER, 1.0, { x } } });
        const double low = std::max(0.0, 1 - x) * 100;
        const double high = (1 + x) * 100;
        double sum = 0;
        double squares = 0;
        int least = 255;
        int most = 0;
        const int n = 8000;
        for (int i = 0; i < n; ++i) {
            const int value = apply(source, policy, { 1, 0, static_cast<uint64_t>(i), 0 })[0];
            sum += value;
            squares += static_cast<double>(value) * value;
            least = std::min(least, value);
            most = std::max(most, value);
        }
        const double mean = sum / n;
        EXPECT_NEAR(mean, (low + high) / 2, 0.04 * (high - low));
        EXPECT_NEAR(std::sqrt(squares / n - mean * mean), (high - low) / std::sqrt(12.0), 0.03 * (high - low));
        EXPECT_NEAR(least, low, 2);
        EXPECT_NEAR(most, high, 2);
    }
}

// ---- Geometry ----

TEST_F(Augment, CenterCropRoundsAndPadsAsTorchvision)
{
    const auto column = [](int x, int, int) { return static_cast<uint8_t>(10 + x); };
    const struct {
        int32_t width, height, size;
        std::vector<int> first_row, last_row;
    } cases[] = {
        { 7, 4, 4, { 12, 13, 14, 15 }, { 12, 13, 14, 15 } },     // round(1.5) = 2
        { 5, 4, 4, { 10, 11, 12, 13 }, { 10, 11, 12, 13 } },     // round(0.5) = 0
        { 3, 5, 5, { 0, 10, 11, 12, 0 }, { 0, 10, 11, 12, 0 } }, // one column on each side
        { 2, 4, 5, { 0, 10, 11, 0, 0 }, { 0, 0, 0, 0, 0 } },     // the odd one goes right and below
        { 8, 2, 4, { 0, 0, 0, 0 }, { 0, 0, 0, 0 } },             // cut and padded: rows 1 and 2 hold the image
    };
    for (const auto &c : cases) {
        const Image source = image_of(c.width, c.height, column);
        const Bytes out = apply(source, policy_of(c.size, { { MOCO_CENTER_CROP, 1.0, {} } }), {});
        for (int x = 0; x < c.size; ++x) {
            const size_t at = static_cast<size_t>(3 * x);
            EXPECT_EQ(out[at], c.first_row[static_cast<size_t>(x)]) << c.width << " " << x;
            EXPECT_EQ(out[at + static_cast<size_t>(3 * c.size * (c.size - 1))], c.last_row[static_cast<size_t>(x)]);
            if (c.height == 2) {
                EXPECT_EQ(out[at + static_cast<size_t>(3 * c.size)], 12 + x) << "shift round(2.0) = 2";
            }
        }
    }
}

TEST_F(Augment, ResizeTakesTheShortSide)
{
    // 61 x 100 to a short side of 32: 32 x int(52.46); the middle 32 x 32 starts at row 10.
    const Image source = gradient(61, 100);
    const Image resized = new_image();
    const Image cropped = new_image();
    ASSERT_EQ(moco_image_resized_crop(resized.get(), source.get(), { 0, 0, 100, 61 }, 52, 32), MOCO_OK);
    ASSERT_EQ(moco_image_crop(cropped.get(), resized.get(), { 10, 0, 32, 32 }), MOCO_OK);
    EXPECT_EQ(apply(source, preset("plain", 32), {}), bytes_of(cropped));
    // What has the size already passes unchanged.
    const Image square = gradient(32, 32);
    EXPECT_EQ(apply(square, preset("plain"), {}), bytes_of(square));
}

TEST_F(Augment, EveryPresetTakesEveryShape)
{
    for (const auto &[width, height] :
         std::vector<std::pair<int, int>>{ { 1, 1 }, { 1, 500 }, { 500, 1 }, { 3, 2 }, { 28, 28 }, { 333, 97 } }) {
        const Image source = gradient(width, height);
        for (size_t i = 0; moco_augment_preset_name(i) != nullptr; ++i) {
            const moco_augment_policy policy = preset(moco_augment_preset_name(i), 16);
            for (uint64_t index = 0; index < 20; ++index) {
                (void)apply(source, policy, { 0, 0, index, 0 });
            }
        }
    }
}

// ---- Keys ----

TEST_F(Augment, ViewsDependOnTheKeyAlone)
{
    const Image source = gradient(40, 30);
    const moco_augment_policy v2 = preset("v2", 24);
    const moco_augment_key base = { 1, 2, 3, 0 };
    const Bytes expected = apply(source, v2, base);
    // Other work before, and images that held something else, change nothing.
    const Image image = gradient(99, 77);
    const Image scratch = gradient(5, 300);
    for (uint64_t i = 0; i < 30; ++i) {
        ASSERT_EQ(moco_augment_apply(image.get(), scratch.get(), source.get(), &v2, { 7, 7, i, 1 }), MOCO_OK);
    }
    ASSERT_EQ(moco_augment_apply(image.get(), scratch.get(), source.get(), &v2, base), MOCO_OK);
    EXPECT_EQ(bytes_of(image), expected);
    EXPECT_EQ(bytes_of(source), bytes_of(gradient(40, 30))) << "the source stays";
    std::set<Bytes> all = { expected };
    for (const moco_augment_key &key :
         { moco_augment_key{ 2, 2, 3, 0 }, { 1, 3, 3, 0 }, { 1, 2, 4, 0 }, { 1, 2, 3, 1 }, { 1, 3, 2, 0 } }) {
        all.insert(apply(source, v2, key));
    }
    EXPECT_EQ(all.size(), 6U);
}

TEST_F(Augment, RefusesKeysBeyondTheCounter)
{
    const Image source = gradient(8, 8);
    const Image image = new_image();
    const Image scratch = new_image();
    const moco_augment_policy policy = preset("plain", 8);
    const uint64_t big = uint64_t{ 1 } << 48;
    for (const moco_augment_key &key : { moco_augment_key{ 0, big, 0, 0 }, { 0, 0, big, 0 }, { 0, 0, 0, 256 } }) {
        EXPECT_EQ(moco_augment_apply(image.get(), scratch.get(), source.get(), &policy, key), MOCO_EINVALID);
    }
    EXPECT_EQ(moco_augment_apply(image.get(), scratch.get(), source.get(), &policy, { ~0ULL, big - 1, big - 1, 255 }),
              MOCO_OK);
}

} // namespace
