// Tests datasets of tar shards: the same images as from a folder, at random from plain tars, in sequence from
// compressed ones.
#include "support/shard_files.hpp"
#include "support/tensor_values.hpp"

extern "C" {
#include "dataset/dataset_internal.h"
#include "dataset/shard_scan_internal.h"
#include "dataset/shard_stream_internal.h"
}

#include <random>
#include <vector>

namespace fs = std::filesystem;
using namespace moco_test;

namespace {

class Shards : public ShardFiles {};

TEST_F(Shards, AFileAFolderAndARange)
{
    write_shards(".tar", 3, 4);
    const Dataset folder = open(path("set"));
    EXPECT_EQ(moco_dataset_format(folder.get()), MOCO_FORMAT_TAR);
    EXPECT_EQ(content(folder), expected(12));
    EXPECT_EQ(moco_dataset_class_count(folder.get()), 3U);
    EXPECT_STREQ(moco_dataset_class_name(folder.get(), 2), "blue");
    EXPECT_FALSE(folder->is_sequential);
    const size_t *sizes = nullptr;
    ASSERT_EQ(moco_dataset_shards(folder.get(), &sizes), 3U);
    EXPECT_EQ(sizes[2], 4U);
    char name[256];
    moco_dataset_name(folder.get(), 9, name, sizeof name);
    EXPECT_EQ(std::string(name), path("set/s-000002.tar/000009.png"));
    EXPECT_EQ(content(open(path("set/s-000000.tar"))), expected(4));
    EXPECT_EQ(content(open(path("set/s-{000000..000001}.tar"))), expected(8));
    refuse(path("set/s-{000001..000003}.tar"), MOCO_ENOTFOUND, "s-000003.tar of ");
    refuse(path("set/s-{3..1}.tar"), MOCO_EINVALID, "must ascend");
    refuse(path("set/s-{a..b}.tar"), MOCO_ENOTFOUND, "{a..b}");
    // The content counts, not the name of a file.
    fs::copy_file(path("set/s-000000.tar"), path("anything"));
    EXPECT_EQ(content(open(path("anything"))), expected(4));
    // Other files and folders beside shards are left out, but images make the folder a tree of images.
    fs::create_directories(path("set/photos"));
    write_file(path("set/README.md"), "text");
    const Dataset beside = open(path("set"));
    EXPECT_EQ(content(beside), expected(12));
    char left[256];
    EXPECT_EQ(moco_dataset_left_out(beside.get(), left, sizeof left), 2U);
    EXPECT_NE(std::string(left).find("left out 2 entries that are not shards, like "), std::string::npos) << left;
    fs::create_directories(path("set/photos/deep"));
    write_file(path("set/photos/deep/1.jpg"), "image");
    const Dataset photos = open(path("set"));
    EXPECT_EQ(moco_dataset_format(photos.get()), MOCO_FORMAT_FLAT);
    EXPECT_EQ(moco_dataset_left_out(photos.get(), left, sizeof left), 4U) << left;
    EXPECT_EQ(content(open(path("set"), 0, MOCO_FORMAT_TAR)), expected(12)) << "format tar forces it";
    refuse(path("set/photos"), MOCO_ENOTFOUND, "no shards in", MOCO_FORMAT_TAR);
}

TEST_F(Shards, PatternsAsInWebDataset)
{
    write_shards(".tar", 3, 4);
    const auto set = [&](const char *pattern) { return content(open(path("set/") + pattern)); };
    EXPECT_EQ(set("s-00000{0,1}.tar"), expected(8));
    EXPECT_EQ(set("s-00000{0,{1..2}}.tar"), expected(12));
    EXPECT_EQ(set("s-0000{00..01}.tar"), expected(8));
    EXPECT_EQ(set("{s,s}-00000{0..0}.tar").size(), 8U) << "a shard may be named twice";
    EXPECT_EQ(set("s-*.tar"), expected(12));
    EXPECT_EQ(set("s-00000[01].tar"), expected(8));
    EXPECT_EQ(set("{s-00000?,s-000000}.tar").size(), 16U);
    refuse(path("set/s-00000{0,9}.tar"), MOCO_ENOTFOUND, "s-000009.tar of ");
    refuse(path("set/t-*.tar"), MOCO_ENOTFOUND, "no file is called like");
    refuse(path("set/s-{,.tar"), MOCO_ENOTFOUND, "s-{,.tar");
    std::string deep;
    for (int i = 0; i < 40; ++i) {
        deep += "{a,b}";
    }
    refuse(path(deep), MOCO_EINVALID, "more than 32 braces");
    refuse(path("set/s-{0..9999999}.tar"), MOCO_EINVALID, "at most 1000000");
    fs::rename(path("set/s-000000.tar"), path("set/s{0,1}.tar"));
    EXPECT_EQ(set("s{0,1}.tar"), expected(4)) << "a file of that name comes first";
}

TEST_F(Shards, Splits)
{
    write_shards(".tar", 2, 3);
    fs::create_directories(path("both/train"));
    fs::create_directories(path("both/val"));
    fs::rename(path("set/s-000000.tar"), path("both/train/a.tar"));
    fs::rename(path("set/s-000001.tar"), path("both/val/a.tar"));
    EXPECT_EQ(red_of(open(path("both")).get(), 0), 0);
    EXPECT_EQ(red_of(open(path("both"), 0, MOCO_FORMAT_AUTO, MOCO_SPLIT_TEST).get(), 0), 3);
    EXPECT_TRUE(moco_dataset_has_split(path("both").c_str(), nullptr));
    EXPECT_FALSE(moco_dataset_has_split(path("both/train/a.tar").c_str(), nullptr));
}

TEST_F(Shards, CompressedOnesGiveTheSame)
{
    for (const char *ending : { ".tar.gz", ".tgz", ".tar.zst", ".tar.lzma", ".tlz", ".tar.lz", ".tar.Z" }) {
        fs::remove_all(path("set"));
        write_shards(ending, 2, 10);
        const Dataset dataset = open(path("set"));
        EXPECT_TRUE(dataset->is_sequential);
        EXPECT_EQ(content(dataset), expected(20));
        EXPECT_EQ(content(dataset), expected(20)) << "a second time";
        // At random, with next to no memory of what was unpacked.
        const Dataset forgetful = open(path("set"), 1);
        std::mt19937 random(1);
        for (int i = 0; i < 60; ++i) {
            const size_t index = random() % 20;
            ASSERT_EQ(red_of(forgetful.get(), index), static_cast<int>(index));
        }
    }
}

TEST_F(Shards, MixturesAreRefused)
{
    write_shards(".tar", 1, 3);
    write_file(path("set/t.tar"), shard(3, 5, false));
    refuse(path("set"), MOCO_EFORMAT, "t.tar");
    write_file(path("set/t.tar"), tar_member("__classes__", "red\ngreen\nblack\n") + tar_member("9.png", image(9)) +
                                      tar_member("9.cls", "2") + tar_end());
    refuse(path("set"), MOCO_EFORMAT, "class 2 is 'blue' in");
    write_file(path("set/s-000000.tar"), shard(0, 2, false));
    write_file(path("set/t.tar"), tar_member("9.png", image(9)) + tar_member("9.cls", "2") + tar_end());
    refuse(path("set"), MOCO_EFORMAT, "has no .cls, but");
    write_file(path("set/s-000000.tar"), tar_end());
    EXPECT_EQ(content(open(path("set"))), (Content{ { 9, 2 } })) << "an empty shard does no harm";
    EXPECT_EQ(moco_dataset_class_count(open(path("set")).get()), 3U) << "without names, up to the largest number";
    write_file(path("set/t.tar"), tar_end());
    refuse(path("set"), MOCO_EFORMAT, "no image in");
    write_file(path("set/t.tar"), "text");
    refuse(path("set"), MOCO_EFORMAT, "t.tar: a header of tar has 512 bytes");
}

TEST_F(Shards, BrokenImagesAndShardsAreNamed)
{
    fs::create_directories(path("set"));
    write_file(path("set/a.tar"), tar_member("1.png", image(1)) + tar_member("2.jpg", "no image") + tar_end());
    const Dataset dataset = open(path("set"));
    moco_image *made = nullptr;
    ASSERT_EQ(moco_image_create(&made), MOCO_OK);
    EXPECT_EQ(moco_dataset_read(dataset.get(), made, 1), MOCO_EFORMAT);
    EXPECT_TRUE(message_has("set/a.tar/2.jpg")) << moco_error_message();
    fs::resize_file(path("set/a.tar"), 600);
    EXPECT_EQ(moco_dataset_read(dataset.get(), made, 0), MOCO_EIO);
    EXPECT_TRUE(message_has("a.tar/1.png: cannot be read at offset 600")) << moco_error_message();
    moco_image_free(made);
}

// ---- In the loader ----

struct Batch {
    std::vector<float> query, key;
    std::vector<size_t> indices;
    bool operator==(const Batch &) const = default;
};

// Batches of two epochs from a place on.
std::vector<Batch> batches(const Dataset &dataset, int32_t workers, size_t window, size_t from = 0,
                           size_t *skipped = nullptr)
{
    moco_sampler *sampler = nullptr;
    moco_loader *loader = nullptr;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    moco_sampler_options_for(&order, dataset.get(), window);
    order.batch = 8;
    order.seed = 5;
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    EXPECT_EQ(moco_augment_preset(&policy, "v2", 12), MOCO_OK);
    moco_loader_options options = MOCO_LOADER_OPTIONS_INIT;
    options.workers = workers;
    options.skip_broken = skipped != nullptr;
    EXPECT_EQ(moco_sampler_create(&sampler, &order), MOCO_OK) << moco_error_message();
    const size_t epoch = moco_sampler_batches(sampler);
    EXPECT_EQ(moco_sampler_seek(sampler, from / epoch, from % epoch), MOCO_OK);
    EXPECT_EQ(moco_loader_create(&loader, dataset.get(), sampler, &policy, nullptr, &options), MOCO_OK);
    std::vector<Batch> out;
    for (size_t b = from; b < 2 * epoch; ++b) {
        moco_batch batch;
        EXPECT_EQ(moco_loader_next(loader, &batch), MOCO_OK) << moco_error_message();
        out.push_back({ values_of(batch.query), values_of(batch.key), { batch.indices, batch.indices + batch.count } });
    }
    if (skipped != nullptr) {
        *skipped = moco_dataset_skipped(dataset.get(), nullptr, 0);
    }
    moco_loader_free(loader);
    moco_sampler_free(sampler);
    return out;
}

TEST_F(Shards, BatchesDependOnNeitherWorkersNorPacking)
{
    write_shards(".tar", 5, 13);
    const auto whole = batches(open(path("set")), 1, 0);
    const auto windowed = batches(open(path("set")), 1, 20);
    EXPECT_NE(whole, windowed);
    for (const int32_t workers : { 2, 4 }) {
        EXPECT_EQ(batches(open(path("set")), workers, 0), whole);
        EXPECT_EQ(batches(open(path("set")), workers, 20), windowed);
    }
    EXPECT_EQ(batches(open(path("set")), 2, 20, 5), std::vector<Batch>(windowed.begin() + 5, windowed.end()));
    fs::remove_all(path("set"));
    write_shards(".tar.gz", 5, 13);
    for (const int32_t workers : { 1, 3 }) {
        const Dataset packed = open(path("set"), 64);
        EXPECT_EQ(batches(packed, workers, 20), windowed) << "the order is that of the shards, however they are packed";
        EXPECT_EQ(batches(packed, workers, 20, 11), std::vector<Batch>(windowed.begin() + 11, windowed.end()));
    }
    EXPECT_EQ(batches(open(path("set"), 1), 2, 20), windowed) << "without memory it is slow, but right";
}

TEST_F(Shards, BrokenImagesAreReplacedAlikeHoweverPacked)
{
    write_shards(".tar", 4, 16);
    size_t count = 0;
    for (size_t s = 0; s < 4; ++s) {
        std::string bytes = read_file(path("set/s-" + key(s) + ".tar"));
        // Every third image loses its first bytes.
        for (size_t at = bytes.find("PNG\r"); at != std::string::npos; at = bytes.find("PNG\r", at + 1)) {
            if (count++ % 3 == 1) {
                bytes.replace(at, 3, "xxx");
            }
        }
        write_file(path("set/s-" + key(s) + ".tar"), bytes);
        write_packed(path("packed-" + key(s) + ".tar.zst"), bytes);
    }
    ASSERT_EQ(count, 64U);
    size_t skipped = 0;
    const auto plain = batches(open(path("set")), 2, 12, 0, &skipped);
    EXPECT_EQ(skipped, 21U);
    for (const int32_t workers : { 1, 3 }) {
        const Dataset packed = open(path("packed-{000000..000003}.tar.zst"), 36);
        EXPECT_EQ(batches(packed, workers, 12, 0, &skipped), plain);
        EXPECT_EQ(skipped, 21U);
    }
}

TEST_F(Shards, EachShardIsStartedOnceAnEpoch)
{
    write_shards(".tar.zst", 6, 11);
    std::vector<moco__shard> shards(6);
    for (size_t s = 0; s < 6; ++s) {
        ASSERT_EQ(moco__shard_scan(&shards[s], path("set/s-" + key(s) + ".tar.zst").c_str()), MOCO_OK);
    }
    moco_sampler *sampler = nullptr;
    const std::vector<size_t> sizes(6, 11);
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    order.count = 66;
    order.batch = 66;
    order.window = 10;
    order.shard_sizes = sizes.data();
    order.shard_count = 6;
    ASSERT_EQ(moco_sampler_create(&sampler, &order), MOCO_OK);
    moco__streams *streams = nullptr;
    ASSERT_EQ(moco__streams_create(&streams, shards.data(), 6, 20), MOCO_OK);
    moco__bytes bytes = { nullptr, 0, 0 };
    for (size_t epoch = 1; epoch <= 5; ++epoch) {
        std::vector<size_t> indices(66);
        size_t count = 0;
        ASSERT_EQ(moco_sampler_next(sampler, indices.data(), &count, nullptr, nullptr), MOCO_OK);
        for (const size_t index : indices) {
            ASSERT_EQ(moco__streams_read(streams, index / 11, index % 11, &bytes), MOCO_OK);
        }
        EXPECT_EQ(moco__streams_starts(streams), 6 * epoch);
    }
    moco__bytes_free(&bytes);
    moco__streams_free(streams);
    moco_sampler_free(sampler);
    for (auto &each : shards) {
        moco__shard_free(&each);
    }
}

TEST_F(Shards, ManyShardsOpenFewFiles)
{
    write_shards(".tar.gz", 50, 1);
    const Dataset dataset = open(path("set"));
    EXPECT_EQ(content(dataset), expected(50));
    // Each shard stays in the middle, so more are begun than may be open.
    fs::remove_all(path("set"));
    write_shards(".tar.gz", 50, 2);
    const Dataset begun = open(path("set"));
    for (size_t i = 0; i < 100; i += 2) {
        ASSERT_EQ(red_of(begun.get(), i), static_cast<int>(i));
    }
    const size_t open_files = entries_of("/proc/self/fd");
    EXPECT_LT(open_files, 45U);
    for (size_t i = 1; i < 100; i += 2) {
        ASSERT_EQ(red_of(begun.get(), i), static_cast<int>(i));
    }
}

} // namespace
