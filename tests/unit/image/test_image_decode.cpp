// Tests that every kind of file gives the pixels of Pillow, and that damaged files leave the image unchanged.
#include "support/temporary_folder.hpp"
#include "unit/image/golden_images.hpp"

#include <moco.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using golden_test::crc_of;
using golden_test::folder;

namespace {

struct Expected {
    std::string name;
    bool refused = false;
    int width = 0;
    int height = 0;
    unsigned long crc = 0;
};

std::vector<Expected> expected_files()
{
    std::ifstream table(folder / "files.txt");
    std::vector<Expected> files;
    for (std::string line; std::getline(table, line);) {
        if (line.empty() || line[0] == '#') {
            continue;
        }
        std::istringstream fields(line);
        Expected file;
        std::string first;
        fields >> file.name >> first;
        file.refused = first == "refused";
        if (!file.refused) {
            file.width = std::stoi(first);
            fields >> file.height >> file.crc;
        }
        files.push_back(file);
    }
    return files;
}

class ImageDecode : public testing::Test {
  protected:
    void SetUp() override
    {
        live_ = moco_live_handles();
        ASSERT_EQ(moco_image_create(&image_), MOCO_OK);
    }
    void TearDown() override
    {
        moco_image_free(image_);
        EXPECT_EQ(moco_live_handles(), live_);
    }
    moco_image *image_ = nullptr;
    std::size_t live_ = 0;
};

TEST_F(ImageDecode, EveryKindOfFileIsDecodedAsByPil)
{
    const auto files = expected_files();
    ASSERT_GT(files.size(), 90U);
    for (const auto &file : files) {
        if (!file.refused) {
            ASSERT_EQ(moco_image_read(image_, (folder / file.name).c_str()), MOCO_OK) << moco_error_message();
            EXPECT_EQ(moco_image_width(image_), file.width) << file.name;
            EXPECT_EQ(moco_image_height(image_), file.height) << file.name;
            EXPECT_EQ(crc_of(image_), file.crc) << file.name;
        }
    }
}

TEST_F(ImageDecode, DamagedFilesAreRefusedSilentlyAndLeaveTheImageAlone)
{
    ASSERT_EQ(moco_image_fill(image_, 3, 2, 0x102030), MOCO_OK);
    const auto before = crc_of(image_);
    testing::internal::CaptureStderr();
    for (const auto &file : expected_files()) {
        if (file.refused) {
            const std::string path = folder / file.name;
            EXPECT_EQ(moco_image_read(image_, path.c_str()), MOCO_EFORMAT) << file.name;
            EXPECT_EQ(std::string(moco_error_message()).rfind(path + ": ", 0), 0U) << moco_error_message();
            ASSERT_EQ(moco_image_width(image_), 3) << file.name;
            EXPECT_EQ(crc_of(image_), before) << file.name;
        }
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// Whatever is cut off or changed, the result is an image or an error, never a crash or a line on the terminal.
TEST_F(ImageDecode, CutAndChangedFilesNeverCrash)
{
    testing::internal::CaptureStderr();
    std::uint32_t state = 12345;
    const auto random = [&state](std::size_t limit) {
        state = state * 1664525U + 1013904223U;
        return (state >> 8U) % limit;
    };
    for (const auto &file : expected_files()) {
        const std::string whole = moco_test::read_file(folder / file.name);
        for (std::size_t cut = 0; cut < whole.size(); cut += 1 + whole.size() / 16) {
            const moco_status status = moco_image_decode(image_, whole.data(), cut, "cut");
            EXPECT_TRUE(status == MOCO_OK || status == MOCO_EFORMAT) << file.name << ": " << moco_error_message();
        }
        for (int round = 0; round < 24 && !whole.empty(); ++round) {
            std::string changed = whole;
            for (int i = 0; i < 3; ++i) {
                changed[random(changed.size())] = static_cast<char>(random(256));
            }
            const moco_status status = moco_image_decode(image_, changed.data(), changed.size(), "changed");
            EXPECT_TRUE(status == MOCO_OK || status == MOCO_EFORMAT) << file.name << ": " << moco_error_message();
        }
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(ImageDecode, MissingFilesAndFoldersAreNamed)
{
    EXPECT_EQ(moco_image_read(image_, "/nonexistent/a.jpg"), MOCO_ENOTFOUND);
    EXPECT_NE(std::string(moco_error_message()).find("/nonexistent/a.jpg"), std::string::npos);
    EXPECT_EQ(moco_image_read(image_, folder.c_str()), MOCO_EFORMAT);
    EXPECT_EQ(moco_image_read(image_, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_image_decode(image_, nullptr, 4, "x"), MOCO_EINVALID);
    EXPECT_EQ(moco_image_decode(image_, nullptr, 0, "x"), MOCO_EFORMAT);
}

TEST_F(ImageDecode, WrittenPngReadsBackAndLeavesNoTemporaryFile)
{
    const auto temporary = std::filesystem::temp_directory_path() / ("moco-image-" + std::to_string(getpid()));
    std::filesystem::create_directory(temporary);
    ASSERT_EQ(moco_image_read(image_, (folder / "444.jpg").c_str()), MOCO_OK);
    const auto before = crc_of(image_);
    const std::string path = temporary / "out.png";
    ASSERT_EQ(moco_image_write_png(image_, path.c_str()), MOCO_OK) << moco_error_message();
    ASSERT_EQ(moco_image_write_png(image_, path.c_str()), MOCO_OK) << "over itself: " << moco_error_message();
    ASSERT_EQ(moco_image_read(image_, path.c_str()), MOCO_OK) << moco_error_message();
    EXPECT_EQ(crc_of(image_), before);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(temporary), {}), 1);
    EXPECT_EQ(moco_image_write_png(image_, (temporary / "no" / "such.png").c_str()), MOCO_ENOTFOUND);
    std::filesystem::create_directory(temporary / "taken.png");
    EXPECT_EQ(moco_image_write_png(image_, (temporary / "taken.png").c_str()), MOCO_EIO);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(temporary), {}), 2);
    std::filesystem::remove_all(temporary);
}

} // namespace
