// Decodes PBM, PGM and PPM files, plain and binary, with the pixels that Pillow gives: grey of more than 8 bits is
// scaled to 16 bits and clipped at 255, colours are scaled to 8 bits. As bands, all samples keep their 16 bits.
#include "image/decoders.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace {

using moco::bad_file;
using u8 = std::uint8_t;

constexpr std::size_t longest_number = 10; // digits

bool is_space(u8 byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

// The bytes of a file, and the next one.
struct Reader {
    const u8 *bytes;
    std::size_t count;
    std::size_t at;
    const char *name;

    [[nodiscard]] bool ended() const { return at >= count; }

    // A comment goes from # to the end of the line, which is a part of it.
    void skip_comment()
    {
        while (!ended() && bytes[at] != '\n' && bytes[at] != '\r') {
            ++at;
        }
        ++at;
    }
    // Reads a number of the header, and the one space after it.
    std::uint32_t number()
    {
        std::uint64_t value = 0;
        std::size_t digits = 0;
        while (!ended() && digits <= longest_number) {
            const u8 byte = bytes[at++];
            if (byte == '#') {
                skip_comment();
            } else if (is_space(byte)) {
                if (digits > 0) {
                    break;
                }
            } else if (byte >= '0' && byte <= '9') {
                value = value * 10 + (byte - '0');
                ++digits;
            } else {
                bad_file(name, "damaged header of a PBM, PGM or PPM file");
            }
        }
        if (digits == 0 || value > UINT32_MAX) {
            bad_file(name, "truncated or damaged header of a PBM, PGM or PPM file");
        }
        return static_cast<std::uint32_t>(value);
    }
    // Reads a sample of a plain file. Comments are as if they were not there, even in the middle of a number.
    std::uint32_t plain_sample(bool one_digit)
    {
        std::uint64_t value = 0;
        std::size_t digits = 0;
        while (!ended()) {
            const u8 byte = bytes[at++];
            if (byte == '#') {
                skip_comment();
                continue;
            }
            if (is_space(byte)) {
                if (digits > 0) {
                    break;
                }
                continue;
            }
            if (byte < '0' || byte > '9' || ++digits > longest_number) {
                bad_file(name, "a sample of the plain PBM, PGM or PPM file is not a number");
            }
            value = value * 10 + (byte - '0');
            if (one_digit) {
                break;
            }
        }
        if (digits == 0) {
            bad_file(name, "the PBM, PGM or PPM file is truncated");
        }
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, UINT32_MAX));
    }
};

struct Header {
    bool plain = false;
    bool bilevel = false;
    std::size_t channels = 1;
    std::int64_t width = 0;
    std::int64_t height = 0;
    std::uint32_t most = 1; // the largest value of a sample
};

Header read_header(Reader &reader)
{
    Header header;
    const char kind = static_cast<char>(reader.bytes[1]);
    header.plain = kind <= '3';
    header.bilevel = kind == '1' || kind == '4';
    header.channels = kind == '3' || kind == '6' ? 3 : 1;
    reader.at = 3;
    header.width = reader.number();
    header.height = reader.number();
    if (!header.bilevel) {
        header.most = reader.number();
        if (header.most == 0 || header.most > UINT16_MAX) {
            bad_file(reader.name, "the largest sample of the PGM or PPM file is " + std::to_string(header.most) +
                                      ", not 1 to 65535");
        }
    }
    return header;
}

// One byte for a sample, with Pillow's rounding.
u8 scale(std::uint32_t value, const Header &header)
{
    if (header.bilevel) {
        return value == 0 ? 255 : 0;
    }
    const bool wide = header.most > 255 && header.channels == 1;
    const double scaled = std::nearbyint(static_cast<double>(value) / header.most * (wide ? 65535 : 255));
    return static_cast<u8>(std::min(scaled, 255.0));
}

void put(u8 *pixel, std::size_t channel, u8 value, const Header &header)
{
    if (header.channels == 3) {
        pixel[channel] = value;
    } else {
        pixel[0] = pixel[1] = pixel[2] = value;
    }
}

std::uint32_t plain_value(Reader &reader, const Header &header)
{
    const std::uint32_t value = reader.plain_sample(header.bilevel);
    if (value > header.most) {
        bad_file(reader.name, "a sample of the plain file is " + std::to_string(value) + ", more than its " +
                                  std::to_string(header.most));
    }
    return value;
}

void read_plain(u8 *to, Reader &reader, const Header &header, std::size_t pixels)
{
    for (std::size_t i = 0; i < pixels; ++i, to += 3) {
        for (std::size_t c = 0; c < header.channels; ++c) {
            put(to, c, scale(plain_value(reader, header), header), header);
        }
    }
}

void read_binary(u8 *to, const Reader &reader, const Header &header)
{
    const u8 *from = reader.bytes + reader.at;
    const auto width = static_cast<std::size_t>(header.width);
    const std::size_t size = header.most > 255 ? 2 : 1;
    for (std::int64_t y = 0; y < header.height; ++y) {
        for (std::size_t x = 0; x < width; ++x, to += 3) {
            if (header.bilevel) {
                put(to, 0, scale((from[x / 8] >> (7 - x % 8)) & 1U, header), header);
                continue;
            }
            for (std::size_t c = 0; c < header.channels; ++c, from += size) {
                put(to, c, scale(size == 2 ? from[0] * 256U + from[1] : from[0], header), header);
            }
        }
        from += header.bilevel ? (width + 7) / 8 : 0;
    }
}

// Reads the header, and checks that the file is long enough.
Header read_checked_header(Reader &reader)
{
    const Header header = read_header(reader);
    moco::check_picture(header.width, header.height, reader.name);
    const auto width = static_cast<std::size_t>(header.width);
    const std::size_t row = header.bilevel ? (header.plain ? width : (width + 7) / 8)
                                           : width * header.channels * (header.most > 255 && !header.plain ? 2 : 1);
    // A plain sample takes a byte at least, and a space unless it has one digit.
    if (reader.at > reader.count || row * static_cast<std::size_t>(header.height) > reader.count - reader.at) {
        bad_file(reader.name, "the PBM, PGM or PPM file is truncated");
    }
    return header;
}

} // namespace

bool moco::is_netpbm(const std::uint8_t *bytes, std::size_t count)
{
    return count >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' && is_space(bytes[2]);
}

void moco::decode_netpbm(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    Reader reader = { bytes, count, 0, name };
    const Header header = read_checked_header(reader);
    u8 *to = out.resize(header.width, header.height, name);
    if (header.plain) {
        read_plain(to, reader, header, static_cast<std::size_t>(header.width * header.height));
    } else {
        read_binary(to, reader, header);
    }
}

bool moco::decode_netpbm_bands(Bands &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    Reader reader = { bytes, count, 0, name };
    const Header header = read_checked_header(reader);
    if (header.most <= 255) {
        return false;
    }
    out.resize(header.width, header.height, static_cast<std::int64_t>(header.channels), name);
    out.depth = Depth::words;
    const u8 *from = bytes + reader.at;
    for (std::size_t i = 0; i < out.size(); ++i, from += header.plain ? 0 : 2) {
        const std::uint32_t value = header.plain ? plain_value(reader, header) : from[0] * 256U + from[1];
        out.plane(i % header.channels)[i / header.channels] =
            static_cast<float>(std::min(1.0, static_cast<double>(value) / header.most));
    }
    return true;
}
