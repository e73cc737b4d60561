// Encodes PNG files by libpng's simplified interface, which reports errors without longjmp.
#include "image/image.hpp"

#include "base/files_internal.h"

#include <png.h>

#include <vector>

moco_status moco_image_write_png(const moco_image *image, const char *path)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(path);
    moco::check_not_empty(__func__, image);
    moco::refuse_bands(__func__, image);
    png_image png{};
    png.version = PNG_IMAGE_VERSION;
    png.width = static_cast<png_uint_32>(image->width);
    png.height = static_cast<png_uint_32>(image->height);
    png.format = PNG_FORMAT_RGB;
    png_alloc_size_t count = PNG_IMAGE_PNG_SIZE_MAX(png);
    std::vector<std::uint8_t> bytes(count);
    if (png_image_write_to_memory(&png, bytes.data(), &count, 0, image->rgb(), 0, nullptr) == 0) {
        throw moco::Error(MOCO_EINTERNAL, std::string(path) + ": cannot be encoded as PNG: " + png.message);
    }
    return moco__file_write(path, bytes.data(), count);
    MOCO_API_END
}
