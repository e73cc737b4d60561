// Takes frames of cameras, in the layouts that they come in.
#include "image/image.hpp"

#include <opencv2/imgproc.hpp>

namespace {

struct Format {
    const char *name;
    int bytes;      // per place of a row
    int conversion; // of OpenCV, to RGB; -1: none is needed
    bool even_width, even_height;
};

constexpr Format formats[] = {
    { "MOCO_FRAME_GREY", 1, cv::COLOR_GRAY2RGB, false, false },
    { "MOCO_FRAME_RGB", 3, -1, false, false },
    { "MOCO_FRAME_BGR", 3, cv::COLOR_BGR2RGB, false, false },
    { "MOCO_FRAME_RGBA", 4, cv::COLOR_RGBA2RGB, false, false },
    { "MOCO_FRAME_BGRA", 4, cv::COLOR_BGRA2RGB, false, false },
    { "MOCO_FRAME_NV12", 1, cv::COLOR_YUV2RGB_NV12, true, true },
    { "MOCO_FRAME_YUYV", 2, cv::COLOR_YUV2RGB_YUYV, true, false },
};

const Format &checked_format(moco_frame_format format, std::int32_t width, std::int32_t height, std::size_t stride)
{
    const auto index = static_cast<std::size_t>(format);
    if (index >= std::size(formats)) {
        throw moco::Error(MOCO_EINVALID, "format " + std::to_string(static_cast<int>(format)) +
                                             " is not a moco_frame_format; use MOCO_FRAME_GREY to MOCO_FRAME_YUYV");
    }
    const Format &f = formats[index];
    if ((f.even_width && width % 2 != 0) || (f.even_height && height % 2 != 0)) {
        throw moco::Error(MOCO_EINVALID, "size " + std::to_string(width) + " x " + std::to_string(height) +
                                             " is odd; a frame of " + f.name + " has an even width" +
                                             (f.even_height ? " and height" : ""));
    }
    const std::size_t row = static_cast<std::size_t>(width) * static_cast<std::size_t>(f.bytes);
    if (stride != 0 && stride < row) {
        throw moco::Error(MOCO_EINVALID, "stride " + std::to_string(stride) + " is less than a row of " +
                                             std::to_string(row) + " bytes; use 0 for rows without a gap");
    }
    const auto rows =
        static_cast<std::size_t>(f.even_height ? height + height / 2 : height); // with those of the chroma
    if (stride > PTRDIFF_MAX / rows) {
        throw moco::Error(MOCO_EINVALID, "stride " + std::to_string(stride) + " reaches beyond any memory");
    }
    return f;
}

} // namespace

moco_status moco_image_set_frame(moco_image *image, moco_frame_format format, int32_t width, int32_t height,
                                 size_t stride, const uint8_t *pixels)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(pixels);
    moco::check_image_size(__func__, width, height);
    image->expect_rgb(__func__);
    const Format &f = checked_format(format, width, height, stride);
    const int rows = f.even_height ? height + height / 2 : height; // with those of the chroma
    const cv::Mat from(rows, width, CV_8UC(f.bytes), const_cast<std::uint8_t *>(pixels), stride); // only read
    const auto count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    cv::Mat to(height, width, CV_8UC3, image->room(count * 3));
    if (f.conversion < 0) {
        from.copyTo(to);
    } else {
        cv::cvtColor(from, to, f.conversion);
    }
    image->give_rgb(width, height);
    image->settle();
    MOCO_API_END
}
