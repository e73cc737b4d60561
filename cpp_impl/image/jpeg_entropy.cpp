// Baseline JPEG files whose data is in order, to planes: Huffman codes are decoded by tables that know whole values,
// and only the blocks of the part are transformed. Of all else, and at the first sign of damage, libjpeg has the say.
#include "image/jpeg_reader.hpp"

#include "image/pixel_kernels.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace {

constexpr int zigzag[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

// What a code means, and the bits after it where they are among those that are looked up.
std::uint32_t entry_of(int symbol, int length, unsigned rest, bool is_dc)
{
    const int size = is_dc ? symbol : symbol & 15;
    const int free_bits = moco::jpeg_look_bits - length;
    std::uint32_t distance = 0;
    if (!is_dc) {
        distance =
            size != 0 || symbol == 0xF0 ? (static_cast<std::uint32_t>(symbol) >> 4U) + 1 : moco::jpeg_end_of_block;
    }
    if (size > free_bits) {
        return static_cast<std::uint32_t>(length) | moco::jpeg_number_follows | distance << 8U |
               static_cast<std::uint32_t>(size) << 16U;
    }
    int value = size > 0 ? static_cast<int>(rest >> static_cast<unsigned>(free_bits - size)) : 0;
    if (size > 0 && value < 1 << (size - 1)) {
        value -= (1 << size) - 1;
    }
    return static_cast<std::uint32_t>(length + size) | distance << 8U | static_cast<std::uint32_t>(value) << 16U;
}

// False: no table, or none that could be.
bool build(moco::JpegTable &table, const JHUFF_TBL *huffman, bool is_dc)
{
    if (huffman == nullptr) {
        return false;
    }
    std::memset(table.look, 0, sizeof table.look);
    std::memcpy(table.symbols, huffman->huffval, sizeof table.symbols);
    int code = 0;
    int count = 0;
    for (int length = 1; length <= 16; ++length) {
        table.shift[length] = count - code;
        for (int i = 0; i < huffman->bits[length]; ++i, ++code, ++count) {
            const bool all_ones = code >= (1 << length) - 1; // which no table may give to a symbol
            if (count > 255 || all_ones || (is_dc && table.symbols[count] > 15)) {
                return false;
            }
            const int free_bits = moco::jpeg_look_bits - length;
            for (unsigned rest = 0; free_bits >= 0 && rest < 1U << static_cast<unsigned>(free_bits); ++rest) {
                table.look[(static_cast<unsigned>(code) << static_cast<unsigned>(free_bits)) | rest] =
                    entry_of(table.symbols[count], length, rest, is_dc);
            }
        }
        table.last_code[length] = huffman->bits[length] > 0 ? code - 1 : -1;
        code <<= 1;
    }
    return true;
}

// The data without its markers: the bytes, and where each restart's ones end.
struct Data {
    moco::Bytes bytes;
    std::vector<std::size_t> ends;
};

// False: restarts are not in their order, or something else is in the data.
bool collect(Data &data, const std::uint8_t *from, std::size_t count)
{
    const std::uint8_t *const end = from + count;
    std::uint8_t *const start = data.bytes.grow(count + moco::jpeg_padding);
    std::uint8_t *to = start;
    data.ends.clear();
    for (;;) {
        const auto *marker =
            static_cast<const std::uint8_t *>(std::memchr(from, 0xFF, static_cast<std::size_t>(end - from)));
        if (marker == nullptr || marker + 1 == end) {
            return false;
        }
        const int code = marker[1];
        const auto length = static_cast<std::size_t>(marker - from) + (code == 0 ? 1 : 0);
        std::memcpy(to, from, length);
        to += length;
        from = marker + 2;
        if (code == 0) {
            continue;
        }
        data.ends.push_back(static_cast<std::size_t>(to - start));
        if (code == JPEG_EOI) {
            std::memset(to, 0, moco::jpeg_padding);
            return true;
        }
        if (code != JPEG_RST0 + static_cast<int>((data.ends.size() - 1) % 8)) {
            return false;
        }
    }
}

struct Decoder {
    Data data;
    moco::JpegTable tables[2][NUM_HUFF_TBLS]; // of means, of the rest
    std::uint16_t steps[NUM_QUANT_TBLS][DCTSIZE2];
    moco::JpegScan scan;
};

bool prepare(Decoder &decoder, const jpeg_decompress_struct &jpeg)
{
    moco::JpegScan &scan = decoder.scan;
    bool built[2][NUM_HUFF_TBLS] = {};
    scan.components = jpeg.num_components;
    for (int c = 0; c < jpeg.num_components; ++c) {
        const jpeg_component_info &component = jpeg.comp_info[c];
        const int numbers[2] = { component.dc_tbl_no, component.ac_tbl_no };
        const JQUANT_TBL *quantisation = jpeg.quant_tbl_ptrs[component.quant_tbl_no & (NUM_QUANT_TBLS - 1)];
        for (int kind = 0; kind < 2; ++kind) {
            const int number = numbers[kind];
            if (number < 0 || number >= NUM_HUFF_TBLS) {
                return false;
            }
            const JHUFF_TBL *huffman = kind == 0 ? jpeg.dc_huff_tbl_ptrs[number] : jpeg.ac_huff_tbl_ptrs[number];
            if (!built[kind][number] && !build(decoder.tables[kind][number], huffman, kind == 0)) {
                return false;
            }
            built[kind][number] = true;
        }
        if (quantisation == nullptr || component.quant_tbl_no >= NUM_QUANT_TBLS) {
            return false;
        }
        std::uint16_t *steps = decoder.steps[component.quant_tbl_no];
        for (int i = 0; i < DCTSIZE2; ++i) {
            steps[i] = quantisation->quantval[zigzag[i]];
        }
        scan.across[c] = component.h_samp_factor;
        scan.down[c] = component.v_samp_factor;
        scan.dc[c] = &decoder.tables[0][numbers[0]];
        scan.ac[c] = &decoder.tables[1][numbers[1]];
        scan.steps[c] = steps;
    }
    return true;
}

// The order of the planes is the file's own, and a lone one has no units of several blocks.
bool is_simple(const jpeg_decompress_struct &jpeg)
{
    for (int c = 0; c < jpeg.num_components; ++c) {
        if (jpeg.cur_comp_info[c] != &jpeg.comp_info[c]) {
            return false;
        }
    }
    return jpeg.arith_code == FALSE && jpeg.data_precision == 8 &&
           (jpeg.num_components == 3 || (jpeg.max_h_samp_factor == 1 && jpeg.max_v_samp_factor == 1));
}

// Bits from the start of restart interval @p number on; none where there is none.
moco::JpegBits bits_of(const Data &data, std::size_t number)
{
    if (number >= data.ends.size()) {
        return { nullptr, nullptr, 0, 0 };
    }
    const std::size_t start = number > 0 ? data.ends[number - 1] : 0;
    return { data.bytes.data() + start, data.bytes.data() + data.ends[number], 0, 0 };
}

bool has_run_over(const moco::JpegBits &bits)
{
    return (bits.at - bits.end) * 8 > bits.count;
}

} // namespace

bool moco::jpeg_read_blocks(const jpeg_decompress_struct &jpeg, const Ycc &ycc, const JpegUnits &units)
{
    thread_local Decoder decoder;
    if (!is_simple(jpeg) || !collect(decoder.data, jpeg.src->next_input_byte, jpeg.src->bytes_in_buffer) ||
        !prepare(decoder, jpeg)) {
        return false;
    }
    for (int c = 0; c < jpeg.num_components; ++c) {
        decoder.scan.stride[c] = ycc.plane[c].stride;
    }
    const PixelKernels &kernels = pixel_kernels();
    const auto interval = static_cast<std::int64_t>(jpeg.restart_interval);
    std::int64_t done = 0;
    std::size_t restarts = 0;
    std::int32_t means[3] = {};
    JpegBits bits = bits_of(decoder.data, 0);
    for (std::int32_t row = 0; row < units.end_row; ++row) {
        JpegRun run = { {}, 0, 0, units.first_column, units.end_column };
        for (int c = 0; c < jpeg.num_components && row >= units.first_row; ++c) {
            const Plane &plane = ycc.plane[c];
            run.planes[c] =
                plane.data +
                static_cast<std::size_t>((row - units.first_row) * decoder.scan.down[c] * DCTSIZE) * plane.stride;
        }
        while (run.first < units.columns) {
            if (interval > 0 && done == interval) {
                bits = bits_of(decoder.data, ++restarts);
                std::fill_n(means, 3, 0);
                done = 0;
            }
            const std::int64_t left = interval > 0 ? interval - done : units.columns;
            run.end = static_cast<std::int32_t>(std::min<std::int64_t>(units.columns, run.first + left));
            if (bits.at == nullptr || !kernels.read_units(decoder.scan, bits, means, run) || has_run_over(bits)) {
                return false;
            }
            done += run.end - run.first;
            run.first = run.end;
        }
    }
    return interval > 0 || decoder.data.ends.size() == 1;
}
