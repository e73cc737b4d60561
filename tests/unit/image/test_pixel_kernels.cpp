// Tests that all variants of the loops over pixels give the same bits, and the hue that Pillow gives.
#include "image/pixel_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

namespace {

using u8 = std::uint8_t;
using Bytes = std::vector<u8>;

Bytes noise(std::size_t count, std::uint32_t state)
{
    Bytes bytes(count);
    for (auto &byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<u8>(state >> 24U);
    }
    return bytes;
}

std::array<u8 *, 3> planes_of(Bytes &bytes)
{
    const std::size_t area = bytes.size() / 3;
    return { bytes.data(), bytes.data() + area, bytes.data() + 2 * area };
}

std::vector<const moco::PixelKernels *> variants()
{
    std::vector<const moco::PixelKernels *> all;
    for (std::size_t i = 0; moco::pixel_kernels_at(i) != nullptr; ++i) {
        all.push_back(moco::pixel_kernels_at(i));
    }
    return all;
}

// What an operation makes must not depend on the variant; the last one is the plain code.
template <typename Result>
void expect_equal(const std::string &what, const std::function<Result(const moco::PixelKernels &)> &run)
{
    const Result expected = run(*variants().back());
    for (const auto *kernels : variants()) {
        EXPECT_EQ(run(*kernels), expected) << what << ", " << kernels->name;
    }
}

constexpr std::size_t counts[] = { 1, 2, 15, 16, 17, 63, 64, 100, 255, 256, 257, 1000, 50176 };

TEST(PixelKernels, TheBestVariantIsInUse)
{
    EXPECT_EQ(&moco::pixel_kernels(), moco::pixel_kernels_at(0));
    EXPECT_STREQ(variants().back()->name, "plain");
}

TEST(PixelKernels, ColourIsEqual)
{
    for (const std::size_t count : counts) {
        for (const float factor : { 0.0F, 0.6F, 1.0F, 1.37F, 3e30F }) {
            const auto what = std::to_string(count) + " pixels, factor " + std::to_string(factor);
            expect_equal<Bytes>("blend " + what, [&](const moco::PixelKernels &kernels) {
                Bytes bytes = noise(3 * count, 1);
                kernels.blend(bytes.data(), bytes.size(), 117.0F, factor);
                return bytes;
            });
            expect_equal<Bytes>("saturate " + what, [&](const moco::PixelKernels &kernels) {
                Bytes bytes = noise(3 * count, 2);
                kernels.saturate(planes_of(bytes).data(), count, factor);
                return bytes;
            });
        }
        expect_equal<Bytes>("grey", [&](const moco::PixelKernels &kernels) {
            Bytes bytes = noise(3 * count, 3);
            kernels.grey(planes_of(bytes).data(), count);
            return bytes;
        });
        expect_equal<std::uint64_t>("sum_luma", [&](const moco::PixelKernels &kernels) {
            Bytes bytes = noise(3 * count, 4);
            return kernels.sum_luma(planes_of(bytes).data(), count);
        });
    }
}

TEST(PixelKernels, LayoutsAreEqual)
{
    for (const std::size_t count : counts) {
        expect_equal<Bytes>("split and join", [&](const moco::PixelKernels &kernels) {
            Bytes planes(3 * count);
            Bytes back(3 * count);
            kernels.split(planes_of(planes).data(), noise(3 * count, 5).data(), count);
            kernels.join(back.data(), planes_of(planes).data(), count);
            EXPECT_EQ(back, noise(3 * count, 5));
            return planes;
        });
        for (const std::size_t step : { 1U, 3U }) {
            for (const bool mirrored : { false, true }) {
                expect_equal<std::vector<float>>("normalize", [&](const moco::PixelKernels &kernels) {
                    std::vector<float> values(step * count);
                    kernels.normalize(values.data(), step, noise(count, 6).data(), count, { 0.485F, 0.229F }, mirrored);
                    return values;
                });
            }
        }
    }
}

TEST(PixelKernels, Bfloat16IsEqual)
{
    for (const std::size_t count : counts) {
        for (const std::size_t step : { 1U, 3U }) {
            for (const bool mirrored : { false, true }) {
                expect_equal<std::vector<std::uint16_t>>("bf16", [&](const moco::PixelKernels &kernels) {
                    std::vector<std::uint16_t> values(step * count);
                    kernels.normalize_bf16(values.data(), step, noise(count, 6).data(), count, { 0.485F, 0.229F },
                                           mirrored);
                    return values;
                });
            }
        }
    }
}

TEST(PixelKernels, FastResizeAndBlurAreEqual)
{
    for (const std::size_t width : { 1U, 17U, 96U, 224U, 300U, 1431U }) {
        for (int taps = 1; taps <= 9; ++taps) {
            std::vector<std::uint16_t> weights(static_cast<std::size_t>(taps), static_cast<std::uint16_t>(256 / taps));
            weights[0] = static_cast<std::uint16_t>(256 - (taps - 1) * (256 / taps));
            const std::vector<moco::FastTaps> rows = { { 0, taps, weights.data() }, { 3, taps, weights.data() } };
            expect_equal<Bytes>("weigh_rows_fast", [&](const moco::PixelKernels &kernels) {
                Bytes out(2 * width);
                kernels.weigh_rows_fast(out.data(), width, noise(12 * width, 8).data(), width, width, rows.data(), 2);
                return out;
            });
        }
        for (int radius = 0; radius <= moco::fast_blur_radius; ++radius) {
            std::vector<std::uint16_t> weights(static_cast<std::size_t>(radius) + 1, 10);
            weights[0] = static_cast<std::uint16_t>(256 - 20 * radius);
            expect_equal<Bytes>("blur_rows_fast", [&](const moco::PixelKernels &kernels) {
                Bytes out(7 * width);
                kernels.blur_rows_fast(out.data(), noise(7 * width, 9).data(), width, 7, weights.data(), radius);
                return out;
            });
        }
    }
}

TEST(PixelKernels, FastColourIsEqual)
{
    for (const std::size_t count : counts) {
        expect_equal<Bytes>("to_ycc", [&](const moco::PixelKernels &kernels) {
            Bytes bytes = noise(3 * count, 10);
            kernels.to_ycc(planes_of(bytes).data(), count);
            return bytes;
        });
        expect_equal<std::uint64_t>("sum_bytes", [&](const moco::PixelKernels &kernels) {
            return kernels.sum_bytes(noise(count, 11).data(), count);
        });
    }
}

TEST(PixelKernels, FastStoreIsEqual)
{
    const moco::YccScale scale = { { 0.011F, 0.012F, 0.013F },      { 0.0F, -0.0003F, 0.0014F },
                                   { 0.0011F, -0.0006F, 0.00001F }, { -2.1F, -1.0F, -3.0F },
                                   { -2.0F, -1.9F, -1.8F },         { 2.2F, 2.4F, 2.6F } };
    for (const std::size_t width : { 1U, 2U, 7U, 31U, 64U, 224U, 301U }) {
        const Bytes in = noise(5 * width, 12);
        for (unsigned form = 0; form < 32; ++form) {
            const bool grey = (form & 1U) != 0;
            moco::YccRow row = {
                in.data(), { nullptr, nullptr }, { nullptr, nullptr }, (form & 2U) != 0, (form & 4U) != 0
            };
            for (std::size_t c = 0; c < 2 && !grey; ++c) {
                row.near[c] = in.data() + (1 + c) * width;
                row.far[c] = in.data() + (3 + c) * width;
            }
            expect_equal<Bytes>("store_ycc", [&](const moco::PixelKernels &kernels) {
                const bool interleaved = (form & 8U) != 0;
                const bool bf16 = (form & 16U) != 0;
                Bytes out(12 * width);
                std::vector<std::uint16_t> scratch(moco::ycc_scratch(width));
                const std::size_t step = interleaved ? 0 : width * (bf16 ? 2 : 4);
                const moco::RowTarget to = { { out.data(), out.data() + step, out.data() + 2 * step },
                                             interleaved,
                                             bf16 };
                kernels.store_ycc(to, row, scratch.data(), width, scale);
                return out;
            });
        }
    }
}

TEST(PixelKernels, TransposeIsEqualAndTurnsBack)
{
    for (const std::size_t rows : { 1U, 15U, 16U, 33U, 224U }) {
        for (const std::size_t columns : { 1U, 16U, 31U, 48U, 225U }) {
            const Bytes in = noise(rows * columns, 7);
            for (const auto *kernels : variants()) {
                Bytes out(rows * columns);
                Bytes back(rows * columns);
                kernels->transpose(out.data(), rows, in.data(), columns, rows, columns);
                EXPECT_EQ(out[(columns - 1) * rows], in[columns - 1]);
                kernels->transpose(back.data(), columns, out.data(), rows, columns, rows);
                EXPECT_EQ(back, in) << kernels->name << " " << rows << " x " << columns;
            }
        }
    }
}

TEST(PixelKernels, SumsOfRowsAreEqual)
{
    for (const std::size_t width : { 1U, 17U, 96U, 224U, 300U, 1431U }) {
        for (int taps = 1; taps <= 9; ++taps) {
            std::vector<std::int32_t> weights;
            for (int i = 0; i < taps; ++i) {
                weights.push_back((1 << 22) / taps + 1000 * (i % 2));
            }
            const std::vector<moco::Taps> rows = { { 0, taps, weights.data() }, { 3, taps, weights.data() } };
            expect_equal<Bytes>("weigh_rows", [&](const moco::PixelKernels &kernels) {
                Bytes out(2 * width);
                kernels.weigh_rows(out.data(), width, noise(12 * width, 8).data(), width, width, rows.data(), 2);
                return out;
            });
        }
        for (const std::int32_t radius : { 0, 1, 2, 20 }) {
            expect_equal<Bytes>("blur_rows", [&](const moco::PixelKernels &kernels) {
                Bytes out(9 * width);
                std::vector<std::uint32_t> sum(width);
                const auto whole = static_cast<std::uint32_t>((1U << 24U) / (2.0 * radius + 1.7));
                const std::uint32_t part = ((1U << 24U) - (2U * static_cast<std::uint32_t>(radius) + 1) * whole) / 2;
                kernels.blur_rows(out.data(), noise(9 * width, 9).data(), sum.data(), width, 9,
                                  { radius, whole, part });
                return out;
            });
        }
    }
}

// ---- Hue, in Pillow's order of float and double operations ----

struct HueSaturation {
    u8 hue;
    u8 saturation;
};

HueSaturation to_hsv(int r, int g, int b, int largest, int smallest)
{
    const auto range = static_cast<float>(largest - smallest);
    const float to_r = static_cast<float>(largest - r) / range;
    const float to_g = static_cast<float>(largest - g) / range;
    const float to_b = static_cast<float>(largest - b) / range;
    const auto sector = static_cast<float>(r == largest   ? to_b - to_g
                                           : g == largest ? 2.0 + static_cast<double>(to_r) - to_b
                                                          : 4.0 + static_cast<double>(to_g) - to_r);
    const double turns = sector / 6.0 + 1.0;
    const auto hue = static_cast<float>(turns >= 1.0 ? turns - 1.0 : turns);
    const float saturation = range / static_cast<float>(largest);
    return { static_cast<u8>(hue * 255.0), static_cast<u8>(saturation * 255.0) };
}

u8 round_to_byte(double value)
{
    return static_cast<u8>(value + 0.5);
}

void to_rgb(u8 *rgb, u8 hue, u8 saturation, u8 value)
{
    const double position = static_cast<float>(hue) * 6.0 / 255.0;
    const int whole = static_cast<int>(position);
    const auto fraction = static_cast<float>(position - whole);
    const auto s = static_cast<float>(saturation / 255.0);
    const double v = value;
    const double middle =
        whole % 2 == 0 ? s * (1.0 - static_cast<double>(fraction)) : static_cast<double>(s * fraction);
    static constexpr u8 places[6][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 1, 0 }, { 2, 0, 1 }, { 0, 2, 1 } };
    const u8 *place = places[whole % 6]; // of the largest, the middle and the smallest channel
    rgb[place[0]] = value;
    rgb[place[1]] = round_to_byte(v * (1.0 - middle));
    rgb[place[2]] = round_to_byte(v * (1.0 - s));
}

void shift_as_pil(u8 *rgb, unsigned shift)
{
    const int largest = std::max({ rgb[0], rgb[1], rgb[2] });
    const int smallest = std::min({ rgb[0], rgb[1], rgb[2] });
    if (largest == smallest) {
        return;
    }
    const HueSaturation colour = to_hsv(rgb[0], rgb[1], rgb[2], largest, smallest);
    if (colour.saturation == 0) {
        rgb[0] = rgb[1] = rgb[2] = static_cast<u8>(largest);
    } else {
        to_rgb(rgb, static_cast<u8>(colour.hue + shift), colour.saturation, static_cast<u8>(largest));
    }
}

TEST(PixelKernels, HueIsPilsForEveryColour)
{
    constexpr std::size_t area = 65536;
    for (int red = 0; red < 256; ++red) {
        const int shift = red * 37 % 256 - 128;
        Bytes in(3 * area);
        Bytes expected(3 * area);
        for (std::size_t i = 0; i < area; ++i) {
            u8 rgb[3] = { static_cast<u8>(red), static_cast<u8>(i >> 8U), static_cast<u8>(i) };
            for (std::size_t c = 0; c < 3; ++c) {
                in[c * area + i] = rgb[c];
            }
            shift_as_pil(rgb, static_cast<unsigned>(shift));
            for (std::size_t c = 0; c < 3; ++c) {
                expected[c * area + i] = rgb[c];
            }
        }
        for (const auto *kernels : variants()) {
            Bytes out = in;
            kernels->shift_hue(planes_of(out).data(), area, shift);
            ASSERT_TRUE(out == expected) << kernels->name << ", red " << red << ", shift " << shift;
        }
    }
}

TEST(PixelKernels, HueOfAFewPixelsIsEqual)
{
    for (const std::size_t count : counts) {
        expect_equal<Bytes>("shift_hue", [&](const moco::PixelKernels &kernels) {
            Bytes bytes = noise(3 * count, 10);
            kernels.shift_hue(planes_of(bytes).data(), count, 19);
            return bytes;
        });
    }
}

} // namespace
