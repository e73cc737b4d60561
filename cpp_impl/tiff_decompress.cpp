// The lossless compressions of TIFF: none, PackBits, LZW and deflate.
#include "tiff.hpp"

#define ZLIB_CONST // next_in points to const
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace {

using u8 = std::uint8_t;

bool inflate_all(u8 *to, std::size_t expected, const u8 *from, std::size_t count)
{
    z_stream stream = {};
    stream.next_in = from;
    stream.avail_in = static_cast<uInt>(count);
    stream.next_out = to;
    stream.avail_out = static_cast<uInt>(expected);
    if (inflateInit(&stream) != Z_OK) {
        throw std::bad_alloc();
    }
    const int result = inflate(&stream, Z_FINISH);
    const bool whole = stream.avail_out == 0 && (result == Z_STREAM_END || result == Z_BUF_ERROR || result == Z_OK);
    (void)inflateEnd(&stream);
    return whole;
}

bool unpack_bits(u8 *to, std::size_t expected, const u8 *from, std::size_t count)
{
    const u8 *const end = from + count;
    while (expected > 0) {
        if (end - from < 2) {
            return false;
        }
        const unsigned head = *from++;
        if (head == 128) {
            continue;
        }
        const std::size_t length = std::min<std::size_t>(head < 128 ? head + 1 : 257 - head, expected);
        if (head < 128) {
            if (static_cast<std::size_t>(end - from) < length) {
                return false;
            }
            std::memcpy(to, from, length);
            from += length;
        } else {
            std::memset(to, *from++, length);
        }
        to += length;
        expected -= length;
    }
    return true;
}

// Codes of 9 to 12 bits, highest bit first; each names a string that has been written already.
class Lzw {
  public:
    Lzw(u8 *to, std::size_t expected, const u8 *from, std::size_t count)
        : start_(to), to_(to), end_(to + expected), from_(from), left_(count)
    {}

    bool run()
    {
        unsigned previous = clear;
        while (to_ < end_) {
            unsigned code = 0;
            if (!next(code) || code == stop) {
                return false;
            }
            if (code == clear) {
                size_ = first_free;
                width_ = 9;
            } else if (previous == clear) {
                if (code > 255) {
                    return false;
                }
                *to_++ = static_cast<u8>(code);
            } else if (!follow(previous, code)) {
                return false;
            }
            previous = code;
        }
        return true;
    }

  private:
    static constexpr unsigned clear = 256;
    static constexpr unsigned stop = 257;
    static constexpr unsigned first_free = 258;

    bool next(unsigned &code)
    {
        while (have_ < width_) {
            if (left_ == 0) {
                return false;
            }
            bits_ = bits_ << 8U | *from_++;
            --left_;
            have_ += 8;
        }
        have_ -= width_;
        code = bits_ >> have_ & ((1U << width_) - 1);
        return true;
    }

    // Writes the string of @p code and enters the string before it, one byte longer, into the table.
    bool follow(unsigned previous, unsigned code)
    {
        if (code > size_ || size_ >= entries_.size()) {
            return false;
        }
        const std::size_t length = length_of(previous);
        entries_[size_] = { static_cast<std::size_t>(to_ - start_) - length, length + 1 };
        ++size_;
        if (code < 256) {
            *to_++ = static_cast<u8>(code);
        } else {
            const Entry &entry = entries_[code];
            const u8 *string = start_ + entry.at;
            const u8 *const string_end = string + std::min(entry.length, static_cast<std::size_t>(end_ - to_));
            while (string < string_end) { // may overlap what it writes
                *to_++ = *string++;
            }
        }
        if (size_ + 1 >= 1U << width_ && width_ < 12) {
            ++width_;
        }
        return true;
    }

    std::size_t length_of(unsigned code) const { return code < 256 ? 1 : entries_[code].length; }

    struct Entry {
        std::size_t at;
        std::size_t length;
    };
    std::array<Entry, 4096> entries_ = {};
    u8 *start_;
    u8 *to_;
    u8 *end_;
    const u8 *from_;
    std::size_t left_;
    unsigned bits_ = 0;
    unsigned have_ = 0;
    unsigned width_ = 9;
    unsigned size_ = first_free;
};

} // namespace

bool moco::tiff_decompress(std::uint8_t *to, std::size_t expected, const std::uint8_t *from, std::size_t count,
                           std::uint32_t compression)
{
    switch (compression) {
    case tiff_none:
        if (count < expected) {
            return false;
        }
        std::memcpy(to, from, expected);
        return true;
    case tiff_packbits:
        return unpack_bits(to, expected, from, count);
    case tiff_lzw:
        return Lzw(to, expected, from, count).run();
    default:
        return inflate_all(to, expected, from, count);
    }
}
