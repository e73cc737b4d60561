// The loops over pixels, in a form that compilers vectorise. Each file that includes this is compiled for one kind of
// processor, so nothing here may be shared with other files: no function of the standard library is called, since the
// linker would be free to give a copy with instructions of one kind to the others.
#include "image/pixel_kernels.hpp"

namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u64 = std::uint64_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using u32 = std::uint32_t;
using std::size_t;

// A block of pixels whose channels are worked on as wider numbers.
constexpr size_t block = 256;

inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

// ---- Transposing ----

constexpr size_t tile = 16;
using Tile = u8 __attribute__((vector_size(tile)));

inline Tile load(const u8 *from)
{
    Tile value;
    __builtin_memcpy(&value, from, tile);
    return value;
}

// Interleaving the first half of the rows with the second one, four times, transposes 16 x 16 bytes.
inline void interleave(Tile *out, const Tile *in)
{
    for (size_t i = 0; i < tile / 2; ++i) {
        const Tile a = in[i];
        const Tile b = in[i + tile / 2];
        out[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        out[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
}

inline void transpose_tile(u8 *out, size_t out_stride, const u8 *in, size_t in_stride)
{
    Tile a[tile];
    Tile b[tile];
    for (size_t i = 0; i < tile; ++i) {
        a[i] = load(in + i * in_stride);
    }
    interleave(b, a);
    interleave(a, b);
    interleave(b, a);
    interleave(a, b);
    for (size_t i = 0; i < tile; ++i) {
        __builtin_memcpy(out + i * out_stride, &a[i], tile);
    }
}

void transpose_rest(u8 *out, size_t out_stride, const u8 *in, size_t in_stride, size_t rows, size_t columns)
{
    for (size_t y = 0; y < rows; ++y) {
        for (size_t x = 0; x < columns; ++x) {
            out[x * out_stride + y] = in[y * in_stride + x];
        }
    }
}

void transpose(u8 *out, size_t out_stride, const u8 *in, size_t in_stride, size_t rows, size_t columns)
{
    const size_t whole_rows = rows - rows % tile;
    const size_t whole_columns = columns - columns % tile;
    for (size_t y = 0; y < whole_rows; y += tile) {
        for (size_t x = 0; x < whole_columns; x += tile) {
            transpose_tile(out + x * out_stride + y, out_stride, in + y * in_stride + x, in_stride);
        }
    }
    transpose_rest(out + whole_columns * out_stride, out_stride, in + whole_columns, in_stride, whole_rows,
                   columns - whole_columns);
    transpose_rest(out + whole_rows, out_stride, in + whole_rows * in_stride, in_stride, rows - whole_rows, columns);
}

// ---- Resizing ----

constexpr int fraction_bits = 22;
constexpr i32 half = 1 << (fraction_bits - 1);

inline u8 clip(i32 sum)
{
    const i32 value = sum >> fraction_bits;
    return static_cast<u8>(value < 255 ? value : 255);
}

// A sum of so many rows, known when compiling.
template <int count>
inline void weigh(u8 *__restrict out, const u8 *__restrict in, size_t stride, size_t width, const i32 *weights)
{
    i32 weight[count];
    for (int i = 0; i < count; ++i) {
        weight[i] = weights[i];
    }
    for (size_t x = 0; x < width; ++x) {
        i32 sum = half;
        for (int i = 0; i < count; ++i) {
            sum += in[static_cast<size_t>(i) * stride + x] * weight[i];
        }
        out[x] = clip(sum);
    }
}

void weigh_many(u8 *__restrict out, const u8 *__restrict in, size_t stride, size_t width, const i32 *weights, i32 count)
{
    i32 sum[block];
    for (size_t from = 0; from < width; from += block) {
        const size_t part = smaller(block, width - from);
        for (size_t x = 0; x < part; ++x) {
            sum[x] = half;
        }
        for (i32 i = 0; i < count; ++i) {
            const u8 *row = in + static_cast<size_t>(i) * stride + from;
            const i32 weight = weights[i];
            for (size_t x = 0; x < part; ++x) {
                sum[x] += row[x] * weight;
            }
        }
        for (size_t x = 0; x < part; ++x) {
            out[from + x] = clip(sum[x]);
        }
    }
}

void weigh_rows(u8 *out, size_t out_stride, const u8 *in, size_t in_stride, size_t width, const moco::Taps *taps,
                size_t count)
{
    for (size_t j = 0; j < count; ++j, out += out_stride) {
        const u8 *from = in + static_cast<size_t>(taps[j].first) * in_stride;
        const i32 *weights = taps[j].weights;
        switch (taps[j].count) {
        case 1:
            weigh<1>(out, from, in_stride, width, weights);
            break;
        case 2:
            weigh<2>(out, from, in_stride, width, weights);
            break;
        case 3:
            weigh<3>(out, from, in_stride, width, weights);
            break;
        case 4:
            weigh<4>(out, from, in_stride, width, weights);
            break;
        case 5:
            weigh<5>(out, from, in_stride, width, weights);
            break;
        case 6:
            weigh<6>(out, from, in_stride, width, weights);
            break;
        default:
            weigh_many(out, from, in_stride, width, weights, taps[j].count);
        }
    }
}

// ---- Blurring ----

inline u8 weigh_box(u32 sum, u32 ends, moco::Box box)
{
    return static_cast<u8>((sum * box.whole + ends * box.part + (1U << 23U)) >> 24U);
}

// Rows that lie beyond an edge are the edge's.
inline const u8 *row_at(const u8 *in, size_t width, size_t height, std::ptrdiff_t y)
{
    const auto last = static_cast<std::ptrdiff_t>(height) - 1;
    return in + static_cast<size_t>(y < 0 ? 0 : y > last ? last : y) * width;
}

// A box of one or three whole pixels needs no running sum.
template <int radius>
void blur_narrow(u8 *__restrict out, const u8 *__restrict in, size_t width, size_t height, moco::Box box)
{
    for (size_t y = 0; y < height; ++y, out += width) {
        const auto at = static_cast<std::ptrdiff_t>(y);
        const u8 *above = row_at(in, width, height, at - radius - 1);
        const u8 *below = row_at(in, width, height, at + radius + 1);
        const u8 *middle[3] = { row_at(in, width, height, at - radius), row_at(in, width, height, at),
                                row_at(in, width, height, at + radius) };
        for (size_t x = 0; x < width; ++x) {
            const u32 sum = radius == 0 ? middle[1][x] : static_cast<u32>(middle[0][x]) + middle[1][x] + middle[2][x];
            out[x] = weigh_box(sum, static_cast<u32>(above[x]) + below[x], box);
        }
    }
}

void blur_wide(u8 *__restrict out, const u8 *__restrict in, u32 *__restrict sum, size_t width, size_t height,
               moco::Box box)
{
    for (size_t x = 0; x < width; ++x) {
        sum[x] = 0;
    }
    for (i32 y = -box.radius - 1; y < box.radius; ++y) {
        const u8 *from = row_at(in, width, height, y);
        for (size_t x = 0; x < width; ++x) {
            sum[x] += from[x];
        }
    }
    for (size_t y = 0; y < height; ++y, out += width) {
        const auto at = static_cast<std::ptrdiff_t>(y);
        const u8 *leaving = row_at(in, width, height, at - box.radius - 1);
        const u8 *entering = row_at(in, width, height, at + box.radius);
        const u8 *next = row_at(in, width, height, at + box.radius + 1);
        for (size_t x = 0; x < width; ++x) {
            sum[x] += static_cast<u32>(entering[x]) - leaving[x];
            out[x] = weigh_box(sum[x], static_cast<u32>(leaving[x]) + next[x], box);
        }
    }
}

void blur_rows(u8 *out, const u8 *in, u32 *sum, size_t width, size_t height, moco::Box box)
{
    if (box.radius == 0) {
        blur_narrow<0>(out, in, width, height, box);
    } else if (box.radius == 1) {
        blur_narrow<1>(out, in, width, height, box);
    } else {
        blur_wide(out, in, sum, width, height, box);
    }
}

// ---- Colour ----

// PIL's Image.blend for one byte: from @p degenerate (factor 0) to @p value (factor 1) and beyond, truncated.
inline u8 mixed(float degenerate, float value, float factor)
{
    const float sum = degenerate + factor * (value - degenerate);
    const float low = sum > 0.0F ? sum : 0.0F;
    return static_cast<u8>(static_cast<i32>(low < 255.0F ? low : 255.0F));
}

// ITU-R 601 luma in Pillow's 16-bit fixed point.
inline u8 luma_of(u32 red, u32 green, u32 blue)
{
    return static_cast<u8>((red * 19595U + green * 38470U + blue * 7471U + 0x8000U) >> 16U);
}

void blend(u8 *bytes, size_t count, float grey, float factor)
{
    for (size_t i = 0; i < count; ++i) {
        bytes[i] = mixed(grey, bytes[i], factor);
    }
}

void saturate(u8 *const planes[3], size_t count, float factor)
{
    u8 *__restrict r = planes[0];
    u8 *__restrict g = planes[1];
    u8 *__restrict b = planes[2];
    for (size_t i = 0; i < count; ++i) {
        const auto grey = static_cast<float>(luma_of(r[i], g[i], b[i]));
        r[i] = mixed(grey, r[i], factor);
        g[i] = mixed(grey, g[i], factor);
        b[i] = mixed(grey, b[i], factor);
    }
}

std::uint64_t sum_luma(u8 *const planes[3], size_t count)
{
    std::uint64_t total = 0;
    for (size_t from = 0; from < count; from += block) {
        const size_t end = smaller(from + block, count);
        u32 sum = 0;
        for (size_t i = from; i < end; ++i) {
            sum += luma_of(planes[0][i], planes[1][i], planes[2][i]);
        }
        total += sum;
    }
    return total;
}

void grey(u8 *const planes[3], size_t count)
{
    u8 *__restrict r = planes[0];
    u8 *__restrict g = planes[1];
    u8 *__restrict b = planes[2];
    for (size_t i = 0; i < count; ++i) {
        const u8 value = luma_of(r[i], g[i], b[i]);
        r[i] = value;
        g[i] = value;
        b[i] = value;
    }
}

// ---- Hue ----
//
// PIL's two conversions, RGB to HSV bytes and back, which it computes in float32 and double by turns. Float32 alone
// gives the same bytes: tests/unit/test_pixel_kernels.cpp holds this against PIL's arithmetic for every colour.

// In vectors of the processor's size, since the compiler would not vectorise a loop with so many choices.

#if defined(__AVX512F__)
constexpr size_t lanes = 16;
#elif defined(__AVX2__)
constexpr size_t lanes = 8;
#else
constexpr size_t lanes = 4;
#endif
using Bytes = u8 __attribute__((vector_size(lanes)));
using Ints = i32 __attribute__((vector_size(4 * lanes)));
using Floats = float __attribute__((vector_size(4 * lanes)));

#define TO_FLOATS(x) __builtin_convertvector(x, Floats)
#define TO_INTS(x) __builtin_convertvector(x, Ints) // truncates

struct Colours {
    Ints r, g, b;
};

// The hue's byte: @p q is how far the middle channel lies below the largest one, of the whole range.
inline Ints hue_of(const Colours &in, const Ints &largest, const Ints &smallest, const Floats &q)
{
    const Ints from_red = in.r == largest;
    const Ints from_green = in.g == largest;
    const Ints no_red = in.r == smallest;
    const Floats start = from_red     ? Floats{}
                         : no_red     ? Floats{} + 3.0F
                         : from_green ? Floats{} + 1.0F
                                      : Floats{} + 5.0F;
    const Floats way = from_red ? 1.0F - q : q;
    const Ints up = from_red ? in.b == smallest : from_green ^ no_red;
    const Floats sixths = start + (up ? way : -way); // from -1 to 5
    const Floats bytes = sixths / 6.0F * 255.0F;
    return TO_INTS(sixths < 0.0F ? bytes + 255.0F : bytes);
}

inline void shift_colours(Colours &c, i32 shift)
{
    const Ints high = c.r > c.g ? c.r : c.g;
    const Ints low = c.r > c.g ? c.g : c.r;
    const Ints largest = high > c.b ? high : c.b;
    const Ints smallest = low < c.b ? low : c.b;
    const Ints range = largest - smallest;
    const Ints below = 2 * largest + smallest - c.r - c.g - c.b; // from the largest to the middle channel
    // A grey has no hue, and no range to divide by; it comes out as it was.
    const Floats q = TO_FLOATS(below) / TO_FLOATS(range > 0 ? range : Ints{} + 1);
    const Ints hue = (hue_of(c, largest, smallest, q) + shift) & 255;
    const Ints saturation = TO_INTS(TO_FLOATS(255 * range) / TO_FLOATS(largest > 0 ? largest : Ints{} + 1));
    const Ints turn = (hue * (6 * 257) + 6) >> 16; // hue * 6 / 255
    const Ints into = hue * 2 - turn * 85;         // of 85 parts of a sixth
    const Ints sector = turn == 6 ? Ints{} : turn;
    // In even sectors the middle channel rises, in odd ones it falls. Neither product is ever half way between bytes.
    const Ints part = (sector & 1) == 1 ? into : 85 - into;
    const Floats bottom = TO_FLOATS(largest * (255 - saturation)) * (1.0F / 255.0F);
    const Floats slope = TO_FLOATS(largest * (21675 - saturation * part)) * (1.0F / 21675.0F);
    const Ints lower = TO_INTS(bottom + 0.5F);
    const Ints between = TO_INTS(slope + 0.5F);
    c.r = ((sector == 0) | (sector == 5)) ? largest : ((sector == 1) | (sector == 4)) ? between : lower;
    c.g = ((sector == 1) | (sector == 2)) ? largest : ((sector == 0) | (sector == 3)) ? between : lower;
    c.b = ((sector == 3) | (sector == 4)) ? largest : ((sector == 2) | (sector == 5)) ? between : lower;
}

inline Ints load_ints(const u8 *from)
{
    Bytes bytes;
    __builtin_memcpy(&bytes, from, lanes);
    return __builtin_convertvector(bytes, Ints);
}

inline void store_ints(u8 *to, const Ints &ints)
{
    const Bytes bytes = __builtin_convertvector(ints, Bytes);
    __builtin_memcpy(to, &bytes, lanes);
}

inline void shift_lanes(u8 *r, u8 *g, u8 *b, i32 shift)
{
    Colours colours = { load_ints(r), load_ints(g), load_ints(b) };
    shift_colours(colours, shift);
    store_ints(r, colours.r);
    store_ints(g, colours.g);
    store_ints(b, colours.b);
}

void shift_hue(u8 *const planes[3], size_t count, i32 shift)
{
    const size_t whole = count - count % lanes;
    for (size_t i = 0; i < whole; i += lanes) {
        shift_lanes(planes[0] + i, planes[1] + i, planes[2] + i, shift);
    }
    if (whole < count) {
        u8 rest[3][lanes] = {};
        for (size_t c = 0; c < 3; ++c) {
            __builtin_memcpy(rest[c], planes[c] + whole, count - whole);
        }
        shift_lanes(rest[0], rest[1], rest[2], shift);
        for (size_t c = 0; c < 3; ++c) {
            __builtin_memcpy(planes[c] + whole, rest[c], count - whole);
        }
    }
}

// ---- Layouts ----

void split(u8 *const planes[3], const u8 *__restrict rgb, size_t count)
{
    u8 *__restrict r = planes[0];
    u8 *__restrict g = planes[1];
    u8 *__restrict b = planes[2];
    for (size_t i = 0; i < count; ++i) {
        r[i] = rgb[3 * i];
        g[i] = rgb[3 * i + 1];
        b[i] = rgb[3 * i + 2];
    }
}

void join(u8 *__restrict rgb, u8 *const planes[3], size_t count)
{
    const u8 *r = planes[0];
    const u8 *g = planes[1];
    const u8 *b = planes[2];
    for (size_t i = 0; i < count; ++i) {
        rgb[3 * i] = r[i];
        rgb[3 * i + 1] = g[i];
        rgb[3 * i + 2] = b[i];
    }
}

inline float scaled(u8 byte, moco::Scale scale)
{
    return (static_cast<float>(byte) / 255.0F - scale.mean) / scale.std;
}

inline void put(float *to, float value)
{
    *to = value;
}

// To bfloat16, to the nearest, halves to even; value is no NaN.
inline void put(u16 *to, float value)
{
    u32 bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    *to = static_cast<u16>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

template <typename T>
void normalize_as(T *__restrict out, size_t step, const u8 *__restrict in, size_t count, moco::Scale scale,
                  bool mirrored)
{
    if (step != 1) {
        for (size_t i = 0; i < count; ++i) {
            put(out + i * step, scaled(in[mirrored ? count - 1 - i : i], scale));
        }
    } else if (mirrored) {
        for (size_t i = 0; i < count; ++i) {
            put(out + i, scaled(in[count - 1 - i], scale));
        }
    } else {
        for (size_t i = 0; i < count; ++i) {
            put(out + i, scaled(in[i], scale));
        }
    }
}

void normalize(float *out, size_t step, const u8 *in, size_t count, moco::Scale scale, bool mirrored)
{
    normalize_as(out, step, in, count, scale, mirrored);
}

void normalize_bf16(u16 *out, size_t step, const u8 *in, size_t count, moco::Scale scale, bool mirrored)
{
    normalize_as(out, step, in, count, scale, mirrored);
}

#include "image/pixel_loops_fast.hpp"

} // namespace

const moco::PixelKernels moco::MOCO_PIXEL_KERNELS = {
    MOCO_PIXEL_KERNELS_NAME,
    transpose,
    weigh_rows,
    blur_rows,
    blend,
    saturate,
    sum_luma,
    grey,
    shift_hue,
    split,
    join,
    normalize,
    normalize_bf16,
    weigh_rows_fast,
    blur_rows_fast,
    sum_bytes,
    to_ycc,
    store_ycc,
};
