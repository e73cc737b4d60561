// Transposes, resizes and blurs; pixel_loops.hpp includes this in its namespace.

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

// Sums a number of rows that is known at compile time.
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

// Returns a row; beyond an edge, the row at the edge.
inline const u8 *row_at(const u8 *in, size_t width, size_t height, std::ptrdiff_t y)
{
    const auto last = static_cast<std::ptrdiff_t>(height) - 1;
    return in + static_cast<size_t>(y < 0 ? 0 : y > last ? last : y) * width;
}

// Blurs by a box of one or three complete pixels, which needs no running sum.
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
