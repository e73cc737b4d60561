// Looks at pictures: the colours of a PNG file, the text of an SVG file.
#pragma once

#include <gtest/gtest.h>
#include <moco.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace moco_test {

struct Picture {
    int32_t width = 0, height = 0;
    std::set<uint32_t> colours;
};

inline Picture look_at(const std::string &path)
{
    Picture picture;
    moco_image *image = nullptr;
    EXPECT_EQ(moco_image_create(&image), MOCO_OK);
    EXPECT_EQ(moco_image_read(image, path.c_str()), MOCO_OK) << moco_error_message();
    picture.width = moco_image_width(image);
    picture.height = moco_image_height(image);
    const uint8_t *pixels = moco_image_pixels(image);
    for (int32_t i = 0; i < picture.width * picture.height; ++i) {
        const uint8_t *pixel = pixels + static_cast<ptrdiff_t>(3) * i;
        if (i == 0 || std::memcmp(pixel, pixel - 3, 3) != 0) {
            picture.colours.insert(static_cast<uint32_t>(pixel[0] << 16 | pixel[1] << 8 | pixel[2]));
        }
    }
    moco_image_free(image);
    return picture;
}

inline constexpr uint32_t kBlue = 0x0B5394;
inline constexpr uint32_t kOrange = 0xD55E00;

// Text between tags, in order, of a file whose tags are balanced.
inline std::string text_of_xml(const std::string &xml)
{
    std::string text;
    std::vector<std::string> open;
    for (size_t at = 0; at < xml.size();) {
        if (xml[at] != '<') {
            text += xml[at++];
            continue;
        }
        const size_t end = xml.find('>', at);
        EXPECT_NE(end, std::string::npos) << "a tag without an end";
        if (end == std::string::npos) {
            break;
        }
        const std::string tag = xml.substr(at + 1, end - at - 1);
        if (tag[0] == '/') {
            EXPECT_FALSE(open.empty());
            EXPECT_TRUE(!open.empty() && open.back() == tag.substr(1)) << tag;
            open.pop_back();
        } else if (tag[0] != '?' && tag.back() != '/') {
            open.push_back(tag.substr(0, tag.find(' ')));
        }
        at = end + 1;
    }
    EXPECT_TRUE(open.empty());
    return text;
}

} // namespace moco_test
