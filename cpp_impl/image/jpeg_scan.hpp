// What the loop over a baseline JPEG file's blocks works on.
#pragma once

#include <cstddef>
#include <cstdint>

namespace moco {

// Codes of up to so many bits, with the bits that follow them, are looked up at once.
constexpr int jpeg_look_bits = 11;

// A Huffman table. What the next bits mean: how many of them to drop (6 bits; 0: a longer code), whether the number
// that follows the code is not among them (1 bit), how far it is to the next coefficient (8 bits from bit 8 on), and
// from bit 16 on the coefficient's value, or of how many bits its number is.
struct JpegTable {
    std::uint32_t look[1 << jpeg_look_bits];
    std::int32_t last_code[18]; // of each length; -1: there is none of it
    std::int32_t shift[18];     // from a code to its symbol's place
    std::uint8_t symbols[256];
};

constexpr std::uint32_t jpeg_number_follows = 64;
constexpr std::uint32_t jpeg_end_of_block = 128; // as a distance

// Bits of the data, of which the marker bytes are gone.
struct JpegBits {
    const std::uint8_t *at; // what was not taken into bits
    const std::uint8_t *end;
    std::uint64_t bits; // from the top
    std::int32_t count; // so many at least are there
};

// Past the end of the data so many bytes can be read: what a block takes (64 x 31 bits), and some more.
constexpr std::size_t jpeg_padding = 512;

struct JpegScan {
    std::int32_t components;
    std::int32_t across[3]; // blocks of a unit
    std::int32_t down[3];
    std::size_t stride[3]; // of the planes
    const JpegTable *dc[3];
    const JpegTable *ac[3];
    const std::uint16_t *steps[3]; // of quantisation, in the order of the file
};

// Units side by side.
struct JpegRun {
    std::uint8_t *planes[3]; // where the row of units starts; NULL: only pass over them
    std::int32_t first;
    std::int32_t end;
    std::int32_t wanted_first; // the others are only passed over
    std::int32_t wanted_end;
};

} // namespace moco
