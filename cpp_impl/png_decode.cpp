// PNG to RGB over zlib, as PIL converts: alpha and transparent colours are dropped, 16-bit grey is clipped at 255,
// other 16-bit channels keep their high byte.
//
// OpenCV's decoder prints libpng's warnings, multiplies nothing but loses which 16-bit files were grey; hence our own.
#include "image.hpp"

#define ZLIB_CONST // next_in points to const
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace {

using moco::bad_file;
using u8 = std::uint8_t;

enum Colour : u8 { grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgb_alpha = 6 };

std::uint32_t big_endian32(const u8 *bytes)
{
    return static_cast<std::uint32_t>(bytes[0]) << 24U | static_cast<std::uint32_t>(bytes[1]) << 16U |
           static_cast<std::uint32_t>(bytes[2]) << 8U | bytes[3];
}

struct Header {
    std::int64_t width = 0;
    std::int64_t height = 0;
    unsigned bits = 0;
    unsigned colour = 0;
    bool interlaced = false;
    std::array<u8, 768> colours = {};

    [[nodiscard]] unsigned channels() const
    {
        return colour == rgb ? 3 : colour == grey_alpha ? 2 : colour == rgb_alpha ? 4 : 1;
    }
    [[nodiscard]] std::size_t row_bytes(std::int64_t pixels) const
    {
        return (static_cast<std::size_t>(pixels) * bits * channels() + 7) / 8;
    }
    [[nodiscard]] std::size_t pixel_bytes() const { return std::max(1U, bits * channels() / 8); }
};

// A sub-image: all of it, or one of Adam7's seven.
struct Pass {
    std::int64_t x, y, dx, dy, width, height;
};

std::array<Pass, 7> passes_of(const Header &header, std::size_t &count)
{
    static constexpr std::int64_t adam7[7][4] = { { 0, 0, 8, 8 }, { 4, 0, 8, 8 }, { 0, 4, 4, 8 }, { 2, 0, 4, 4 },
                                                  { 0, 2, 2, 4 }, { 1, 0, 2, 2 }, { 0, 1, 1, 2 } };
    std::array<Pass, 7> passes = {};
    count = 0;
    if (!header.interlaced) {
        passes[count++] = { 0, 0, 1, 1, header.width, header.height };
        return passes;
    }
    for (const auto &[x, y, dx, dy] : adam7) {
        const std::int64_t width = (header.width - x + dx - 1) / dx;
        const std::int64_t height = (header.height - y + dy - 1) / dy;
        if (width > 0 && height > 0) {
            passes[count++] = { x, y, dx, dy, width, height };
        }
    }
    return passes;
}

void read_header(Header &header, const u8 *data, std::size_t length, const char *name)
{
    if (length != 13) {
        bad_file(name, "the PNG header has a wrong length");
    }
    header.width = big_endian32(data);
    header.height = big_endian32(data + 4);
    header.bits = data[8];
    header.colour = data[9];
    header.interlaced = data[12] == 1;
    const unsigned b = header.bits;
    const bool deep = b == 8 || b == 16;
    const bool shallow = b == 1 || b == 2 || b == 4;
    const bool known = header.colour == grey      ? deep || shallow
                       : header.colour == palette ? b == 8 || shallow
                                                  : deep && (header.colour == rgb || header.colour == grey_alpha ||
                                                             header.colour == rgb_alpha);
    if (!known || data[10] != 0 || data[11] != 0 || data[12] > 1) {
        bad_file(name, "unknown PNG variant (colour type " + std::to_string(header.colour) + ", " +
                           std::to_string(header.bits) + " bits)");
    }
}

// Walks over the chunks and inflates the image data.
class Inflater {
  public:
    explicit Inflater(const char *name) : name_(name)
    {
        if (inflateInit(&stream_) != Z_OK) {
            throw std::bad_alloc();
        }
    }
    Inflater(const Inflater &) = delete;
    Inflater &operator=(const Inflater &) = delete;
    ~Inflater() { (void)inflateEnd(&stream_); }

    void expect(u8 *to, std::size_t count)
    {
        to_ = to;
        left_ = count;
    }
    void feed(const u8 *data, std::size_t length)
    {
        stream_.next_in = data;
        stream_.avail_in = static_cast<uInt>(length);
        while (stream_.avail_in > 0 && left_ > 0) {
            const auto room = static_cast<uInt>(std::min<std::size_t>(left_, 1U << 30U));
            stream_.next_out = to_;
            stream_.avail_out = room;
            const int result = inflate(&stream_, Z_NO_FLUSH);
            const std::size_t made = room - stream_.avail_out;
            to_ += made;
            left_ -= made;
            if (result == Z_MEM_ERROR) {
                throw std::bad_alloc();
            }
            if (result != Z_OK && !(result == Z_STREAM_END && left_ == 0)) {
                bad_file(name_, "damaged PNG file: its image data do not decompress");
            }
        }
    }
    [[nodiscard]] bool done() const { return left_ == 0; }

  private:
    const char *name_;
    z_stream stream_ = {};
    u8 *to_ = nullptr;
    std::size_t left_ = 0;
};

struct Chunk {
    const u8 *type;
    const u8 *data;
    std::size_t length;

    [[nodiscard]] bool is(const char *other) const { return std::memcmp(type, other, 4) == 0; }
};

Chunk next_chunk(const u8 *&at, const u8 *end, const char *name)
{
    if (end - at < 12) {
        bad_file(name, "the PNG file is truncated");
    }
    const std::size_t length = big_endian32(at);
    const Chunk chunk = { at + 4, at + 8, length };
    if (length > static_cast<std::size_t>(end - at) - 12) {
        bad_file(name, "the PNG file is truncated");
    }
    at += 12 + length;
    const bool critical = (chunk.type[0] & 0x20U) == 0;
    if (critical && crc32(0, chunk.type, static_cast<uInt>(length + 4)) != big_endian32(chunk.data + length)) {
        bad_file(name, "damaged PNG file: wrong checksum");
    }
    return chunk;
}

// Fills @p raw with the filtered rows of all passes.
void read_chunks(Header &header, moco::Bytes &raw, const u8 *bytes, std::size_t count, const char *name)
{
    const u8 *at = bytes + 8;
    const u8 *const end = bytes + count;
    const Chunk first = next_chunk(at, end, name);
    if (!first.is("IHDR")) {
        bad_file(name, "the PNG file does not begin with its header");
    }
    read_header(header, first.data, first.length, name);
    if (header.width < 1 || header.height < 1 || header.width > moco::max_image_pixels / header.height) {
        bad_file(name, "size " + std::to_string(header.width) + " x " + std::to_string(header.height) +
                           " is outside 1 to " + std::to_string(moco::max_image_pixels) + " pixels");
    }
    std::size_t pass_count = 0;
    const auto passes = passes_of(header, pass_count);
    std::size_t total = 0;
    for (std::size_t i = 0; i < pass_count; ++i) {
        total += static_cast<std::size_t>(passes[i].height) * (header.row_bytes(passes[i].width) + 1);
    }
    Inflater inflater(name);
    inflater.expect(raw.grow(total), total);
    bool coloured = header.colour != palette;
    while (!inflater.done()) {
        const Chunk chunk = next_chunk(at, end, name);
        if (chunk.is("PLTE")) {
            std::memcpy(header.colours.data(), chunk.data, std::min(chunk.length, header.colours.size()));
            coloured = true;
        } else if (chunk.is("IDAT")) {
            if (!coloured) {
                bad_file(name, "damaged PNG file: it has no palette");
            }
            inflater.feed(chunk.data, chunk.length);
        } else if (chunk.is("IEND")) {
            bad_file(name, "the PNG file is truncated");
        }
    }
}

int paeth(int left, int up, int corner)
{
    const int to_left = std::abs(up - corner);
    const int to_up = std::abs(left - corner);
    const int to_corner = std::abs(left + up - 2 * corner);
    return to_left <= to_up && to_left <= to_corner ? left : to_up <= to_corner ? up : corner;
}

// Undoes the filter of one row in place; @p above is the row before it, or zeros.
bool unfilter(unsigned filter, u8 *row, const u8 *above, std::size_t count, std::size_t step)
{
    const std::size_t edge = std::min(step, count);
    switch (filter) {
    case 0:
        return true;
    case 1:
        for (std::size_t i = step; i < count; ++i) {
            row[i] = static_cast<u8>(row[i] + row[i - step]);
        }
        return true;
    case 2:
        for (std::size_t i = 0; i < count; ++i) {
            row[i] = static_cast<u8>(row[i] + above[i]);
        }
        return true;
    case 3:
        for (std::size_t i = 0; i < edge; ++i) {
            row[i] = static_cast<u8>(row[i] + above[i] / 2);
        }
        for (std::size_t i = step; i < count; ++i) {
            row[i] = static_cast<u8>(row[i] + (row[i - step] + above[i]) / 2);
        }
        return true;
    case 4:
        for (std::size_t i = 0; i < edge; ++i) {
            row[i] = static_cast<u8>(row[i] + above[i]);
        }
        for (std::size_t i = step; i < count; ++i) {
            row[i] = static_cast<u8>(row[i] + paeth(row[i - step], above[i], above[i - step]));
        }
        return true;
    default:
        return false;
    }
}

// The sample @p index of a row with less than 8 bits a sample.
unsigned small_sample(const u8 *row, std::size_t index, unsigned bits)
{
    const std::size_t bit = index * bits;
    return (static_cast<unsigned>(row[bit / 8]) >> (8 - bits - bit % 8)) & ((1U << bits) - 1);
}

// One row of grey or palette samples; each pixel lands @p step bytes after the one before.
void expand_indexed(const Header &header, u8 *to, std::size_t step, const u8 *row, std::size_t width)
{
    const unsigned scale = header.bits < 8 ? 255U / ((1U << header.bits) - 1) : 1;
    for (std::size_t x = 0; x < width; ++x, to += step) {
        const unsigned sample = header.bits < 8    ? small_sample(row, x, header.bits)
                                : header.bits == 8 ? row[x]
                                : row[2 * x] != 0  ? 255U
                                                   : row[2 * x + 1];
        if (header.colour == palette) {
            std::memcpy(to, &header.colours[static_cast<std::size_t>(sample) * 3], 3);
        } else {
            to[0] = to[1] = to[2] = static_cast<u8>(sample * scale);
        }
    }
}

void expand(const Header &header, u8 *to, std::size_t step, const u8 *row, std::size_t width)
{
    if (header.channels() == 1) {
        expand_indexed(header, to, step, row, width);
        return;
    }
    const std::size_t sample = header.bits / 8;
    const std::size_t pixel = header.pixel_bytes();
    const std::size_t next = header.channels() == 2 ? 0 : sample;
    for (std::size_t x = 0; x < width; ++x, to += step, row += pixel) {
        to[0] = row[0];
        to[1] = row[next];
        to[2] = row[2 * next];
    }
}

} // namespace

void moco::decode_png(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    thread_local Bytes raw;
    thread_local Bytes zeros;
    Header header;
    read_chunks(header, raw, bytes, count, name);
    u8 *to = out.resize(header.width, header.height, name);
    const std::size_t longest = header.row_bytes(header.width);
    std::memset(zeros.grow(longest), 0, longest);
    std::size_t pass_count = 0;
    const auto passes = passes_of(header, pass_count);
    u8 *row = raw.data();
    for (std::size_t i = 0; i < pass_count; ++i) {
        const Pass &pass = passes[i];
        const std::size_t length = header.row_bytes(pass.width);
        const u8 *above = zeros.data();
        for (std::int64_t y = 0; y < pass.height; ++y) {
            if (!unfilter(row[0], row + 1, above, length, header.pixel_bytes())) {
                bad_file(name, "damaged PNG file: unknown filter " + std::to_string(row[0]));
            }
            const std::int64_t first = (pass.y + y * pass.dy) * header.width + pass.x;
            expand(header, to + 3 * first, static_cast<std::size_t>(3 * pass.dx), row + 1,
                   static_cast<std::size_t>(pass.width));
            above = row + 1;
            row += length + 1;
        }
    }
}
