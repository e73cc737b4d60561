// Tests packing into shards: the same files, names and labels, and resized ones.
#include "support/packing.hpp"
#include "support/tests_folder.hpp"

#include <algorithm>
#include <vector>

extern "C" {
#include "dataset/dataset_internal.h"
}

namespace fs = std::filesystem;
using namespace moco_test;

namespace {

using Pack = WithImagesToPack;

std::string bytes_of(const Dataset &dataset, size_t index)
{
    moco__bytes bytes = { nullptr, 0, 0 };
    EXPECT_EQ(dataset->ops->fetch(dataset.get(), &bytes, index), MOCO_OK) << moco_error_message();
    std::string out(reinterpret_cast<char *>(bytes.data), bytes.size);
    moco__bytes_free(&bytes);
    return out;
}

void expect_same(const Dataset &packed, const Dataset &source)
{
    const size_t count = moco_dataset_count(source.get());
    ASSERT_EQ(moco_dataset_count(packed.get()), count);
    ASSERT_EQ(moco_dataset_class_count(packed.get()), moco_dataset_class_count(source.get()));
    for (size_t c = 0; c < moco_dataset_class_count(source.get()); ++c) {
        EXPECT_STREQ(moco_dataset_class_name(packed.get(), c), moco_dataset_class_name(source.get(), c));
    }
    for (size_t i = 0; i < count; ++i) {
        ASSERT_EQ(moco_dataset_label(packed.get(), i), moco_dataset_label(source.get(), i));
        ASSERT_EQ(bytes_of(packed, i), bytes_of(source, i)) << i;
    }
}

TEST_F(Pack, FilesGoInUnchanged)
{
    fs::create_directories(path("out"));
    ASSERT_EQ(pack("out/all.tar"), MOCO_OK) << moco_error_message();
    EXPECT_EQ(entries_of(path("out")), 2U) << "the shard and its index";
    expect_same(open("out/all.tar"), open("data"));
    char name[4096];
    moco_dataset_name(open("out/all.tar").get(), 50, name, sizeof name);
    EXPECT_EQ(std::string(name), path("out/all.tar") + "/00000050-v1_x_1.png") << "names say where images are from";
    // The index is but a short cut.
    fs::remove(path("out/all.tar.idx"));
    expect_same(open("out/all.tar"), open("data"));
    // Again: nothing to do but the index that is missing.
    const auto time = fs::last_write_time(path("out/all.tar"));
    ASSERT_EQ(pack("out/all.tar"), MOCO_OK) << moco_error_message();
    EXPECT_EQ(fs::last_write_time(path("out/all.tar")), time);
    EXPECT_TRUE(fs::exists(path("out/all.tar.idx")));
}

TEST_F(Pack, ShardsOfASize)
{
    fs::create_directories(path("out"));
    options_.shard_bytes = 40000;
    ASSERT_EQ(pack("out/s.tar"), MOCO_OK) << moco_error_message();
    const size_t *sizes = nullptr;
    const Dataset packed = open("out");
    EXPECT_GT(moco_dataset_shards(packed.get(), &sizes), 3U);
    EXPECT_TRUE(fs::exists(path("out/s-000000.tar")));
    EXPECT_LT(fs::file_size(path("out/s-000000.tar")), 43000U);
    expect_same(packed, open("data"));
    // The same again gives the same bytes, with any number of threads.
    fs::create_directories(path("again"));
    options_.workers = 1;
    ASSERT_EQ(pack("again/s.tar"), MOCO_OK) << moco_error_message();
    EXPECT_EQ(files("again"), files("out"));
    // Shards can be packed again: into one file, and with the same names.
    options_.shard_bytes = 0;
    ASSERT_EQ(moco_shards_pack(packed.get(), path("one.tar").c_str(), &options_), MOCO_OK) << moco_error_message();
    expect_same(open("one.tar"), open("data"));
    char name[4096];
    moco_dataset_name(open("one.tar").get(), 50, name, sizeof name);
    EXPECT_EQ(std::string(name), path("one.tar") + "/00000050-v1_x_1.png");
}

// The message must not send to an option of another command, as the number of channels is.
TEST_F(Pack, RefusesToShrinkBands)
{
    options_.short_side = 32;
    for (const char *name : { "contig.tif", "first_u2.npy", "reals.tif" }) {
        fs::remove_all(path("data"));
        fs::create_directories(path("data"));
        fs::copy_file(tests_folder() + "/data/bands/" + name, path(std::string("data/") + name));
        for (const bool skips : { false, true }) {
            options_.skip_broken = skips;
            EXPECT_EQ(pack(std::string(name) + (skips ? "-skip.tar" : ".tar")), MOCO_EINVALID) << name;
            const std::string message = moco_error_message();
            EXPECT_NE(message.find(std::string(name) + ": has bands, and a smaller copy"), std::string::npos)
                << message;
            EXPECT_EQ(message.find("channels"), std::string::npos) << message;
        }
    }
}

TEST_F(Pack, ShrinksAndLeavesSmallOnesAlone)
{
    options_.short_side = 32;
    ASSERT_EQ(pack("small.tar"), MOCO_OK) << moco_error_message();
    const Dataset packed = open("small.tar");
    const Dataset source = open("data");
    moco_image *small = nullptr;
    moco_image *large = nullptr;
    moco_image *expected = nullptr;
    for (moco_image **image : { &small, &large, &expected }) {
        ASSERT_EQ(moco_image_create(image), MOCO_OK);
    }
    for (size_t i = 0; i < 150; ++i) {
        ASSERT_EQ(moco_dataset_read(packed.get(), small, i), MOCO_OK) << moco_error_message();
        ASSERT_EQ(moco_dataset_read(source.get(), large, i), MOCO_OK);
        const int width = moco_image_width(large);
        const int height = moco_image_height(large);
        if (std::min(width, height) <= 32) {
            EXPECT_EQ(bytes_of(packed, i), bytes_of(source, i));
            continue;
        }
        // torchvision's Resize(32), then JPEG.
        const int w = width < height ? 32 : 32 * width / height;
        const int h = width < height ? 32 * height / width : 32;
        const uint8_t *bytes = nullptr;
        size_t count = 0;
        ASSERT_EQ(moco_image_resized_crop(expected, large, { 0, 0, height, width }, h, w), MOCO_OK);
        ASSERT_EQ(moco_image_encode_jpeg(&bytes, &count, expected, 90), MOCO_OK);
        ASSERT_EQ(bytes_of(packed, i), std::string(reinterpret_cast<const char *>(bytes), count)) << i;
        EXPECT_EQ(moco_image_width(small), w);
    }
    for (moco_image *image : { small, large, expected }) {
        moco_image_free(image);
    }
}

TEST_F(Pack, NothingOfOthersIsOverwritten)
{
    ASSERT_EQ(pack("x.tar"), MOCO_OK);
    const std::string whole = read_file(path("x.tar"));
    options_.short_side = 32;
    EXPECT_EQ(pack("x.tar"), MOCO_EEXISTS) << "other options";
    fs::rename(path("x.tar"), path("y.tar.part"));
    EXPECT_EQ(pack("y.tar"), MOCO_EEXISTS);
    EXPECT_TRUE(message_has("y.tar.part is there already")) << moco_error_message();
    EXPECT_TRUE(read_file(path("y.tar.part")) == whole);
    write_file(path("z.tar"), "thesis");
    EXPECT_EQ(pack("z.tar"), MOCO_EEXISTS);
    EXPECT_EQ(read_file(path("z.tar")), "thesis");
    options_.short_side = 0;
    fs::remove(path("data/dog/v1.x 1.png"));
    fs::rename(path("y.tar.part"), path("y.tar"));
    EXPECT_EQ(pack("y.tar"), MOCO_EEXISTS) << "other data";
}

TEST_F(Pack, BrokenImages)
{
    write_file(path("data/a cat/v1.x 0.png"), "no image");
    ASSERT_EQ(pack("as-is.tar"), MOCO_OK) << "unchanged files need not be images";
    expect_same(open("as-is.tar"), open("data"));
    write_file(path("data/a cat/v1.x 0.png"), "");
    EXPECT_EQ(pack("empty.tar"), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("a cat/v1.x 0.png has no bytes")) << moco_error_message();
    write_file(path("data/a cat/v1.x 0.png"), "no image");
    options_.short_side = 32;
    EXPECT_EQ(pack("small.tar"), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("a cat/v1.x 0.png")) << moco_error_message();
    EXPECT_TRUE(message_has("skip_broken")) << moco_error_message();
    EXPECT_FALSE(fs::exists(path("small.tar")));
    options_.skip_broken = true;
    ASSERT_EQ(pack("small.tar"), MOCO_OK) << moco_error_message();
    EXPECT_EQ(moco_dataset_count(open("small.tar").get()), 149U);
    ASSERT_EQ(pack("small.tar"), MOCO_OK) << "again: " << moco_error_message();
    for (const auto &entry : fs::recursive_directory_iterator(path("data"))) {
        if (entry.is_regular_file()) {
            write_file(entry.path().string(), "no image");
        }
    }
    EXPECT_EQ(pack("none.tar"), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("none of the images")) << moco_error_message();
    EXPECT_FALSE(fs::exists(path("none.tar.part")));
}

TEST_F(Pack, RefusesWhatCannotBe)
{
    const auto refused = [&](const std::string &out, const std::string &part) {
        EXPECT_EQ(pack(out), MOCO_EINVALID);
        EXPECT_TRUE(message_has(part)) << moco_error_message();
        options_ = MOCO_PACK_OPTIONS_INIT;
    };
    refused("a.zip", "must end in .tar");
    options_.quality = 0;
    refused("a.tar", "quality 0");
    options_.short_side = -1;
    refused("a.tar", "short side -1");
    options_.shard_bytes = 10;
    refused("a.tar", "shards of 10 bytes");
    options_.workers = -1;
    refused("a.tar", "workers -1");
    fs::rename(path("data/dog"), path("data/d\nog"));
    refused("a.tar", "line break");
    EXPECT_EQ(moco_shards_pack(nullptr, "a.tar", nullptr), MOCO_EINVALID);
    moco_dataset *numbers = nullptr;
    moco_dataset_callbacks callbacks = MOCO_DATASET_CALLBACKS_INIT;
    callbacks.read = [](moco_image *, size_t, void *) { return MOCO_OK; };
    ASSERT_EQ(moco_dataset_from_callbacks(&numbers, 3, 0, &callbacks, nullptr), MOCO_OK);
    EXPECT_EQ(moco_shards_pack(numbers, path("a.tar").c_str(), nullptr), MOCO_EINVALID);
    EXPECT_TRUE(message_has("are not stored as files")) << moco_error_message();
    moco_dataset_free(numbers);
    EXPECT_EQ(entries_of(folder_), 1U);
}

TEST_F(Pack, IndexOfAFolder)
{
    fs::create_directories(path("out/train"));
    fs::create_directories(path("out/val"));
    ASSERT_EQ(pack("out/train/a.tar"), MOCO_OK);
    ASSERT_EQ(pack("out/val/a.tar"), MOCO_OK);
    const std::string index = read_file(path("out/val/a.tar.idx"));
    fs::remove(path("out/train/a.tar.idx"));
    write_file(path("out/val/a.tar.idx"), "stale");
    std::vector<std::string> seen;
    const auto note = [](const moco_shards_progress *progress, void *payload) {
        static_cast<std::vector<std::string> *>(payload)->push_back(progress->path);
        return 0;
    };
    ASSERT_EQ(moco_shards_index(path("out").c_str(), note, &seen), MOCO_OK) << moco_error_message();
    EXPECT_EQ(seen, (std::vector<std::string>{ path("out/train/a.tar"), path("out/val/a.tar") }));
    EXPECT_TRUE(read_file(path("out/train/a.tar.idx")) == index);
    EXPECT_TRUE(read_file(path("out/val/a.tar.idx")) == index);
    EXPECT_EQ(moco_shards_index(path("nowhere").c_str(), nullptr, nullptr), MOCO_ENOTFOUND);
}

} // namespace
