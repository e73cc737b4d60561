// Stores images as normalised values: ToTensor and Normalize.
#include "base/number.hpp"
#include "image/image.hpp"

#include "image/pixel_kernels.hpp"

#include <cmath>

namespace {

// Checks a mean and a standard deviation, and rounds them as torchvision does.
moco::Scale scale_of(double mean, double std)
{
    const moco::Scale scale = { static_cast<float>(mean), static_cast<float>(std) };
    if (!std::isfinite(mean) || !std::isfinite(std) || scale.std == 0.0F) {
        throw moco::Error(MOCO_EINVALID, "moco_image_store: mean " + moco::number(mean) + ", std " + moco::number(std) +
                                             "; give finite values and a std other than 0");
    }
    return scale;
}

template <typename T>
void store(T *values, const moco_image &image, const moco::Scale scale[3], bool interleaved,
           void (*normalize)(T *, std::size_t, const std::uint8_t *, std::size_t, moco::Scale, bool))
{
    const moco::Planes planes = image.planes_either_way();
    // Rows matter only if each is mirrored.
    const std::size_t rows = image.mirrored() ? static_cast<std::size_t>(image.height) : 1;
    const std::size_t length = image.area() / rows;
    const std::size_t step = interleaved ? 3 : 1;
    for (std::size_t c = 0; c < 3; ++c) {
        T *to = interleaved ? values + c : values + c * image.area();
        for (std::size_t y = 0; y < rows; ++y) {
            normalize(to + y * length * step, step, planes.plane[c] + y * length, length, scale[c], image.mirrored());
        }
    }
}

} // namespace

moco_status moco_image_store(void *values, moco_dtype dtype, const moco_image *image, const double *mean,
                             const double *std, moco_layout layout)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(values);
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(mean);
    MOCO_CHECK_ARG(std);
    if (dtype != MOCO_FLOAT32 && dtype != MOCO_BFLOAT16) {
        throw moco::Error(MOCO_EINVALID, "moco_image_store: dtype must be MOCO_FLOAT32 or MOCO_BFLOAT16, not " +
                                             std::to_string(static_cast<int>(dtype)));
    }
    if (layout != MOCO_NCHW && layout != MOCO_NHWC) {
        throw moco::Error(MOCO_EINVALID, "moco_image_store: layout " + std::to_string(static_cast<int>(layout)) +
                                             " is neither NCHW nor NHWC");
    }
    moco::check_not_empty(__func__, image);
    moco::Scale scale[MOCO_MAX_CHANNELS];
    for (int c = 0; c < (image->is_bands() ? image->bands().count : 3); ++c) {
        scale[c] = scale_of(mean[c], std[c]);
    }
    const bool interleaved = layout == MOCO_NHWC;
    if (image->is_bands()) {
        moco::bands_store(values, dtype == MOCO_BFLOAT16, image->bands(), mean, std, interleaved);
    } else if (const moco::Ycc *ycc = image->fast_form()) {
        moco::ycc_store(values, dtype == MOCO_BFLOAT16, *ycc, mean, std, layout);
    } else if (dtype == MOCO_BFLOAT16) {
        store(static_cast<std::uint16_t *>(values), *image, scale, interleaved, moco::pixel_kernels().normalize_bf16);
    } else {
        store(static_cast<float *>(values), *image, scale, interleaved, moco::pixel_kernels().normalize);
    }
    MOCO_API_END
}
