// The loop over the blocks of a JPEG file; a part of pixel_loops.hpp, which includes this within its namespace.

// ---- Bits ----

inline void refill(moco::JpegBits &b)
{
    u64 next;
    __builtin_memcpy(&next, b.at, sizeof next);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    next = __builtin_bswap64(next);
#endif
    b.bits |= next >> static_cast<unsigned>(b.count);
    b.at += (63 - b.count) >> 3;
    b.count |= 56;
}

inline void drop(moco::JpegBits &b, i32 count)
{
    b.bits <<= static_cast<unsigned>(count);
    b.count -= count;
}

// A number of @p size bits, of which small ones stand for negative numbers.
inline i32 take_number(moco::JpegBits &b, i32 size)
{
    if (size == 0) {
        return 0;
    }
    const auto value = static_cast<i32>(b.bits >> static_cast<unsigned>(64 - size));
    drop(b, size);
    return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

// What looking up did not tell in full; 0: there is no such code.
inline u32 take_long(moco::JpegBits &b, const moco::JpegTable &table, u32 entry, bool is_dc)
{
    if ((entry & 63U) != 0) {
        drop(b, static_cast<i32>(entry & 63U));
        return (entry & 0xFF00U) | static_cast<u32>(take_number(b, static_cast<i32>(entry >> 16U))) << 16U | 1U;
    }
    for (i32 length = moco::jpeg_look_bits + 1; length <= 16; ++length) {
        const auto code = static_cast<i32>(b.bits >> static_cast<unsigned>(64 - length));
        if (code <= table.last_code[length]) {
            drop(b, length);
            const u32 symbol = table.symbols[(code + table.shift[length]) & 255];
            const u32 size = is_dc ? symbol : symbol & 15U;
            const u32 distance = size != 0 || symbol == 0xF0 ? (symbol >> 4U) + 1 : moco::jpeg_end_of_block;
            return distance << 8U | static_cast<u32>(take_number(b, static_cast<i32>(size))) << 16U | 1U;
        }
    }
    return 0;
}

inline bool is_whole(u32 entry)
{
    return (entry & moco::jpeg_number_follows) == 0 && (entry & 63U) != 0;
}

// ---- Blocks ----

// Where the coefficients of the file go: columns of the block, which the transform starts with.
constexpr u8 place_of[64] = {
    0,  8,  1,  2,  9,  16, 24, 17, 10, 3,  4,  11, 18, 25, 32, 40, 33, 26, 19, 12, 5,  6,
    13, 20, 27, 34, 41, 48, 56, 49, 42, 35, 28, 21, 14, 7,  15, 22, 29, 36, 43, 50, 57, 58,
    51, 44, 37, 30, 23, 31, 38, 45, 52, 59, 60, 53, 46, 39, 47, 54, 61, 62, 55, 63,
};

// Reads a block; false: the data is damaged. @p more: whether it has more than its mean.
inline bool read_block(moco::JpegBits &b, i16 *block, const moco::JpegTable &dc, const moco::JpegTable &ac,
                       const u16 *steps, i32 &mean, bool &more)
{
    refill(b);
    u32 entry = dc.look[b.bits >> (64 - moco::jpeg_look_bits)];
    if (is_whole(entry)) {
        drop(b, static_cast<i32>(entry & 63U));
    } else if ((entry = take_long(b, dc, entry, true)) == 0) {
        return false;
    }
    mean += static_cast<i32>(entry) >> 16;
    if (mean != static_cast<i16>(mean)) {
        return false;
    }
    block[0] = static_cast<i16>(mean * steps[0]);
    for (u32 k = 0;;) {
        // There are 56 bits: of two codes that are looked up and of one of any length.
        refill(b);
        for (int i = 0; i < 3; ++i) {
            entry = ac.look[b.bits >> (64 - moco::jpeg_look_bits)];
            const bool whole = is_whole(entry);
            if (whole) {
                drop(b, static_cast<i32>(entry & 63U));
            } else if ((entry = take_long(b, ac, entry, false)) == 0) {
                return false;
            }
            const u32 distance = entry >> 8U & 255U;
            const u32 before = k;
            k += distance;
            if (k > 63) {
                more = before > 0;
                return distance == moco::jpeg_end_of_block;
            }
            block[place_of[k]] = static_cast<i16>((static_cast<i32>(entry) >> 16) * steps[k]);
            if (k == 63) {
                more = true;
                return true;
            }
            if (!whole) {
                break;
            }
        }
    }
}

// ---- The inverse transform: Loeffler, Ligtenberg and Moschytz's, in 13-bit fixed point ----

using Row = i16 __attribute__((vector_size(16)));
using Wide = i32 __attribute__((vector_size(32)));
using RowBytes = u8 __attribute__((vector_size(8)));

// Eight of them side by side, over v[0..7]; results have 13 bits more.
inline void transform(Wide *v)
{
    const Wide even = (v[2] + v[6]) * 4433;
    const Wide e2 = even - v[6] * 15137;
    const Wide e3 = even + v[2] * 6270;
    const Wide e0 = (v[0] + v[4]) << 13;
    const Wide e1 = (v[0] - v[4]) << 13;
    const Wide a0 = e0 + e3;
    const Wide a3 = e0 - e3;
    const Wide a1 = e1 + e2;
    const Wide a2 = e1 - e2;
    const Wide z3 = v[7] + v[3];
    const Wide z4 = v[5] + v[1];
    const Wide z5 = (z3 + z4) * 9633;
    const Wide z1 = (v[7] + v[1]) * -7373;
    const Wide z2 = (v[5] + v[3]) * -20995;
    const Wide y3 = z3 * -16069 + z5;
    const Wide y4 = z4 * -3196 + z5;
    const Wide o0 = v[7] * 2446 + z1 + y3;
    const Wide o1 = v[5] * 16819 + z2 + y4;
    const Wide o2 = v[3] * 25172 + z2 + y3;
    const Wide o3 = v[1] * 12299 + z1 + y4;
    v[0] = a0 + o3;
    v[7] = a0 - o3;
    v[1] = a1 + o2;
    v[6] = a1 - o2;
    v[2] = a2 + o1;
    v[5] = a2 - o1;
    v[3] = a3 + o0;
    v[4] = a3 - o0;
}

// One of the three steps that turn 8 x 8 numbers over their diagonal.
inline void interleave_rows(Row *out, const Row *in)
{
    for (size_t i = 0; i < 4; ++i) {
        out[2 * i] = __builtin_shufflevector(in[i], in[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
        out[2 * i + 1] = __builtin_shufflevector(in[i], in[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
}

// Rows of @p block are the picture's columns.
__attribute__((noinline)) void invert(u8 *out, size_t stride, const i16 *block)
{
    Row rows[8];
    Row other[8];
    Wide v[8];
    for (size_t i = 0; i < 8; ++i) {
        __builtin_memcpy(&rows[i], block + 8 * i, sizeof rows[i]);
        v[i] = __builtin_convertvector(rows[i], Wide);
    }
    transform(v);
    for (size_t i = 0; i < 8; ++i) {
        rows[i] = __builtin_convertvector((v[i] + (1 << 10)) >> 11, Row);
    }
    interleave_rows(other, rows);
    interleave_rows(rows, other);
    interleave_rows(other, rows);
    for (size_t i = 0; i < 8; ++i) {
        v[i] = __builtin_convertvector(other[i], Wide);
    }
    transform(v);
    for (size_t i = 0; i < 8; ++i) {
        Wide values = ((v[i] + (1 << 17)) >> 18) + 128;
        values = values < 0 ? Wide{} : values;
        values = values > 255 ? Wide{} + 255 : values;
        const RowBytes bytes = __builtin_convertvector(values, RowBytes);
        __builtin_memcpy(out + i * stride, &bytes, sizeof bytes);
    }
}

// A block of one value.
__attribute__((noinline)) void fill_block(u8 *out, size_t stride, i32 mean)
{
    const i32 value = ((mean + 4) >> 3) + 128;
    const auto byte = static_cast<u8>(value < 0 ? 0 : value > 255 ? 255 : value);
    for (size_t i = 0; i < 8; ++i) {
        __builtin_memset(out + i * stride, byte, 8);
    }
}

inline void clear(i16 *block)
{
    __builtin_memset(block, 0, 64 * sizeof *block);
}

bool read_units(const moco::JpegScan &scan, moco::JpegBits &data, i32 *means, const moco::JpegRun &run)
{
    alignas(64) i16 block[64];
    moco::JpegBits b = data;
    clear(block);
    for (i32 unit = run.first; unit < run.end; ++unit) {
        const bool wanted = run.planes[0] != nullptr && unit >= run.wanted_first && unit < run.wanted_end;
        for (i32 c = 0; c < scan.components; ++c) {
            const size_t stride = scan.stride[c];
            for (i32 at = 0; at < scan.across[c] * scan.down[c]; ++at) {
                bool more;
                if (b.at > b.end + sizeof b.bits ||
                    !read_block(b, block, *scan.dc[c], *scan.ac[c], scan.steps[c], means[c], more)) {
                    return false;
                }
                if (wanted) {
                    const auto x = static_cast<size_t>(unit * scan.across[c] + at % scan.across[c]);
                    u8 *out = run.planes[c] + static_cast<size_t>(at / scan.across[c]) * 8 * stride + 8 * x;
                    more ? invert(out, stride, block) : fill_block(out, stride, block[0]);
                }
                if (more) {
                    clear(block);
                }
            }
        }
    }
    data = b;
    return true;
}
