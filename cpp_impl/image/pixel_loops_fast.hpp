// Resizes, blurs and stores for fast augmentation; pixel_loops.hpp includes this in its namespace.

// ---- Resizing: as exact resizing, in 16 bits ----

// Weights add up to 256, so no sum is above 255 x 256.
inline u8 clip16(u16 sum)
{
    return static_cast<u8>(static_cast<u16>(sum + 128U) >> 8U);
}

template <int count>
inline void weigh16(u8 *__restrict out, const u8 *__restrict in, size_t stride, size_t width, const u16 *weights)
{
    u16 weight[count];
    for (int i = 0; i < count; ++i) {
        weight[i] = weights[i];
    }
    for (size_t x = 0; x < width; ++x) {
        u16 sum = 0;
        for (int i = 0; i < count; ++i) {
            sum = static_cast<u16>(sum + static_cast<u16>(in[static_cast<size_t>(i) * stride + x] * weight[i]));
        }
        out[x] = clip16(sum);
    }
}

void weigh16_many(u8 *__restrict out, const u8 *__restrict in, size_t stride, size_t width, const u16 *weights,
                  i32 count)
{
    u16 sum[block];
    for (size_t from = 0; from < width; from += block) {
        const size_t part = smaller(block, width - from);
        for (size_t x = 0; x < part; ++x) {
            sum[x] = 0;
        }
        for (i32 i = 0; i < count; ++i) {
            const u8 *row = in + static_cast<size_t>(i) * stride + from;
            const u16 weight = weights[i];
            for (size_t x = 0; x < part; ++x) {
                sum[x] = static_cast<u16>(sum[x] + static_cast<u16>(row[x] * weight));
            }
        }
        for (size_t x = 0; x < part; ++x) {
            out[from + x] = clip16(sum[x]);
        }
    }
}

void weigh_rows_fast(u8 *out, size_t out_stride, const u8 *in, size_t in_stride, size_t width,
                     const moco::FastTaps *taps, size_t count)
{
    for (size_t j = 0; j < count; ++j, out += out_stride) {
        const u8 *from = in + static_cast<size_t>(taps[j].first) * in_stride;
        const u16 *weights = taps[j].weights;
        switch (taps[j].count) {
        case 1:
            weigh16<1>(out, from, in_stride, width, weights);
            break;
        case 2:
            weigh16<2>(out, from, in_stride, width, weights);
            break;
        case 3:
            weigh16<3>(out, from, in_stride, width, weights);
            break;
        case 4:
            weigh16<4>(out, from, in_stride, width, weights);
            break;
        case 5:
            weigh16<5>(out, from, in_stride, width, weights);
            break;
        default:
            weigh16_many(out, from, in_stride, width, weights, taps[j].count);
        }
    }
}

// ---- Blurring: a symmetric filter down columns ----

template <int radius> void blur16(u8 *__restrict out, const u8 *in, size_t width, size_t height, const u16 *weights)
{
    u16 weight[radius + 1];
    for (int i = 0; i <= radius; ++i) {
        weight[i] = weights[i];
    }
    for (size_t y = 0; y < height; ++y, out += width) {
        const u8 *rows[2 * radius + 1];
        for (int i = -radius; i <= radius; ++i) {
            rows[radius + i] = row_at(in, width, height, static_cast<std::ptrdiff_t>(y) + i);
        }
        for (size_t x = 0; x < width; ++x) {
            u16 sum = static_cast<u16>(rows[radius][x] * weight[0]);
            for (int i = 1; i <= radius; ++i) {
                const u16 pair = static_cast<u16>(rows[radius - i][x] + rows[radius + i][x]);
                sum = static_cast<u16>(sum + static_cast<u16>(pair * weight[i]));
            }
            out[x] = clip16(sum);
        }
    }
}

void blur_rows_fast(u8 *out, const u8 *in, size_t width, size_t height, const u16 *weights, i32 radius)
{
    using Blur = void (*)(u8 *, const u8 *, size_t, size_t, const u16 *);
    static constexpr Blur blurs[moco::fast_blur_radius + 1] = {
        blur16<0>, blur16<1>, blur16<2>, blur16<3>, blur16<4>,  blur16<5>,
        blur16<6>, blur16<7>, blur16<8>, blur16<9>, blur16<10>,
    };
    blurs[radius](out, in, width, height, weights);
}

// ---- Colour ----

std::uint64_t sum_bytes(const u8 *bytes, size_t count)
{
    std::uint64_t total = 0;
    for (size_t from = 0; from < count; from += block) {
        const size_t end = smaller(from + block, count);
        u32 sum = 0;
        for (size_t i = from; i < end; ++i) {
            sum += bytes[i];
        }
        total += sum;
    }
    return total;
}

// JFIF's matrix in 16-bit fixed point.
void to_ycc(u8 *const planes[3], size_t count)
{
    constexpr i32 middle = (128 << 16) + 32767;
    u8 *__restrict r = planes[0];
    u8 *__restrict g = planes[1];
    u8 *__restrict b = planes[2];
    for (size_t i = 0; i < count; ++i) {
        const i32 red = r[i];
        const i32 green = g[i];
        const i32 blue = b[i];
        r[i] = static_cast<u8>((red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16);
        g[i] = static_cast<u8>((red * -11059 + green * -21709 + blue * 32768 + middle) >> 16);
        b[i] = static_cast<u8>((red * 32768 + green * -27439 + blue * -5329 + middle) >> 16);
    }
}

// Makes a row of chroma of twice the width, in sixteenths, from the nearest rows and columns, weighted 3 to 1.
inline void expand_chroma(u16 *__restrict out, u16 *__restrict mixed_rows, const u8 *near, const u8 *far, size_t width)
{
    const size_t half_width = (width + 1) / 2;
    u16 *__restrict middle = mixed_rows + 1;
    for (size_t x = 0; x < half_width; ++x) {
        middle[x] = static_cast<u16>(3 * near[x] + far[x]);
    }
    mixed_rows[0] = middle[0];
    middle[half_width] = middle[half_width - 1];
    for (size_t x = 0; x < half_width; ++x) {
        out[2 * x] = static_cast<u16>(3 * middle[x] + mixed_rows[x]);
        out[2 * x + 1] = static_cast<u16>(3 * middle[x] + middle[x + 1]);
    }
}

inline void widen_chroma(u16 *__restrict out, const u8 *__restrict in, size_t width)
{
    for (size_t x = 0; x < width; ++x) {
        out[x] = static_cast<u16>(in[x] << 4U);
    }
}

template <typename T> void reverse(T *__restrict out, const T *__restrict in, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        out[i] = in[count - 1 - i];
    }
}

inline float within(float value, float low, float high)
{
    const float above = value > low ? value : low;
    return above < high ? above : high;
}

template <typename T, bool interleaved>
void store_row(T *const out[3], const u8 *__restrict luma, const u16 *__restrict blue, const u16 *__restrict red,
               size_t width, const moco::YccScale &scale)
{
    constexpr size_t step = interleaved ? 3 : 1;
    T *__restrict first = out[0];
    T *__restrict second = interleaved ? out[0] + 1 : out[1];
    T *__restrict third = interleaved ? out[0] + 2 : out[2];
    const moco::YccScale s = scale;
    for (size_t x = 0; x < width; ++x) {
        const float y = luma[x];
        const float b = blue[x];
        const float r = red[x];
        put(first + x * step,
            within(y * s.luma[0] + (r * s.red[0] + (b * s.blue[0] + s.offset[0])), s.low[0], s.high[0]));
        put(second + x * step,
            within(y * s.luma[1] + (r * s.red[1] + (b * s.blue[1] + s.offset[1])), s.low[1], s.high[1]));
        put(third + x * step,
            within(y * s.luma[2] + (r * s.red[2] + (b * s.blue[2] + s.offset[2])), s.low[2], s.high[2]));
    }
}

template <typename T, bool interleaved>
void store_grey_row(T *const out[3], const u8 *__restrict luma, size_t width, const moco::YccScale &scale)
{
    constexpr size_t step = interleaved ? 3 : 1;
    const moco::YccScale s = scale;
    for (size_t c = 0; c < 3; ++c) {
        T *__restrict to = interleaved ? out[0] + c : out[c];
        for (size_t x = 0; x < width; ++x) {
            put(to + x * step, within(luma[x] * s.luma[c] + s.offset[c], s.low[c], s.high[c]));
        }
    }
}

template <typename T>
void store_as(T *const out[3], bool interleaved, const u8 *luma, const u16 *blue, const u16 *red, size_t width,
              const moco::YccScale &scale)
{
    if (blue == nullptr) {
        interleaved ? store_grey_row<T, true>(out, luma, width, scale)
                    : store_grey_row<T, false>(out, luma, width, scale);
    } else {
        interleaved ? store_row<T, true>(out, luma, blue, red, width, scale)
                    : store_row<T, false>(out, luma, blue, red, width, scale);
    }
}

// Scratch is cut into two rows of chroma, their mirror images, a mixture of two rows, and the mirror image of luma.
void store_ycc(const moco::RowTarget &to, const moco::YccRow &row, u16 *scratch, size_t width,
               const moco::YccScale &scale)
{
    const size_t room = width + 2;
    u16 *chroma[2] = { scratch, scratch + room };
    u16 *mirrored[2] = { scratch + 2 * room, scratch + 3 * room };
    const u8 *luma = row.luma;
    const bool grey = row.near[0] == nullptr;
    for (size_t c = 0; c < 2 && !grey; ++c) {
        if (row.halved) {
            expand_chroma(chroma[c], scratch + 4 * room, row.near[c], row.far[c], width);
        } else {
            widen_chroma(chroma[c], row.near[c], width);
        }
        if (row.mirrored) {
            reverse(mirrored[c], chroma[c], width);
            chroma[c] = mirrored[c];
        }
    }
    if (row.mirrored) {
        u8 *turned = reinterpret_cast<u8 *>(scratch + 5 * room);
        reverse(turned, luma, width);
        luma = turned;
    }
    const u16 *blue = grey ? nullptr : chroma[0];
    if (to.bf16) {
        u16 *const out[3] = { static_cast<u16 *>(to.values[0]), static_cast<u16 *>(to.values[1]),
                              static_cast<u16 *>(to.values[2]) };
        store_as(out, to.interleaved, luma, blue, chroma[1], width, scale);
    } else {
        float *const out[3] = { static_cast<float *>(to.values[0]), static_cast<float *>(to.values[1]),
                                static_cast<float *>(to.values[2]) };
        store_as(out, to.interleaved, luma, blue, chroma[1], width, scale);
    }
}
