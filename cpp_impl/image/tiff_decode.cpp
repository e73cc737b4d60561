// Decodes TIFF and BigTIFF files by libtiff, with the pixels that Pillow gives: grey, palette, RGB and CMYK, 1 to 32
// bits, strips and tiles. All other files are refused.
#include "image/decoders.hpp"
#include "image/tiff_source.hpp"

#include <algorithm>
#include <cstring>

namespace {

using moco::TiffLayout;
using u8 = std::uint8_t;

u8 clip(double value)
{
    return static_cast<u8>(value > 0 ? std::min(value, 255.0) : 0); // not a number gives 0
}

template <typename T> u8 clipped(const u8 *sample)
{
    T value;
    std::memcpy(&value, sample, sizeof value); // in the machine's byte order
    return clip(static_cast<double>(value));
}

u8 wide_grey(const u8 *sample, const TiffLayout &layout)
{
    if (layout.sample_format == SAMPLEFORMAT_IEEEFP) {
        return clipped<float>(sample);
    }
    if (layout.bits == 32) { // Pillow takes unsigned ones for signed
        return clipped<std::int32_t>(sample);
    }
    return layout.sample_format == SAMPLEFORMAT_INT ? clipped<std::int16_t>(sample) : clipped<std::uint16_t>(sample);
}

// One byte for a sample: values under 8 bits do not change, grey of 16 bits is clipped, colours keep the high byte.
void unpack_row(u8 *to, std::size_t step, const u8 *row, std::size_t count, const TiffLayout &layout)
{
    const bool grey = layout.photometric <= PHOTOMETRIC_MINISBLACK;
    for (std::size_t i = 0; i < count; ++i, to += step) {
        if (layout.bits == 8) {
            *to = row[i];
        } else if (layout.bits > 8 && grey) {
            *to = wide_grey(row + i * layout.bits / 8, layout);
        } else if (layout.bits == 16) {
            std::uint16_t value = 0; // in the machine's byte order
            std::memcpy(&value, row + 2 * i, sizeof value);
            *to = static_cast<u8>(value >> 8U);
        } else {
            const std::size_t bit = i * layout.bits;
            *to = static_cast<u8>((row[bit / 8] >> (8 - layout.bits - bit % 8)) & ((1U << layout.bits) - 1));
        }
    }
}

// Reads all strips or tiles to height x width x samples bytes.
void read_samples(u8 *to, const TiffLayout &layout, TIFF *tiff, const moco::TiffSource &source, const char *name)
{
    moco::read_tiff_rows(layout, tiff, source, name, [&](const moco::TiffRow &row) {
        unpack_row(to + (row.line * layout.width + row.x) * layout.samples + row.plane, row.step, row.data,
                   row.count * row.together, layout);
    });
}

u8 unpremultiply(unsigned value, unsigned alpha)
{
    return static_cast<u8>(alpha == 0 ? 0 : std::min(value * 255 / alpha, 255U));
}

// One pixel's samples to RGB.
void convert(u8 *to, const u8 *from, const TiffLayout &layout)
{
    const unsigned scale = layout.bits < 8 ? 255U / ((1U << layout.bits) - 1) : 1;
    switch (layout.photometric) {
    case PHOTOMETRIC_MINISWHITE: // Pillow forgets to invert 16 and 32 bits
        to[0] = to[1] = to[2] = static_cast<u8>(layout.bits >= 16 ? from[0] : 255 - from[0] * scale);
        break;
    case PHOTOMETRIC_MINISBLACK:
        to[0] = to[1] = to[2] = static_cast<u8>(from[0] * scale);
        break;
    case PHOTOMETRIC_PALETTE:
        for (std::size_t c = 0; c < 3; ++c) {
            to[c] = static_cast<u8>(layout.colours[c][from[0]] >> 8U);
        }
        break;
    case PHOTOMETRIC_SEPARATED:
        for (std::size_t c = 0; c < 3; ++c) {
            const unsigned white = 255U - from[3];
            const unsigned product = from[c] * white + 128;
            to[c] = static_cast<u8>(white - ((product + (product >> 8U)) >> 8U));
        }
        break;
    default:
        for (std::size_t c = 0; c < 3; ++c) {
            const bool associated = layout.extras > 0 && layout.extra == EXTRASAMPLE_ASSOCALPHA;
            to[c] = associated ? unpremultiply(from[c], from[3]) : from[c];
        }
    }
}

} // namespace

bool moco::decode_tiff(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    thread_local Bytes samples;
    TiffSource source = { bytes, count, 0, "" };
    const TiffHandle tiff = open_tiff(source, name);
    TiffLayout layout;
    if (!read_tiff_layout(layout, tiff.get(), name)) {
        return false;
    }
    const Upright upright(layout);
    u8 *to = out.resize(upright.width, upright.height, name);
    u8 *from = samples.grow(std::size_t{ layout.width } * layout.height * layout.samples);
    read_samples(from, layout, tiff.get(), source, name);
    for (std::size_t y = 0; y < layout.height; ++y) {
        for (std::size_t x = 0; x < layout.width; ++x, from += layout.samples) {
            convert(to + 3 * upright.place(x, y), from, layout);
        }
    }
    return true;
}
