// Changes colours: brightness, contrast, saturation, hue, grey; pixel_loops.hpp includes this in its namespace.

// ---- Colour ----

// Image.blend of Pillow for one byte: @p degenerate at factor 0, @p value at factor 1, truncated.
inline u8 mixed(float degenerate, float value, float factor)
{
    const float sum = degenerate + factor * (value - degenerate);
    const float low = sum > 0.0F ? sum : 0.0F;
    return static_cast<u8>(static_cast<i32>(low < 255.0F ? low : 255.0F));
}

// ITU-R 601 luma in the 16-bit fixed point of Pillow.
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
// Pillow converts RGB to HSV bytes and back, in float32 and in double. Float32 alone gives the same bytes:
// tests/unit/image/test_pixel_kernels.cpp compares every colour with the arithmetic of Pillow.

// The code uses vectors of the processor's size, since compilers do not vectorise a loop with this many branches.

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

// Returns the hue as a byte; @p q is the distance from the largest to the middle channel, divided by the range.
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
    // A grey has no hue, and no range to divide by; it stays unchanged.
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
