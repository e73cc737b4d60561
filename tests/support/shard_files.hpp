// Writes shards, opens them as datasets and looks at their content.
#pragma once

#include "support/dataset_content.hpp"
#include "support/tar_builder.hpp"
#include "support/temporary_folder.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace moco_test {

// Writes shards of images of one colour, whose class is their number mod 3.
class ShardFiles : public WithFolder {
  protected:
    // The bytes of an image of one colour, whose red value identifies it.
    std::string image(uint8_t red) const
    {
        moco_image *made = nullptr;
        EXPECT_EQ(moco_image_create(&made), MOCO_OK);
        EXPECT_EQ(moco_image_fill(made, 20, 18, red * 0x10000U + 0x0102U), MOCO_OK);
        EXPECT_EQ(moco_image_write_png(made, path(".made.png").c_str()), MOCO_OK) << moco_error_message();
        moco_image_free(made);
        const std::string bytes = read_file(path(".made.png"));
        std::filesystem::remove(path(".made.png"));
        return bytes;
    }
    static std::string key(size_t number)
    {
        std::string text = std::to_string(number);
        return std::string(6 - text.size(), '0') + text;
    }
    // A shard of images from..to - 1, whose class is their number mod 3.
    std::string shard(size_t from, size_t to, bool labels = true) const
    {
        std::string bytes = labels ? tar_member("__classes__", "red\ngreen\nblue\n") : "";
        for (size_t i = from; i < to; ++i) {
            bytes += labels ? tar_member(key(i) + ".cls", std::to_string(i % 3)) : "";
            bytes += tar_member(key(i) + ".png", image(static_cast<uint8_t>(i)));
        }
        return bytes + tar_end();
    }
    // Shards of `each` samples.
    void write_shards(const std::string &ending, size_t count, size_t each) const
    {
        std::filesystem::create_directories(folder_ / "set");
        for (size_t s = 0; s < count; ++s) {
            const std::string name = path("set/s-" + key(s) + ending);
            const std::string bytes = shard(s * each, (s + 1) * each);
            ending == ".tar" ? write_file(name, bytes) : write_packed(name, bytes);
        }
    }
    static Dataset open(const std::string &path, size_t keep = 0, moco_format format = MOCO_FORMAT_AUTO,
                        moco_split split = MOCO_SPLIT_TRAIN)
    {
        moco_dataset *dataset = nullptr;
        moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
        options.keep = keep;
        options.format = format;
        options.split = split;
        EXPECT_EQ(moco_dataset_open(&dataset, path.c_str(), &options), MOCO_OK) << moco_error_message();
        return { dataset, moco_dataset_free };
    }
    static void refuse(const std::string &path, moco_status status, const std::string &part,
                       moco_format format = MOCO_FORMAT_AUTO)
    {
        moco_dataset *dataset = nullptr;
        moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
        options.format = format;
        EXPECT_EQ(moco_dataset_open(&dataset, path.c_str(), &options), status) << moco_error_message();
        EXPECT_TRUE(message_has(part)) << moco_error_message();
        moco_dataset_free(dataset);
    }
};

inline Content expected(size_t count)
{
    Content out;
    for (size_t i = 0; i < count; ++i) {
        out.emplace_back(i, i % 3);
    }
    return out;
}

} // namespace moco_test
