// Blurs images.
#include "base/number.hpp"
#include "image/blur.hpp"
#include "image/image.hpp"

moco_status moco_image_gaussian_blur(moco_image *image, double sigma)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    if (!(sigma >= 0.0 && sigma <= 10000.0)) {
        throw moco::Error(MOCO_EINVALID,
                          "moco_image_gaussian_blur: sigma " + moco::number(sigma) + " is outside 0 to 10000");
    }
    moco::check_not_empty(__func__, image);
    if (sigma > 0.0) {
        if (image->is_bands()) {
            moco::bands_blur(image->bands(), sigma);
        } else if (moco::Ycc *ycc = image->fast_form()) {
            moco::ycc_blur(*ycc, sigma);
        } else {
            moco::blur_planes(image->planes_either_way().plane[0], 3, static_cast<std::size_t>(image->width),
                              static_cast<std::size_t>(image->height), sigma);
        }
    }
    MOCO_API_END
}
