// Draws with OpenCV for plots and contact sheets, and writes PNG files.
#include "image/image.hpp"

#include "base/files_internal.h"

#include <opencv2/core/mat.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace {

constexpr int font = cv::FONT_HERSHEY_SIMPLEX;
constexpr int subpixel_bits = 4;

cv::Mat as_mat(moco_image &image)
{
    return { image.height, image.width, CV_8UC3, image.rgb() };
}

// OpenCV writes channels in the order of the scalar, which is RGB here.
cv::Scalar as_scalar(std::uint32_t colour)
{
    return { static_cast<double>((colour >> 16U) & 255U), static_cast<double>((colour >> 8U) & 255U),
             static_cast<double>(colour & 255U) };
}

void check_not_empty(const char *function, const moco_image *image)
{
    if (image == nullptr || image->width == 0) {
        throw moco::Error(MOCO_EINVALID,
                          std::string(function) + ": the image is NULL or empty; decode, set or fill it first");
    }
}

// Returns a fixed-point coordinate that OpenCV can clip without overflow.
int to_fixed(double value)
{
    if (!std::isfinite(value)) {
        throw moco::Error(MOCO_EINVALID,
                          "moco_image_draw_line: coordinate " + std::to_string(value) + " is not finite");
    }
    return static_cast<int>(std::lround(std::clamp(value, -1e6, 1e6) * (1 << subpixel_bits)));
}

} // namespace

moco_status moco_image_write_png(const moco_image *image, const char *path)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(path);
    check_not_empty(__func__, image);
    cv::Mat reversed(image->height, image->width, CV_8UC3);
    const std::uint8_t *from = image->rgb();
    for (std::size_t i = 0; i < image->count(); i += 3) {
        std::reverse_copy(from + i, from + i + 3, reversed.data + i);
    }
    std::vector<std::uint8_t> bytes;
    if (!cv::imencode(".png", reversed, bytes)) {
        throw moco::Error(MOCO_EINTERNAL, std::string(path) + ": OpenCV could not encode the PNG file");
    }
    return moco__file_write(path, bytes.data(), bytes.size());
    MOCO_API_END
}

moco_status moco_image_draw_line(moco_image *image, const double *xy, size_t count, uint32_t colour, int32_t thickness)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(xy);
    check_not_empty(__func__, image);
    if (count < 1 || count > 100000000 || thickness < 1 || thickness > 255) {
        throw moco::Error(MOCO_EINVALID, "moco_image_draw_line: " + std::to_string(count) + " points, thickness " +
                                             std::to_string(thickness) +
                                             "; give at least one point and a thickness of 1 to 255");
    }
    std::vector<cv::Point> points(count);
    for (std::size_t i = 0; i < count; ++i) {
        points[i] = { to_fixed(xy[2 * i]), to_fixed(xy[2 * i + 1]) };
    }
    cv::Mat canvas = as_mat(*image);
    if (count == 1) {
        const int radius = std::max(thickness * (1 << subpixel_bits) / 2, 1 << subpixel_bits);
        cv::circle(canvas, points[0], radius, as_scalar(colour), cv::FILLED, cv::LINE_AA, subpixel_bits);
    } else {
        cv::polylines(canvas, points, false, as_scalar(colour), thickness, cv::LINE_AA, subpixel_bits);
    }
    MOCO_API_END
}

moco_status moco_image_draw_text(moco_image *image, int32_t x, int32_t y, const char *text, int32_t height,
                                 uint32_t colour, int32_t align)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(text);
    check_not_empty(__func__, image);
    if (height < 4 || height > 1000 || align < 0 || align > 2) {
        throw moco::Error(MOCO_EINVALID, "moco_image_draw_text: height " + std::to_string(height) + ", align " +
                                             std::to_string(align) + "; give a height of 4 to 1000 and align 0 to 2");
    }
    const int thickness = std::max(1, height / 12);
    const double scale = cv::getFontScaleFromHeight(font, height, thickness);
    int base_line = 0;
    const int width = cv::getTextSize(text, font, scale, thickness, &base_line).width;
    cv::Mat canvas = as_mat(*image);
    cv::putText(canvas, text, { x - width * align / 2, y }, font, scale, as_scalar(colour), thickness, cv::LINE_AA);
    MOCO_API_END
}

moco_status moco_image_paste(moco_image *image, const moco_image *source, int32_t x, int32_t y, int32_t zoom)
{
    MOCO_API_BEGIN
    check_not_empty(__func__, image);
    check_not_empty(__func__, source);
    if (zoom < 1 || image == source) {
        throw moco::Error(MOCO_EINVALID, "moco_image_paste: zoom " + std::to_string(zoom) +
                                             "; give at least 1, and two different images");
    }
    const auto end_of = [zoom](std::int32_t start, std::int32_t size, std::int32_t limit) {
        return static_cast<std::int32_t>(
            std::min(std::int64_t{ start } + std::int64_t{ size } * zoom, std::int64_t{ limit }));
    };
    const std::int32_t bottom = end_of(y, source->height, image->height);
    const std::int32_t right = end_of(x, source->width, image->width);
    for (std::int32_t to_y = std::max(y, 0); to_y < bottom; ++to_y) {
        const std::uint8_t *from = source->row(static_cast<std::int32_t>((std::int64_t{ to_y } - y) / zoom));
        std::uint8_t *to = image->row(to_y);
        for (std::int32_t to_x = std::max(x, 0); to_x < right; ++to_x) {
            std::memcpy(to + static_cast<std::size_t>(to_x) * 3,
                        from + static_cast<std::size_t>((std::int64_t{ to_x } - x) / zoom) * 3, 3);
        }
    }
    MOCO_API_END
}
