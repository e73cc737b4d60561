// The images that were read and transformed by Pillow and torchvision, and their sums.
#pragma once

#include "support/tests_folder.hpp"

#include <moco.h>

#include <zlib.h>

#include <cstddef>
#include <filesystem>

namespace golden_test {

inline const std::filesystem::path folder = std::filesystem::path(moco_test::tests_folder()) / "golden/images";

inline unsigned long crc_of(const moco_image *image)
{
    const auto count = static_cast<std::size_t>(moco_image_width(image)) * moco_image_height(image) * 3;
    return crc32(0, moco_image_pixels(image), static_cast<unsigned>(count));
}

} // namespace golden_test
