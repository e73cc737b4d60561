// Pastes images into others.
#include "image/image.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>

void moco::check_not_empty(const char *function, const moco_image *image)
{
    if (image == nullptr || image->width == 0) {
        throw Error(MOCO_EINVALID,
                    std::string(function) + ": the image is NULL or empty; decode, set or fill it first");
    }
}

moco_status moco_image_paste(moco_image *image, const moco_image *source, int32_t x, int32_t y, int32_t zoom)
{
    MOCO_API_BEGIN
    moco::check_not_empty(__func__, image);
    moco::check_not_empty(__func__, source);
    if (zoom < 1 || image == source) {
        throw moco::Error(MOCO_EINVALID, "moco_image_paste: zoom " + std::to_string(zoom) +
                                             "; give at least 1, and two different images");
    }
    if (moco_image_channels(image) != moco_image_channels(source) || image->is_bands() != source->is_bands()) {
        throw moco::Error(MOCO_EINVALID,
                          "moco_image_paste: the images have " + std::to_string(moco_image_channels(image)) + " and " +
                              std::to_string(moco_image_channels(source)) + " channels; give two of one kind");
    }
    if (image->is_bands()) {
        moco::bands_paste(image->bands(), source->bands(), x, y, zoom);
        return MOCO_OK;
    }
    const std::int64_t width = std::int64_t{ source->width } * zoom;
    const std::int64_t height = std::int64_t{ source->height } * zoom;
    const auto first = [](std::int32_t at) { return std::max(-std::int64_t{ at }, std::int64_t{ 0 }); };
    const std::int64_t right = std::min(width, std::int64_t{ image->width } - x);
    const std::int64_t bottom = std::min(height, std::int64_t{ image->height } - y);
    if (first(x) >= right || first(y) >= bottom) {
        return MOCO_OK; // all of it is outside
    }
    const cv::Rect part(cv::Point(static_cast<int>(first(x)), static_cast<int>(first(y))),
                        cv::Point(static_cast<int>(right), static_cast<int>(bottom)));
    cv::Mat to(image->height, image->width, CV_8UC3, image->row(0));
    cv::Mat from(source->height, source->width, CV_8UC3, const_cast<std::uint8_t *>(source->rgb())); // only read
    if (zoom > 1) {
        cv::resize(from, from, cv::Size(), zoom, zoom, cv::INTER_NEAREST);
    }
    from(part).copyTo(to(part + cv::Point(x, y)));
    MOCO_API_END
}
