// Decodes uncompressed BMP files, with the pixels that Pillow gives: palettes of 1, 4 and 8 bits, 16-bit 5-5-5 and
// 5-6-5, 24 and 32 bits.
#include "image/decoders.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace {

using moco::bad_file;
using u8 = std::uint8_t;

std::uint32_t little_endian(const u8 *bytes, unsigned count)
{
    std::uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i) {
        value |= static_cast<std::uint32_t>(bytes[i]) << (8 * i);
    }
    return value;
}

struct Header {
    std::size_t size;
    std::int64_t width;
    std::int64_t height;
    bool top_down;
    unsigned bits;
    std::size_t data;                   // offset of the rows
    std::array<std::uint32_t, 3> masks; // for red, green and blue of 16 and 32 bits
    std::array<u8, 768> colours;
};

constexpr std::uint32_t compression_none = 0;
constexpr std::uint32_t compression_masks = 3;

constexpr std::array<std::uint32_t, 3> masks_555 = { 0x7C00, 0x3E0, 0x1F };
constexpr std::array<std::uint32_t, 3> masks_565 = { 0xF800, 0x7E0, 0x1F };
constexpr std::array<std::uint32_t, 3> masks_888 = { 0xFF0000, 0xFF00, 0xFF };

// Reads channel masks; refuses those that Pillow does not know.
void read_masks(Header &header, const u8 *bytes, std::size_t count, const char *name)
{
    if (count < 14 + 40 + 12) {
        bad_file(name, "the BMP file is truncated");
    }
    for (std::size_t c = 0; c < 3; ++c) {
        header.masks[c] = little_endian(bytes + 14 + 40 + 4 * c, 4);
    }
    if (header.bits == 32 && header.masks == std::array<std::uint32_t, 3>{}) {
        header.masks = masks_888;
    }
    static constexpr std::array<std::uint32_t, 3> known32[] = {
        masks_888, { 0xFF000000, 0xFF0000, 0xFF00 }, { 0xFF000000, 0xFF00, 0xFF }, { 0xFF, 0xFF00, 0xFF0000 }
    };
    const bool known = header.bits == 16   ? header.masks == masks_555 || header.masks == masks_565
                       : header.bits == 24 ? header.masks == masks_888
                       : header.bits == 32
                           ? std::find(std::begin(known32), std::end(known32), header.masks) != std::end(known32)
                           : false;
    if (!known) {
        bad_file(name, "unsupported BMP channel masks; save it as PNG");
    }
}

void read_palette(Header &header, std::size_t entries, std::size_t entry_size, const u8 *bytes, std::size_t count,
                  const char *name)
{
    const std::size_t first = 14 + header.size;
    if (entries > 256 || first + entries * entry_size > count) {
        bad_file(name, "the BMP file is truncated or has a wrong palette");
    }
    for (std::size_t i = 0; i < entries; ++i) {
        std::reverse_copy(bytes + first + i * entry_size, bytes + first + i * entry_size + 3,
                          header.colours.begin() + static_cast<std::ptrdiff_t>(3 * i));
    }
}

Header read_header(const u8 *bytes, std::size_t count, const char *name)
{
    Header header = {};
    if (count < 26) {
        bad_file(name, "the BMP file is truncated");
    }
    header.size = little_endian(bytes + 14, 4);
    const bool old = header.size == 12;
    if ((!old && header.size != 40 && header.size != 52 && header.size != 56 && header.size != 64 &&
         header.size != 108 && header.size != 124) ||
        count < 14 + header.size) {
        bad_file(name,
                 "the BMP file is truncated or has an unknown header of " + std::to_string(header.size) + " bytes");
    }
    const u8 *info = bytes + 14;
    header.width = little_endian(info + 4, old ? 2 : 4);
    header.height = old ? static_cast<std::int64_t>(little_endian(info + 6, 2))
                        : static_cast<std::int32_t>(little_endian(info + 8, 4));
    header.top_down = header.height < 0;
    header.height = std::abs(header.height);
    header.bits = little_endian(info + (old ? 10 : 14), 2);
    const std::uint32_t compression = old ? compression_none : little_endian(info + 16, 4);
    header.masks = header.bits == 16 ? masks_555 : masks_888;
    const unsigned b = header.bits;
    if ((b != 1 && b != 4 && b != 8 && b != 16 && b != 24 && b != 32) ||
        (compression != compression_none && compression != compression_masks)) {
        bad_file(name, "unsupported BMP variant (" + std::to_string(b) + " bits, compression " +
                           std::to_string(compression) + "); save it as PNG");
    }
    if (compression == compression_masks) {
        read_masks(header, bytes, count, name);
    }
    header.data = little_endian(bytes + 10, 4);
    if (b <= 8) {
        const std::size_t entries = old ? 0 : little_endian(info + 32, 4);
        read_palette(header, entries == 0 ? 1U << b : entries, old ? 3 : 4, bytes, count, name);
    }
    return header;
}

// Returns a channel of a packed pixel, scaled to 0 to 255.
u8 channel(std::uint32_t pixel, std::uint32_t mask)
{
    const std::uint32_t lowest = mask & (~mask + 1);
    return static_cast<u8>((pixel & mask) / lowest * 255 / (mask / lowest));
}

void expand(const Header &header, u8 *to, const u8 *row, std::size_t width)
{
    if (header.bits <= 8) {
        for (std::size_t x = 0; x < width; ++x) {
            const std::size_t bit = x * header.bits;
            const unsigned index =
                (static_cast<unsigned>(row[bit / 8]) >> (8 - header.bits - bit % 8)) & ((1U << header.bits) - 1);
            std::memcpy(to + 3 * x, &header.colours[std::size_t{ 3 } * index], 3);
        }
    } else if (header.bits == 24) {
        for (std::size_t x = 0; x < width; ++x) {
            std::reverse_copy(row + 3 * x, row + 3 * x + 3, to + 3 * x);
        }
    } else {
        const unsigned size = header.bits / 8;
        for (std::size_t x = 0; x < width; ++x) {
            const std::uint32_t pixel = little_endian(row + size * x, size);
            for (std::size_t c = 0; c < 3; ++c) {
                to[3 * x + c] = channel(pixel, header.masks[c]);
            }
        }
    }
}

} // namespace

void moco::decode_bmp(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    const Header header = read_header(bytes, count, name);
    u8 *to = out.resize(header.width, header.height, name);
    const auto width = static_cast<std::size_t>(header.width);
    const std::size_t used = (width * header.bits + 7) / 8;
    const std::size_t stride = (used + 3) / 4 * 4;
    const auto height = static_cast<std::size_t>(header.height);
    if (header.data > count || (height - 1) * stride + used > count - header.data) {
        bad_file(name, "the BMP file is truncated");
    }
    for (std::size_t y = 0; y < height; ++y) {
        const std::size_t line = header.top_down ? y : height - 1 - y;
        expand(header, to + line * width * 3, bytes + header.data + y * stride, width);
    }
}
