// Decodes TIFF and BigTIFF files by libtiff, with the pixels that Pillow gives: grey, palette, RGB and CMYK, 1 to 32
// bits, strips and tiles. All other files are refused.
#include "image/decoders.hpp"
#include "image/tiff_layout.hpp"

#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

namespace {

using moco::bad_file;
using moco::TiffLayout;
using u8 = std::uint8_t;

// The file in memory, and libtiff's first message about it.
struct Source {
    const u8 *bytes;
    std::size_t count;
    std::size_t at;
    std::string message;
};

tmsize_t read_bytes(thandle_t handle, void *to, tmsize_t count)
{
    auto *source = static_cast<Source *>(handle);
    const std::size_t left = source->count - std::min(source->at, source->count);
    const std::size_t taken = std::min(left, static_cast<std::size_t>(count));
    std::memcpy(to, source->bytes + source->count - left, taken);
    source->at += taken;
    return static_cast<tmsize_t>(taken);
}

tmsize_t write_nothing(thandle_t /*handle*/, void * /*from*/, tmsize_t /*count*/)
{
    return 0;
}

toff_t seek(thandle_t handle, toff_t offset, int whence)
{
    auto *source = static_cast<Source *>(handle);
    const std::size_t base = whence == SEEK_CUR ? source->at : whence == SEEK_END ? source->count : 0;
    source->at = base + static_cast<std::size_t>(offset);
    return source->at;
}

int close_nothing(thandle_t /*handle*/)
{
    return 0;
}

toff_t size_of(thandle_t handle)
{
    return static_cast<Source *>(handle)->count;
}

// Keeps the first message. Returns 1, so that libtiff does not print it.
int on_error(TIFF * /*tiff*/, void *user, const char * /*module*/, const char *format, va_list args)
{
    auto *source = static_cast<Source *>(user);
    if (source->message.empty()) {
        char text[160];
        (void)std::vsnprintf(text, sizeof text, format, args);
        source->message = text;
    }
    return 1;
}

int on_warning(TIFF * /*tiff*/, void * /*user*/, const char * /*module*/, const char * /*format*/, va_list /*args*/)
{
    return 1;
}

using Handle = std::unique_ptr<TIFF, decltype(&TIFFClose)>;

Handle open_tiff(Source &source)
{
    const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                   TIFFOpenOptionsFree);
    if (options == nullptr) {
        throw std::bad_alloc();
    }
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, &source);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, &source);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), 8 * moco::max_image_pixels);
    // "m": no mapping, the file is in memory
    return { TIFFClientOpenExt("", "rm", &source, read_bytes, write_nothing, seek, close_nothing, size_of, nullptr,
                               nullptr, options.get()),
             TIFFClose };
}

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

[[noreturn]] void damaged(const Source &source, const char *name)
{
    bad_file(name, "damaged or truncated TIFF file: " + source.message);
}

// Reads all strips or tiles to height x width x samples bytes.
void read_samples(u8 *to, const TiffLayout &layout, TIFF *tiff, const Source &source, const char *name)
{
    thread_local moco::Bytes segment;
    const bool tiled = TIFFIsTiled(tiff) != 0;
    const std::size_t width = layout.width;
    const std::size_t height = layout.height;
    std::uint32_t across = layout.width;
    std::uint32_t down = layout.height;
    if (tiled) {
        (void)TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &across);
        (void)TIFFGetField(tiff, TIFFTAG_TILELENGTH, &down);
    } else {
        (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &down);
        down = std::min(down, layout.height);
    }
    const std::size_t planes = layout.planar == PLANARCONFIG_SEPARATE ? layout.samples : 1;
    const std::size_t together = layout.samples / planes; // samples that stand side by side
    const tmsize_t size = tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff);
    const tmsize_t row_bytes = tiled ? TIFFTileRowSize(tiff) : TIFFScanlineSize(tiff);
    if (across == 0 || down == 0 || size <= 0 || size > 8 * moco::max_image_pixels || row_bytes <= 0) {
        damaged(source, name);
    }
    const std::size_t columns = (width + across - 1) / across;
    const std::size_t segments = columns * ((height + down - 1) / down);
    for (std::size_t i = 0; i < segments * planes; ++i) {
        const std::size_t x = i % segments % columns * across;
        const std::size_t y = i % segments / columns * down;
        const std::size_t rows = std::min<std::size_t>(down, height - y);
        const auto wanted = tiled ? size : row_bytes * static_cast<tmsize_t>(rows);
        u8 *row = segment.grow(static_cast<std::size_t>(size));
        const auto index = static_cast<std::uint32_t>(i);
        const tmsize_t got =
            tiled ? TIFFReadEncodedTile(tiff, index, row, size) : TIFFReadEncodedStrip(tiff, index, row, wanted);
        if (got < wanted) {
            damaged(source, name);
        }
        for (std::size_t line = y; line < y + rows; ++line, row += row_bytes) {
            const std::size_t used = std::min<std::size_t>(across, width - x) * together;
            unpack_row(to + (line * width + x) * layout.samples + i / segments, planes, row, used, layout);
        }
    }
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

void moco::decode_tiff(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    thread_local Bytes samples;
    Source source = { bytes, count, 0, "" };
    const Handle tiff = open_tiff(source);
    if (tiff == nullptr) {
        damaged(source, name);
    }
    const TiffLayout layout = read_tiff_layout(tiff.get(), name);
    // Orientations 5 to 8 are turned by 90 degrees; Pillow turns TIFF files upright, unlike JPEG files.
    const bool aside = layout.orientation >= 5 && layout.orientation <= 8;
    u8 *to = out.resize(aside ? layout.height : layout.width, aside ? layout.width : layout.height, name);
    const std::size_t width = layout.width;
    const std::size_t height = layout.height;
    u8 *from = samples.grow(width * height * layout.samples);
    read_samples(from, layout, tiff.get(), source, name);
    const std::uint32_t o = layout.orientation;
    const bool from_right = o == 2 || o == 3 || o == 7 || o == 8;
    const bool from_below = o == 3 || o == 4 || o == 6 || o == 7;
    for (std::size_t y = 0; y < height; ++y) {
        for (std::size_t x = 0; x < width; ++x, from += layout.samples) {
            const std::size_t column = from_right ? width - 1 - x : x;
            const std::size_t line = from_below ? height - 1 - y : y;
            convert(to + 3 * (aside ? column * height + line : line * width + column), from, layout);
        }
    }
}
