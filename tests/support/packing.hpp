// A folder of images of two classes, to pack into shards.
#pragma once

#include "support/dataset_content.hpp"
#include "support/temporary_folder.hpp"

#include <map>
#include <memory>
#include <string>

namespace moco_test {

class WithImagesToPack : public WithFolder {
  protected:
    void SetUp() override
    {
        WithFolder::SetUp();
        options_.workers = 2;
        moco_image *image = nullptr;
        moco_image *bar = nullptr;
        ASSERT_EQ(moco_image_create(&image), MOCO_OK);
        ASSERT_EQ(moco_image_create(&bar), MOCO_OK);
        ASSERT_EQ(moco_image_fill(bar, 27, 2, 0xFFFFFF), MOCO_OK);
        for (int i = 0; i < 150; ++i) {
            const std::filesystem::path file =
                folder_ / "data" / (i % 3 == 0 ? "a cat" : "dog") / ("v1.x " + std::to_string(i) + ".png");
            std::filesystem::create_directories(file.parent_path());
            ASSERT_EQ(moco_image_fill(image, 40 + i % 7, 30 + i % 31, static_cast<uint32_t>(i * 77777) % 0xFFFFFF),
                      MOCO_OK);
            ASSERT_EQ(moco_image_paste(image, bar, 3, 5 + i % 9, 1), MOCO_OK);
            ASSERT_EQ(moco_image_write_png(image, file.c_str()), MOCO_OK);
        }
        moco_image_free(bar);
        moco_image_free(image);
    }
    Dataset open(const std::string &name) const
    {
        moco_dataset *dataset = nullptr;
        EXPECT_EQ(moco_dataset_open(&dataset, path(name).c_str(), nullptr), MOCO_OK) << moco_error_message();
        return { dataset, moco_dataset_free };
    }
    moco_status pack(const std::string &out) const
    {
        return moco_shards_pack(open("data").get(), path(out).c_str(), &options_);
    }
    // Contents of all files of a folder, by name.
    std::map<std::string, std::string> files(const std::string &name) const
    {
        std::map<std::string, std::string> out;
        for (const auto &entry : std::filesystem::directory_iterator(path(name))) {
            out[entry.path().filename().string()] = read_file(entry.path().string());
        }
        return out;
    }

    moco_pack_options options_ = MOCO_PACK_OPTIONS_INIT;
};

} // namespace moco_test
