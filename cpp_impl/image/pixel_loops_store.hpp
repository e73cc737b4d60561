// Converts between interleaved pixels, planes and normalised values; pixel_loops.hpp includes this in its namespace.

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

// Rounds to bfloat16, to nearest, ties to even; the value is not a NaN.
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
