// Brightness, contrast, saturation, hue and grey in PIL's arithmetic.
#include "image.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace {

using u8 = std::uint8_t;

void check_factor(const char *function, double factor)
{
    if (!std::isfinite(factor)) {
        throw moco::Error(MOCO_EINVALID,
                          std::string(function) + ": factor " + std::to_string(factor) + " is not finite");
    }
}

// PIL's Image.blend for one byte: from @p degenerate (factor 0) to @p value (factor 1) and beyond, truncated.
u8 blend(int degenerate, int value, float factor)
{
    const float mixed = static_cast<float>(degenerate) + factor * static_cast<float>(value - degenerate);
    return static_cast<u8>(std::clamp(mixed, 0.0F, 255.0F));
}

// Blends every byte with the same grey.
void blend_with_constant(moco_image &image, int grey, float factor)
{
    std::array<u8, 256> table;
    for (int value = 0; value < 256; ++value) {
        table[static_cast<std::size_t>(value)] = blend(grey, value, factor);
    }
    u8 *pixels = image.pixels.data();
    const std::size_t count = image.count();
    for (std::size_t i = 0; i < count; ++i) {
        pixels[i] = table[pixels[i]];
    }
}

// The mean luma, rounded as PIL's ImageEnhance.Contrast rounds it.
int mean_luma(const moco_image &image)
{
    const u8 *pixels = image.pixels.data();
    const std::size_t count = image.count();
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < count; i += 3) {
        sum += moco::luma(pixels + i);
    }
    return static_cast<int>(static_cast<double>(sum) / static_cast<double>(count / 3) + 0.5);
}

// Hue and saturation as bytes; the value is the largest channel.
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

// A hue byte's sector of the colour circle and how far it lies into it.
struct Sector {
    int index;
    float fraction;
};

std::array<Sector, 256> make_sectors()
{
    std::array<Sector, 256> sectors = {};
    for (int hue = 0; hue < 256; ++hue) {
        const double position = static_cast<float>(hue) * 6.0 / 255.0;
        const int index = static_cast<int>(position);
        sectors[static_cast<std::size_t>(hue)] = { index % 6, static_cast<float>(position - index) };
    }
    return sectors;
}

u8 round_to_byte(double value)
{
    return static_cast<u8>(value + 0.5); // values lie in 0 to 255
}

void to_rgb(u8 *rgb, const Sector &sector, u8 saturation, u8 value)
{
    const auto s = static_cast<float>(saturation / 255.0);
    const double v = value;
    const u8 low = round_to_byte(v * (1.0 - s));
    // In even sectors the third channel rises, in odd ones it falls; the products differ in precision.
    const double middle = sector.index % 2 == 0 ? s * (1.0 - static_cast<double>(sector.fraction))
                                                : static_cast<double>(s * sector.fraction);
    const u8 mid = round_to_byte(v * (1.0 - middle));
    static constexpr u8 places[6][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 1, 0 }, { 2, 0, 1 }, { 0, 2, 1 } };
    const u8 *place = places[sector.index]; // of the largest, the middle and the smallest channel
    rgb[place[0]] = value;
    rgb[place[1]] = mid;
    rgb[place[2]] = low;
}

void shift_hue(moco_image &image, unsigned shift)
{
    static const std::array<Sector, 256> sectors = make_sectors();
    u8 *rgb = image.pixels.data();
    const u8 *const end = rgb + image.count();
    for (; rgb != end; rgb += 3) {
        const int largest = std::max({ rgb[0], rgb[1], rgb[2] });
        const int smallest = std::min({ rgb[0], rgb[1], rgb[2] });
        if (largest != smallest) { // a grey has no hue
            const HueSaturation colour = to_hsv(rgb[0], rgb[1], rgb[2], largest, smallest);
            if (colour.saturation == 0) {
                rgb[0] = rgb[1] = rgb[2] = static_cast<u8>(largest);
            } else {
                to_rgb(rgb, sectors[(colour.hue + shift) & 255U], colour.saturation, static_cast<u8>(largest));
            }
        }
    }
}

} // namespace

moco_status moco_image_brightness(moco_image *image, double factor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    check_factor(__func__, factor);
    blend_with_constant(*image, 0, static_cast<float>(factor));
    MOCO_API_END
}

moco_status moco_image_contrast(moco_image *image, double factor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    check_factor(__func__, factor);
    if (image->width > 0) {
        blend_with_constant(*image, mean_luma(*image), static_cast<float>(factor));
    }
    MOCO_API_END
}

moco_status moco_image_saturation(moco_image *image, double factor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    check_factor(__func__, factor);
    const auto factor32 = static_cast<float>(factor);
    u8 *pixels = image->pixels.data();
    const std::size_t count = image->count();
    for (std::size_t i = 0; i < count; i += 3) {
        const int grey = moco::luma(pixels + i);
        for (std::size_t c = 0; c < 3; ++c) {
            pixels[i + c] = blend(grey, pixels[i + c], factor32);
        }
    }
    MOCO_API_END
}

moco_status moco_image_hue(moco_image *image, double factor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    if (!(factor >= -0.5 && factor <= 0.5)) {
        throw moco::Error(MOCO_EINVALID,
                          "moco_image_hue: factor " + std::to_string(factor) + " is outside -0.5 to 0.5");
    }
    shift_hue(*image, static_cast<unsigned>(static_cast<int>(factor * 255)));
    MOCO_API_END
}

moco_status moco_image_grayscale(moco_image *image)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    u8 *pixels = image->pixels.data();
    const std::size_t count = image->count();
    for (std::size_t i = 0; i < count; i += 3) {
        pixels[i] = pixels[i + 1] = pixels[i + 2] = moco::luma(pixels + i);
    }
    MOCO_API_END
}

moco_status moco_image_hflip(moco_image *image)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    for (std::int32_t y = 0; y < image->height; ++y) {
        u8 *left = image->row(y);
        u8 *right = left + static_cast<std::ptrdiff_t>(image->width - 1) * 3;
        for (; left < right; left += 3, right -= 3) {
            std::swap_ranges(left, left + 3, right);
        }
    }
    MOCO_API_END
}
