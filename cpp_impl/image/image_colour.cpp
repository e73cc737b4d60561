// Changes brightness, contrast, saturation and hue with the arithmetic of Pillow.
#include "base/number.hpp"
#include "image/image.hpp"

#include "image/pixel_kernels.hpp"

#include <cmath>

namespace {

void check_factor(moco_adjustment what, double factor)
{
    if (what == MOCO_HUE && !(factor >= -0.5 && factor <= 0.5)) {
        throw moco::Error(MOCO_EINVALID,
                          "moco_image_adjust: factor " + moco::number(factor) + " of MOCO_HUE is outside -0.5 to 0.5");
    }
    if (!std::isfinite(factor)) {
        throw moco::Error(MOCO_EINVALID, "moco_image_adjust: factor " + moco::number(factor) + " is not finite");
    }
}

// Returns the mean luma, rounded as in ImageEnhance.Contrast of Pillow.
int mean_luma(const moco_image &image)
{
    const std::uint64_t sum = moco::pixel_kernels().sum_luma(image.planes_either_way().plane, image.area());
    return static_cast<int>(static_cast<double>(sum) / static_cast<double>(image.area()) + 0.5);
}

void blend(moco_image &image, int grey, double factor)
{
    moco::pixel_kernels().blend(image.planes_either_way().plane[0], image.count(), static_cast<float>(grey),
                                static_cast<float>(factor));
}

void brightness(moco_image &image, double factor)
{
    if (image.is_bands()) {
        moco::bands_brightness(image.bands(), factor);
    } else if (moco::Ycc *ycc = image.fast_form()) {
        moco::ycc_brightness(*ycc, factor);
    } else {
        blend(image, 0, factor);
    }
}

void contrast(moco_image &image, double factor)
{
    if (image.is_bands()) {
        moco::bands_contrast(image.bands(), factor);
    } else if (moco::Ycc *ycc = image.fast_form()) {
        moco::ycc_contrast(*ycc, factor);
    } else if (image.width > 0) {
        blend(image, mean_luma(image), factor);
    }
}

void saturation(moco_image &image, double factor)
{
    if (image.is_bands()) {
        moco::bands_saturation(image.bands(), factor);
    } else if (moco::Ycc *ycc = image.fast_form()) {
        moco::ycc_saturation(*ycc, factor);
    } else {
        moco::pixel_kernels().saturate(image.planes_either_way().plane, image.area(), static_cast<float>(factor));
    }
}

void hue(moco_image &image, double factor)
{
    if (image.is_bands()) {
        moco::bands_hue(image.bands(), factor);
    } else if (moco::Ycc *ycc = image.fast_form()) {
        moco::ycc_hue(*ycc, factor);
    } else {
        moco::pixel_kernels().shift_hue(image.planes_either_way().plane, image.area(), static_cast<int>(factor * 255));
    }
}

} // namespace

moco_status moco_image_adjust(moco_image *image, moco_adjustment what, double factor)
{
    constexpr void (*adjust[])(moco_image &, double) = { brightness, contrast, saturation, hue };
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    const auto index = static_cast<std::size_t>(what);
    if (index >= std::size(adjust)) {
        throw moco::Error(MOCO_EINVALID, "moco_image_adjust: " + std::to_string(static_cast<int>(what)) +
                                             " is not a moco_adjustment; use MOCO_BRIGHTNESS to MOCO_HUE");
    }
    check_factor(what, factor);
    moco::check_not_empty(__func__, image);
    adjust[index](*image, factor);
    MOCO_API_END
}

moco_status moco_image_grayscale(moco_image *image)
{
    MOCO_API_BEGIN
    moco::check_not_empty(__func__, image);
    if (image->is_bands()) {
        moco::bands_grey(image->bands());
    } else if (moco::Ycc *ycc = image->fast_form()) {
        moco::ycc_grey(*ycc);
    } else {
        moco::pixel_kernels().grey(image->planes_either_way().plane, image->area());
    }
    MOCO_API_END
}

moco_status moco_image_hflip(moco_image *image)
{
    MOCO_API_BEGIN
    moco::check_not_empty(__func__, image);
    // The next operation that reads the pixels mirrors them.
    if (image->is_bands()) {
        moco::bands_mirror(image->bands());
    } else if (moco::Ycc *ycc = image->fast_form()) {
        ycc->mirrored = !ycc->mirrored;
    } else {
        image->mirror();
    }
    MOCO_API_END
}
