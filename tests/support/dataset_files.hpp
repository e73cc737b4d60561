// Writes small datasets, opens them and looks at their content.
#pragma once

#include "support/dataset_content.hpp"
#include "support/temporary_folder.hpp"

#include <zlib.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace moco_test {

using Image = std::unique_ptr<moco_image, decltype(&moco_image_free)>;
using Bytes = std::vector<uint8_t>;

// Writes datasets to a temporary folder, and collects the warnings of opening them.
class DatasetFiles : public WithFolder {
  protected:
    void SetUp() override
    {
        WithFolder::SetUp();
        root_ = folder_;
        warnings.clear();
        moco_log_set_callback(collect, &warnings);
    }
    void TearDown() override
    {
        moco_log_set_callback(nullptr, nullptr);
        WithFolder::TearDown();
    }

    // Writes an image of one colour, whose red value identifies it.
    void image(const std::string &name, uint8_t red) const
    {
        const std::filesystem::path path = root_ / name;
        std::filesystem::create_directories(path.parent_path());
        moco_image *made = nullptr;
        ASSERT_EQ(moco_image_create(&made), MOCO_OK);
        const uint8_t pixel[12] = { red, 1, 2, red, 1, 2, red, 1, 2, red, 1, 2 };
        EXPECT_EQ(moco_image_set(made, MOCO_FRAME_RGB, 2, 2, 0, pixel), MOCO_OK);
        // The content is PNG under any name: decoders go by the content.
        const std::filesystem::path png = root_ / ".made.png";
        EXPECT_EQ(moco_image_write_png(made, png.c_str()), MOCO_OK) << moco_error_message();
        std::filesystem::rename(png, path);
        moco_image_free(made);
    }
    void file(const std::string &name, const Bytes &bytes) const
    {
        const std::filesystem::path path = root_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    void packed(const std::string &name, const Bytes &bytes) const
    {
        gzFile stream = gzopen((root_ / name).c_str(), "wb");
        ASSERT_NE(stream, nullptr);
        ASSERT_EQ(gzwrite(stream, bytes.data(), static_cast<unsigned>(bytes.size())), static_cast<int>(bytes.size()));
        ASSERT_EQ(gzclose(stream), Z_OK);
    }

    static Dataset open(const std::filesystem::path &path, moco_format format = MOCO_FORMAT_AUTO,
                        moco_split split = MOCO_SPLIT_TRAIN)
    {
        moco_dataset *dataset = nullptr;
        moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
        options.format = format;
        options.split = split;
        EXPECT_EQ(moco_dataset_open(&dataset, path.c_str(), &options), MOCO_OK) << moco_error_message();
        return { dataset, moco_dataset_free };
    }
    // Expects a refusal whose message has a part of a text.
    static void refuse(const std::filesystem::path &path, moco_status status, const std::string &part,
                       moco_format format = MOCO_FORMAT_AUTO, moco_split split = MOCO_SPLIT_TRAIN)
    {
        moco_dataset *dataset = nullptr;
        moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
        options.format = format;
        options.split = split;
        EXPECT_EQ(moco_dataset_open(&dataset, path.c_str(), &options), status) << moco_error_message();
        EXPECT_EQ(dataset, nullptr);
        EXPECT_NE(std::string(moco_error_message()).find(part), std::string::npos) << moco_error_message();
        moco_dataset_free(dataset);
    }

    static void collect(moco_log_level level, const char *message, void *warnings)
    {
        if (level >= MOCO_LOG_WARNING) {
            static_cast<std::vector<std::string> *>(warnings)->emplace_back(message);
        }
    }

    std::filesystem::path root_;
    std::vector<std::string> warnings;
};

inline Image new_image()
{
    moco_image *image = nullptr;
    EXPECT_EQ(moco_image_create(&image), MOCO_OK);
    return { image, moco_image_free };
}

inline std::string name_of(const Dataset &dataset, size_t index)
{
    char name[4096];
    moco_dataset_name(dataset.get(), index, name, sizeof name);
    return name;
}

} // namespace moco_test
