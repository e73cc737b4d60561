// Defines the loops over pixels in a form that compilers vectorise. Each file that includes this is compiled for one
// kind of processor. It must not share code with other files, so it calls no function of the standard library: the
// linker might use a copy with instructions that another processor does not have.
#include "image/pixel_kernels.hpp"

namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u64 = std::uint64_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using u32 = std::uint32_t;
using std::size_t;

// Pixels per block of wider numbers.
constexpr size_t block = 256;

inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

#include "image/pixel_loops_resize.hpp"

#include "image/pixel_loops_colour.hpp"

#include "image/pixel_loops_store.hpp"

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
