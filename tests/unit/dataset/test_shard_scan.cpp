// Tests that a scan and an index find the samples of a shard.
#include "support/tar_builder.hpp"
#include "support/temporary_folder.hpp"

extern "C" {
#include "base/hash_internal.h"
#include "dataset/shard_index_internal.h"
#include "dataset/shard_open_internal.h"
#include "dataset/shard_scan_internal.h"
}

#include <tuple>
#include <vector>

using namespace moco_test;

namespace {

class Shard : public WithFolder {
  protected:
    moco_status scan(const std::string &bytes)
    {
        write_file(path("s.tar"), bytes);
        moco__shard_free(&shard_);
        return moco__shard_scan(&shard_, path("s.tar").c_str());
    }
    void refuse_shard(const std::string &bytes, const std::string &part)
    {
        EXPECT_EQ(scan(bytes), MOCO_EFORMAT) << part;
        EXPECT_TRUE(message_has("s.tar")) << moco_error_message();
        EXPECT_TRUE(message_has(part)) << moco_error_message();
    }
    void TearDown() override
    {
        moco__shard_free(&shard_);
        WithFolder::TearDown();
    }

    moco__shard shard_ = {};
};

std::vector<std::tuple<std::string, int, size_t>> samples_of(const moco__shard &shard)
{
    std::vector<std::tuple<std::string, int, size_t>> out;
    for (size_t i = 0; i < shard.count; ++i) {
        out.emplace_back(moco__shard_name(&shard, i), shard.samples[i].label, shard.samples[i].offset);
    }
    return out;
}

TEST_F(Shard, SamplesByWebDatasetsNames)
{
    ASSERT_EQ(scan(tar_member("__classes__", "cat\ndog\n") + tar_member("b/2.cls", "1\n") +
                   tar_member("b/2.PNG", "png") + tar_member("b/2.seg.png", "mask") + tar_member("b/2.json", "{}") +
                   tar_member("a.dir/1.jpg", "jpg") + tar_member("a.dir/1.cls", " 0 ") + tar_member("text.txt", "t") +
                   tar_member("a.dir/._1.jpg", "resource fork") + tar_member("noextension", "n") + tar_end()),
              MOCO_OK)
        << moco_error_message();
    EXPECT_EQ(samples_of(shard_), (std::vector<std::tuple<std::string, int, size_t>>{
                                      { "b/2.PNG", 1, 5 * 512 }, { "a.dir/1.jpg", 0, 11 * 512 } }));
    EXPECT_EQ(shard_.class_count, 2U);
    EXPECT_STREQ(reinterpret_cast<char *>(shard_.texts.data), "cat");
    EXPECT_TRUE(shard_.plain);
    ASSERT_EQ(scan(tar_member("1.jpg", "") + tar_member("2.webp", "w") + tar_end()), MOCO_OK);
    EXPECT_EQ(samples_of(shard_),
              (std::vector<std::tuple<std::string, int, size_t>>{ { "1.jpg", -1, 512 }, { "2.webp", -1, 1024 } }));
    EXPECT_EQ(scan(tar_end()), MOCO_OK);
    EXPECT_EQ(shard_.count, 0U);
}

void collect(moco_log_level level, const char *message, void *warnings)
{
    if (level == MOCO_LOG_WARNING) {
        static_cast<std::vector<std::string> *>(warnings)->emplace_back(message);
    }
}

TEST_F(Shard, WhatIsLeftOutIsCounted)
{
    std::vector<std::string> warnings;
    moco_log_set_callback(collect, &warnings);
    EXPECT_EQ(scan(tar_member("v1.05.png", "no key") + tar_member("v1.06.png", "no key") +
                   tar_member("0.input.jpg", "no key") + tar_member("a.jpg", "image") +
                   tar_member("a.seg.png", "mask") + tar_member("a.json", "{}") + tar_member("b.cls", "1") +
                   tar_member("._a.jpg", "AppleDouble") + tar_member("README", "text") + tar_end()),
              MOCO_OK);
    EXPECT_EQ(shard_.count, 1U);
    const std::string expected = "left out 3 images with a dot in their keys, like v1.05.png, 1 .cls member without an "
                                 "image: b, 2 files that are not images, like a.json, 1 hidden entry: ._a.jpg";
    char text[512];
    EXPECT_EQ(moco__left_out_text(&shard_.left_out, text, sizeof text), 7U);
    EXPECT_EQ(text, expected);
    EXPECT_TRUE(warnings.empty());
    // The index keeps it.
    ASSERT_EQ(moco__shard_write_index(&shard_), MOCO_OK) << moco_error_message();
    moco__shard again;
    ASSERT_EQ(moco__shard_open(&again, shard_.path), MOCO_OK) << moco_error_message();
    EXPECT_EQ(moco__left_out_text(&again.left_out, text, sizeof text), 7U);
    EXPECT_EQ(text, expected);
    EXPECT_STREQ(moco__shard_name(&again, 0), "a.jpg");
    moco__shard_free(&again);
    EXPECT_EQ(scan(tar_member("a.jpg", "image") + tar_member("b.jpg", "image")), MOCO_OK);
    EXPECT_EQ(shard_.count, 2U);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("s.tar: ends without the two blocks of zeros"), std::string::npos) << warnings[0];
    moco_log_set_callback(nullptr, nullptr);
}

// Links have no content of their own in an archive; WebDataset passes over them, but says nothing.
TEST_F(Shard, LinksAreCounted)
{
    const auto link = [](const char *name, char type) { return tar_header({ name, "", type, "", "" }); };
    ASSERT_EQ(scan(tar_member("a.jpg", "image") + link("b.jpg", '1') + link("c.png", '2') + link("d.txt", '2') +
                   link("e/", '5') + tar_end()),
              MOCO_OK);
    EXPECT_EQ(shard_.count, 1U);
    char text[512];
    EXPECT_EQ(moco__left_out_text(&shard_.left_out, text, sizeof text), 3U);
    EXPECT_STREQ(text,
                 "left out 1 file that is not an image: d.txt, 2 images that are links in the archive, like b.jpg");
}

TEST_F(Shard, WhatIsWrongWithSamplesIsSaid)
{
    const std::string image = tar_member("1.jpg", "i");
    const std::string label = tar_member("1.cls", "0");
    refuse_shard(image + label + tar_member("2.jpg", "i") + tar_end(), "offset 2048 has no .cls");
    refuse_shard(image + tar_member("2.jpg", "i") + tar_member("2.cls", "0") + tar_end(), "offset 0 has no .cls");
    refuse_shard(image + tar_member("1.png", "i") + tar_end(), "key 1 has an image twice, at offsets 0 and 1024");
    refuse_shard(image + label + label + tar_end(), "a .cls twice");
    refuse_shard(image + tar_member("2.jpg", "i") + image + tar_end(), "twice, at offsets 512 and 2560");
    refuse_shard(image + tar_member("1.cls", "2000000000") + tar_end(), "1.cls holds the class number 2000000000");
    for (const std::string &wrong : std::vector<std::string>{ "",
                                                              "cat",
                                                              "-1",
                                                              "1 2",
                                                              "99999999999999999999",
                                                              "1.5",
                                                              { "1\0"
                                                                "2",
                                                                3 } }) {
        refuse_shard(image + tar_member("1.cls", wrong) + tar_end(), "1.cls holds '");
        EXPECT_TRUE(message_has("offset 1024"));
    }
    refuse_shard(image + tar_member("1.cls", std::string(33, '1')) + tar_end(), "more than the 32");
    refuse_shard(tar_member("__classes__", "cat\n") + image + tar_member("1.cls", "1") + tar_end(),
                 "has class 1, but __classes__ names 1");
    refuse_shard(tar_member("__classes__", "cat") + tar_end(), "lines of text");
    refuse_shard(image + tar_member("__classes__", "cat\n") + tar_end(), "must come once, before");
}

// ---- The index file ----

TEST_F(Shard, IndexTellsWhatTheArchiveTells)
{
    const std::string bytes = tar_member("__classes__", "cat\ndog\n") + tar_member("1.cls", "1") +
                              tar_member("1.jpg", "one") + tar_member("2.jpg", "two") + tar_member("2.cls", "0") +
                              tar_end();
    write_packed(path("s.tar.zst"), bytes);
    ASSERT_EQ(scan(bytes), MOCO_OK);
    for (const char *name : { "s.tar", "s.tar.zst" }) {
        moco__shard read = {};
        moco__shard_free(&shard_);
        ASSERT_EQ(moco__shard_scan(&shard_, path(name).c_str()), MOCO_OK);
        ASSERT_EQ(moco__shard_write_index(&shard_), MOCO_OK) << moco_error_message();
        ASSERT_EQ(moco__shard_open(&read, path(name).c_str()), MOCO_OK) << moco_error_message();
        EXPECT_EQ(samples_of(read), samples_of(shard_));
        EXPECT_EQ(read.class_count, 2U);
        EXPECT_EQ(read.plain, shard_.plain);
        EXPECT_EQ(read.texts.size, shard_.texts.size);
        moco__shard_free(&read);
    }
    EXPECT_EQ(entries_of(folder_), 4U) << "nothing but the shards and their indices";
}

TEST_F(Shard, StaleOrDamagedIndexIsRefused)
{
    const std::string bytes = tar_member("1.jpg", "one") + tar_member("2.jpg", "two") + tar_end();
    ASSERT_EQ(scan(bytes), MOCO_OK);
    ASSERT_EQ(moco__shard_write_index(&shard_), MOCO_OK);
    const std::string index = read_file(path("s.tar.idx"));
    const auto refused = [&](const std::string &part) {
        moco__shard read = {};
        EXPECT_EQ(moco__shard_open(&read, path("s.tar").c_str()), MOCO_EFORMAT) << part;
        EXPECT_TRUE(message_has(part)) << moco_error_message();
        EXPECT_TRUE(message_has("s.tar.idx")) << moco_error_message();
        EXPECT_TRUE(message_has("moco_shards_index()")) << moco_error_message();
        moco__shard_free(&read);
    };
    write_file(path("s.tar"), bytes + std::string(512, '\0'));
    refused("stale");
    write_file(path("s.tar"), tar_member("1.jpg", "one") + tar_member("2.jpg", "TWO") + tar_end());
    refused("stale");
    write_file(path("s.tar"), bytes);
    for (size_t size = 0; size < index.size(); size += 7) {
        write_file(path("s.tar.idx"), index.substr(0, size));
        refused("index");
    }
    for (size_t at = 0; at < index.size(); ++at) {
        std::string flipped = index;
        flipped[at] ^= 0x40;
        write_file(path("s.tar.idx"), flipped);
        refused("index");
    }
    // A right checksum over nonsense.
    for (const auto &[at, byte] : { std::pair<size_t, char>{ 80 + 16 + 3, '\x3f' }, // the first image's size
                                    std::pair<size_t, char>{ 80 + 20 + 3, '\x01' }, // its class
                                    std::pair<size_t, char>{ 56 + 3, '\x02' } }) {  // the largest class
        std::string nonsense = index;
        nonsense[at] = byte;
        const uint64_t head = moco__hash(MOCO__HASH_START, nonsense.data(), 72);
        const uint64_t sum = moco__hash(head, nonsense.data() + 80, nonsense.size() - 80);
        memcpy(&nonsense[72], &sum, 8);
        write_file(path("s.tar.idx"), nonsense);
        refused("points outside");
    }
    write_file(path("s.tar.idx"), "MOCOIDX1" + index.substr(8));
    refused("of version 0.1");
}

// An index of many samples is mapped, and checked by pieces: what is damaged between them is found when it is used.
TEST_F(Shard, LargeIndexIsCheckedByPieces)
{
    constexpr size_t count = 70000;
    ASSERT_EQ(scan(tar_member("1.jpg", "one") + tar_end()), MOCO_OK);
    const moco__shard_sample sample = shard_.samples[0];
    free(shard_.samples);
    shard_.samples = static_cast<moco__shard_sample *>(calloc(count, sizeof sample));
    std::fill_n(shard_.samples, count, sample);
    shard_.count = count;
    ASSERT_EQ(moco__shard_write_index(&shard_), MOCO_OK);
    std::string index = read_file(path("s.tar.idx"));
    const auto open = [&](moco__shard *read) {
        write_file(path("s.tar.idx"), index);
        return moco__shard_open(read, path("s.tar").c_str());
    };
    moco__shard read = {};
    ASSERT_EQ(open(&read), MOCO_OK) << moco_error_message();
    EXPECT_EQ(read.count, count);
    EXPECT_STREQ(moco__shard_name(&read, count - 1), "1.jpg");
    moco__shard_free(&read);
    const size_t between = 80 + 24 * 3000;
    memset(&index[between], 0xff, 24);
    ASSERT_EQ(open(&read), MOCO_OK) << moco_error_message();
    EXPECT_STREQ(moco__shard_name(&read, 3000), "(damaged index)");
    moco__shard_free(&read);
    for (const size_t at : { size_t{ 20 }, size_t{ 81 }, index.size() - 2 }) {
        const char kept = index[at];
        index[at] ^= 1;
        EXPECT_EQ(open(&read), MOCO_EFORMAT) << at;
        moco__shard_free(&read);
        index[at] = kept;
    }
}

} // namespace
