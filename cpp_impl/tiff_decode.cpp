// TIFF to RGB as PIL reads it: grey, palette, RGB and CMYK, 1 to 16 bits, strips and tiles, lossless compressions.
//
// OpenCV's decoder premultiplies alpha, takes CMYK for RGBA, accepts damaged data and prints; hence our own. What is
// not listed above is refused.
#include "tiff.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace {

using moco::bad_file;
using moco::TiffLayout;
using u8 = std::uint8_t;

enum Photometric : std::uint32_t { white_is_zero = 0, black_is_zero = 1, rgb = 2, palette = 3, inks = 5 };
enum ExtraSample : std::uint32_t { unspecified = 0, premultiplied = 1, straight = 2 };

// Reads numbers of the file's byte order, within its bounds.
class Reader {
  public:
    Reader(const u8 *bytes, std::size_t count, const char *name)
        : bytes_(bytes), count_(count), name_(name), big_(bytes[0] == 'M')
    {}
    [[nodiscard]] bool big_endian() const { return big_; }
    [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t size) const
    {
        const u8 *from = range(at, size);
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < size; ++i) {
            value = value << 8U | from[big_ ? i : size - 1 - i];
        }
        return value;
    }
    [[nodiscard]] const u8 *range(std::size_t at, std::size_t size) const
    {
        if (at > count_ || size > count_ - at) {
            bad_file(name_, "the TIFF file is truncated");
        }
        return bytes_ + at;
    }
    // The values of the directory entry at @p at.
    [[nodiscard]] std::vector<std::uint32_t> values(std::size_t at) const
    {
        const std::uint32_t type = number(at + 2, 2);
        const std::size_t size = type == 1 ? 1 : type == 3 ? 2 : type == 4 ? 4 : 0;
        const std::size_t count = number(at + 4, 4);
        if (size == 0 || count == 0) {
            bad_file(name_, "damaged TIFF file: tag " + std::to_string(number(at, 2)) + " is not a number");
        }
        const std::size_t first = count * size <= 4 ? at + 8 : number(at + 8, 4);
        (void)range(first, count * size);
        std::vector<std::uint32_t> result(count);
        for (std::size_t i = 0; i < count; ++i) {
            result[i] = number(first + i * size, size);
        }
        return result;
    }

  private:
    const u8 *bytes_;
    std::size_t count_;
    const char *name_;
    bool big_;
};

// Where a tag's values go: a number, a list, or a list whose members are equal.
void read_tag(TiffLayout &layout, std::uint32_t tag, const Reader &file, std::size_t at, const char *name)
{
    const struct {
        std::uint32_t tag;
        std::uint32_t *number;
    } numbers[] = { { 256, &layout.width },       { 257, &layout.height },       { 258, &layout.bits },
                    { 259, &layout.compression }, { 262, &layout.photometric },  { 266, &layout.fill_order },
                    { 274, &layout.orientation }, { 277, &layout.samples },      { 278, &layout.rows_per_strip },
                    { 284, &layout.planar },      { 317, &layout.predictor },    { 322, &layout.tile_width },
                    { 323, &layout.tile_height }, { 339, &layout.sample_format } };
    const struct {
        std::uint32_t tag;
        std::vector<std::uint32_t> *list;
    } lists[] = { { 273, &layout.offsets }, { 324, &layout.offsets }, { 279, &layout.counts },
                  { 325, &layout.counts },  { 320, &layout.colours }, { 338, &layout.extra_samples } };
    for (const auto &entry : numbers) {
        if (entry.tag == tag) {
            const auto values = file.values(at);
            if (std::count(values.begin(), values.end(), values[0]) != static_cast<std::ptrdiff_t>(values.size())) {
                bad_file(name, "unsupported TIFF file: its channels differ in depth; save it as PNG");
            }
            *entry.number = values[0];
        }
    }
    for (const auto &entry : lists) {
        if (entry.tag == tag) {
            *entry.list = file.values(at);
        }
    }
}

TiffLayout read_layout(const Reader &file, const char *name)
{
    TiffLayout layout;
    layout.big_endian = file.big_endian();
    const std::size_t directory = file.number(4, 4);
    const std::size_t entries = file.number(directory, 2);
    for (std::size_t i = 0; i < entries; ++i) {
        const std::size_t at = directory + 2 + 12 * i;
        read_tag(layout, file.number(at, 2), file, at, name);
    }
    return layout;
}

// The variants that PIL reads and that are read here with the same pixels.
bool is_supported(const TiffLayout &layout)
{
    const std::uint32_t bits = layout.bits;
    const bool shallow = bits == 1 || bits == 2 || bits == 4;
    const std::size_t extras = layout.extra_samples.size();
    const std::uint32_t extra = extras == 1 ? layout.extra_samples[0] : UINT32_MAX;
    if (layout.fill_order != 1 || layout.sample_format != 1 || extras > 1 || layout.planar < 1 || layout.planar > 2 ||
        (layout.planar == 2 && bits != 8)) {
        return false;
    }
    switch (layout.photometric) {
    case white_is_zero:
        return layout.samples == 1 && extras == 0 && (shallow || bits == 8 || (bits == 16 && !layout.big_endian));
    case black_is_zero:
        return (layout.samples == 1 && extras == 0 && (shallow || bits == 8 || bits == 16)) ||
               (layout.samples == 2 && (extra == unspecified || extra == straight) && bits == 8);
    case palette:
        return layout.samples == 1 && extras == 0 && (shallow || bits == 8) &&
               layout.colours.size() == std::size_t{ 3 } << bits;
    case rgb:
        return (bits == 8 || bits == 16) &&
               ((layout.samples == 3 && extras == 0) || (layout.samples == 4 && (extras == 0 || extra <= straight)));
    case inks:
        return (bits == 8 || bits == 16) && layout.samples == 4 && extras == 0;
    default:
        return false;
    }
}

void check_layout(const TiffLayout &layout, const char *name)
{
    const bool known_compression = layout.compression == moco::tiff_none || layout.compression == moco::tiff_lzw ||
                                   layout.compression == moco::tiff_deflate ||
                                   layout.compression == moco::tiff_deflate_old ||
                                   layout.compression == moco::tiff_packbits;
    const bool known_predictor =
        layout.predictor == 1 || (layout.predictor == 2 && (layout.bits == 8 || layout.bits == 16));
    if (!is_supported(layout) || !known_compression || !known_predictor) {
        bad_file(name, "unsupported TIFF variant (compression " + std::to_string(layout.compression) +
                           ", photometric " + std::to_string(static_cast<std::int32_t>(layout.photometric)) + ", " +
                           std::to_string(layout.samples) + " samples of " + std::to_string(layout.bits) +
                           " bits); save it as PNG");
    }
}

// One byte for a sample: values under 8 bits stay as they are, grey of 16 bits is clipped, colours keep the high byte.
void unpack_row(u8 *to, std::size_t step, const u8 *row, std::size_t count, const TiffLayout &layout)
{
    const bool clip = layout.photometric <= black_is_zero;
    for (std::size_t i = 0; i < count; ++i, to += step) {
        if (layout.bits == 8) {
            *to = row[i];
        } else if (layout.bits == 16) {
            const u8 high = row[2 * i + (layout.big_endian ? 0 : 1)];
            const u8 low = row[2 * i + (layout.big_endian ? 1 : 0)];
            *to = !clip ? high : high != 0 ? 255 : low;
        } else {
            const std::size_t bit = i * layout.bits;
            *to = static_cast<u8>((row[bit / 8] >> (8 - layout.bits - bit % 8)) & ((1U << layout.bits) - 1));
        }
    }
}

// Undoes horizontal differencing in place.
void undo_predictor(u8 *row, std::size_t count, std::size_t step, const TiffLayout &layout)
{
    if (layout.bits == 8) {
        for (std::size_t i = step; i < count; ++i) {
            row[i] = static_cast<u8>(row[i] + row[i - step]);
        }
        return;
    }
    const std::size_t high = layout.big_endian ? 0 : 1;
    for (std::size_t i = step; i < count; ++i) {
        u8 *at = row + 2 * i;
        const u8 *before = at - 2 * step;
        const unsigned sum = (static_cast<unsigned>(at[high]) << 8U) + at[1 - high] +
                             (static_cast<unsigned>(before[high]) << 8U) + before[1 - high];
        at[high] = static_cast<u8>(sum >> 8U);
        at[1 - high] = static_cast<u8>(sum);
    }
}

// Reads all strips or tiles to height x width x samples bytes.
void read_samples(u8 *to, const TiffLayout &layout, const Reader &file, const char *name)
{
    thread_local moco::Bytes segment;
    const bool tiled = layout.tile_width != 0;
    const std::size_t width = layout.width;
    const std::size_t height = layout.height;
    const std::size_t across = tiled ? layout.tile_width : width;
    const std::size_t down = tiled ? layout.tile_height : std::min<std::size_t>(layout.rows_per_strip, height);
    const std::size_t planes = layout.planar == 2 ? layout.samples : 1;
    const std::size_t together = layout.samples / planes; // samples that stand side by side
    if (across == 0 || down == 0 || across > width + 65536 || down > height + 65536) {
        bad_file(name, "damaged TIFF file: wrong strip or tile size");
    }
    const std::size_t columns = (width + across - 1) / across;
    const std::size_t segments = columns * ((height + down - 1) / down);
    if (layout.offsets.size() < segments * planes || layout.counts.size() < segments * planes) {
        bad_file(name, "damaged TIFF file: strips or tiles are missing");
    }
    const std::size_t row_bytes = (across * together * layout.bits + 7) / 8;
    for (std::size_t i = 0; i < segments * planes; ++i) {
        const std::size_t plane = i / segments;
        const std::size_t x = i % segments % columns * across;
        const std::size_t y = i % segments / columns * down;
        const std::size_t rows = tiled ? down : std::min(down, height - y);
        const u8 *packed = file.range(layout.offsets[i], layout.counts[i]);
        u8 *row = segment.grow(row_bytes * rows);
        if (!moco::tiff_decompress(row, row_bytes * rows, packed, layout.counts[i], layout.compression)) {
            bad_file(name,
                     "damaged or truncated TIFF file: strip or tile " + std::to_string(i) + " does not decompress");
        }
        for (std::size_t line = y; line < std::min(y + rows, height); ++line, row += row_bytes) {
            if (layout.predictor == 2) {
                undo_predictor(row, across * together, together, layout);
            }
            const std::size_t used = std::min(across, width - x) * together;
            unpack_row(to + (line * width + x) * layout.samples + plane, planes, row, used, layout);
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
    case white_is_zero: // PIL forgets to invert 16 bits
        to[0] = to[1] = to[2] = static_cast<u8>(layout.bits == 16 ? from[0] : 255 - from[0] * scale);
        break;
    case black_is_zero:
        to[0] = to[1] = to[2] = static_cast<u8>(from[0] * scale);
        break;
    case palette:
        for (std::size_t c = 0; c < 3; ++c) {
            to[c] = static_cast<u8>(layout.colours[(c << layout.bits) + from[0]] >> 8U);
        }
        break;
    case inks:
        for (std::size_t c = 0; c < 3; ++c) {
            const unsigned white = 255U - from[3];
            const unsigned product = from[c] * white + 128;
            to[c] = static_cast<u8>(white - ((product + (product >> 8U)) >> 8U));
        }
        break;
    default:
        for (std::size_t c = 0; c < 3; ++c) {
            const bool associated = layout.extra_samples.size() == 1 && layout.extra_samples[0] == premultiplied;
            to[c] = associated ? unpremultiply(from[c], from[3]) : from[c];
        }
    }
}

} // namespace

void moco::decode_tiff(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    thread_local Bytes samples;
    const Reader file(bytes, count, name);
    const TiffLayout layout = read_layout(file, name);
    check_layout(layout, name);
    // Orientations 5 to 8 lie on their side; PIL turns TIFF files upright, unlike JPEG files.
    const bool aside = layout.orientation >= 5 && layout.orientation <= 8;
    u8 *to = out.resize(aside ? layout.height : layout.width, aside ? layout.width : layout.height, name);
    const std::size_t width = layout.width;
    const std::size_t height = layout.height;
    u8 *from = samples.grow(width * height * layout.samples);
    read_samples(from, layout, file, name);
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
