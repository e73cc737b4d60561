// Makes bands of the samples of a file, as many as are asked for.
#include "image/bands.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace {

using moco::Bands;
using moco::Sample;

constexpr double largest_byte = 255;
constexpr double largest_word = 65535;

float half_to_float(std::uint16_t bits) noexcept
{
    const int exponent = (bits >> 10U) & 31U;
    const double fraction = bits & 1023U;
    const double size = exponent == 31  ? (fraction == 0 ? HUGE_VAL : std::nan(""))
                        : exponent == 0 ? std::ldexp(fraction, -24)
                                        : std::ldexp(1024 + fraction, exponent - 25);
    return static_cast<float>((bits & 0x8000U) != 0 ? -size : size);
}

template <typename T> T read_as(const std::uint8_t *from) noexcept
{
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

float value_of(const std::uint8_t *from, Sample kind) noexcept
{
    switch (kind) {
    case Sample::u8:
        return static_cast<float>(*from / largest_byte);
    case Sample::i8:
        return static_cast<float>(read_as<std::int8_t>(from));
    case Sample::u16:
        return static_cast<float>(read_as<std::uint16_t>(from) / largest_word);
    case Sample::i16:
        return static_cast<float>(read_as<std::int16_t>(from));
    case Sample::u32:
        return static_cast<float>(read_as<std::uint32_t>(from));
    case Sample::i32:
        return static_cast<float>(read_as<std::int32_t>(from));
    case Sample::f16:
        return half_to_float(read_as<std::uint16_t>(from));
    case Sample::f32:
        return read_as<float>(from);
    case Sample::f64:
        break;
    }
    return static_cast<float>(read_as<double>(from));
}

// Pillow's L of R, G and B: in whole numbers for 8 bits, as Pillow has no other RGB.
float luma(float r, float g, float b, bool bytes) noexcept
{
    if (bytes) {
        const auto whole = [](float value) { return static_cast<unsigned>(std::lrint(value * largest_byte)); };
        const unsigned sum = whole(r) * 19595U + whole(g) * 38470U + whole(b) * 7471U + 0x8000U;
        return static_cast<float>((sum >> 16U) / largest_byte);
    }
    return 0.299F * r + 0.587F * g + 0.114F * b;
}

void take_luma(Bands &bands) noexcept
{
    const bool bytes = bands.depth == moco::Depth::bytes;
    float *to = bands.plane(0);
    for (std::size_t i = 0; i < bands.area(); ++i) {
        to[i] = luma(to[i], bands.plane(1)[i], bands.plane(2)[i], bytes);
    }
}

void check_finite(const Bands &bands, const char *name)
{
    const float *values = bands.values.data();
    for (std::size_t i = 0; bands.depth == moco::Depth::reals && i < bands.size(); ++i) {
        if (!std::isfinite(values[i])) {
            moco::bad_file(name, "band " + std::to_string(i / bands.area() + 1) + " has the value " +
                                     std::to_string(values[i]) + " at row " +
                                     std::to_string(i % bands.area() / static_cast<std::size_t>(bands.width)) +
                                     ", column " + std::to_string(i % static_cast<std::size_t>(bands.width)) +
                                     "; write a number there");
        }
    }
}

std::string plural(std::int32_t count, const char *what)
{
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

} // namespace

void moco::Bands::resize(std::int64_t new_width, std::int64_t new_height, std::int64_t new_count, const char *name)
{
    check_picture(new_width, new_height, name);
    if (new_count < 1 || new_count > MOCO_MAX_CHANNELS) {
        bad_file(name,
                 "has " + std::to_string(new_count) + " bands; an image has 1 to " + std::to_string(MOCO_MAX_CHANNELS));
    }
    if (new_count > 3 * max_image_pixels / (new_width * new_height)) {
        bad_file(name, "has " + std::to_string(new_count) + " bands of " + std::to_string(new_width) + " x " +
                           std::to_string(new_height) + " pixels; the limit is " +
                           std::to_string(3 * max_image_pixels) + " values");
    }
    shape(static_cast<std::int32_t>(new_width), static_cast<std::int32_t>(new_height),
          static_cast<std::int32_t>(new_count), depth);
}

void moco::Bands::shape(std::int32_t new_width, std::int32_t new_height, std::int32_t new_count, Depth new_depth)
{
    width = new_width;
    height = new_height;
    count = new_count;
    depth = new_depth;
    values.grow(size());
}

void moco::Bands::swap(Bands &other) noexcept
{
    std::swap(width, other.width);
    std::swap(height, other.height);
    std::swap(count, other.count);
    std::swap(depth, other.depth);
    values.swap(other.values);
}

moco::Depth moco::depth_of(Sample kind) noexcept
{
    return kind == Sample::u8 ? Depth::bytes : kind == Sample::u16 ? Depth::words : Depth::reals;
}

void moco::to_floats(float *to, const std::uint8_t *from, std::size_t count, std::size_t step, SampleType type) noexcept
{
    for (std::size_t i = 0; i < count; ++i, from += step) {
        std::uint8_t turned[8];
        if (type.swapped) {
            std::reverse_copy(from, from + type.bytes, turned);
        }
        to[i] = value_of(type.swapped ? turned : from, type.kind);
    }
}

void moco::refuse_band_count(std::int32_t found, std::int32_t wanted, const char *name, const char *shape)
{
    if (found > MOCO_MAX_CHANNELS) {
        bad_file(name, "has " + plural(found, "band") + "; images have at most " + std::to_string(MOCO_MAX_CHANNELS));
    }
    bad_file(name, "has " + plural(found, "band") + (shape != nullptr ? std::string(" (") + shape + ")" : "") +
                       ", but " + plural(wanted, "channel") + (wanted == 1 ? " is" : " are") +
                       " asked for; give images of " + plural(wanted, "band") + ", or train a network with channels " +
                       std::to_string(found));
}

void moco::fit_bands(Bands &bands, std::int32_t wanted, bool has_alpha, const char *name, const char *shape)
{
    const std::int32_t found = bands.count;
    if (found != wanted && has_alpha) {
        bands.count -= 1;
    }
    if (bands.count == 4 && wanted == 3) {
        bands.count = 3;
    } else if (bands.count == 3 && wanted == 1) {
        take_luma(bands);
        bands.count = 1;
    } else if (bands.count == 1 && wanted == 3) {
        Floats grey;
        grey.swap(bands.values);
        bands.shape(bands.width, bands.height, 3, bands.depth);
        for (std::size_t c = 0; c < 3; ++c) {
            std::copy_n(grey.data(), bands.area(), bands.plane(c));
        }
    }
    if (bands.count != wanted) {
        refuse_band_count(found, wanted, name, shape);
    }
    check_finite(bands, name);
}

void moco::bands_from_rgb(Bands &out, const std::uint8_t *rgb, std::int32_t width, std::int32_t height,
                          std::int32_t wanted, const char *name)
{
    out.shape(width, height, 3, Depth::bytes);
    for (std::size_t c = 0; c < 3; ++c) {
        to_floats(out.plane(c), rgb + c, out.area(), 3, { Sample::u8, 1, false });
    }
    fit_bands(out, wanted, /*has_alpha=*/false, name);
}
