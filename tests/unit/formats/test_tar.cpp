// The tar reader and the index of a shard, with sound and hostile archives.
#include "support/tar_builder.hpp"
#include "support/temporary_folder.hpp"

extern "C" {
#include "base/hash_internal.h"
#include "dataset/shard_index_internal.h"
#include "dataset/shard_open_internal.h"
#include "dataset/shard_scan_internal.h"
#include "formats/tar_read_internal.h"
}

#include <random>
#include <tuple>
#include <vector>

using namespace moco_test;

namespace {

class Tar : public WithFolder {
  protected:
    // Name, content and whether it is a file, of each member.
    using Members = std::vector<std::tuple<std::string, std::string, bool>>;

    moco_status read(Members *out, const std::string &path) const
    {
        moco__source *source = nullptr;
        moco_status status = moco__source_open(&source, path.c_str());
        if (status != MOCO_OK) {
            return status;
        }
        moco__tar tar;
        moco__tar_start(&tar, source);
        moco__tar_entry entry;
        moco__bytes content = { nullptr, 0, 0 };
        bool more = true;
        while (status == MOCO_OK) {
            status = moco__tar_next(&tar, &entry, &more);
            if (status != MOCO_OK || !more) {
                break;
            }
            const std::string name = entry.name;
            status = moco__tar_content(&tar, &entry, &content, 1 << 20);
            if (status == MOCO_OK) {
                out->emplace_back(name, std::string(reinterpret_cast<char *>(content.data), content.size),
                                  entry.is_file);
            }
        }
        moco__bytes_free(&content);
        moco__tar_end(&tar);
        moco__source_close(source);
        return status;
    }
    Members members(const std::string &bytes) const
    {
        Members out;
        write_file(path("a.tar"), bytes);
        EXPECT_EQ(read(&out, path("a.tar")), MOCO_OK) << moco_error_message();
        return out;
    }
    // Expects a refusal that names the file and says a text.
    void refuse(const std::string &bytes, const std::string &part) const
    {
        Members out;
        write_file(path("bad.tar"), bytes);
        EXPECT_EQ(read(&out, path("bad.tar")), MOCO_EFORMAT) << part;
        EXPECT_TRUE(message_has("bad.tar")) << moco_error_message();
        EXPECT_TRUE(message_has(part)) << moco_error_message();
    }
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

TEST_F(Tar, MembersOfAllKinds)
{
    const std::string name = std::string(150, 'n') + ".jpg";
    const std::string bytes =
        tar_member({ "dir/", "", '5', "", "" }) + tar_member("empty", "") + tar_member("full", std::string(512, 'f')) +
        tar_member({ "in", "x", '0', "", "dir/below" }) + tar_member({ "././@LongLink", name + '\0', 'L', "", "" }) +
        tar_member("cut", "long") +
        tar_member({ "pax", pax_record("mtime", "1.5") + pax_record("path", "p/" + name), 'x', "", "" }) +
        tar_member("cut", "pax") + tar_member({ "g", pax_record("comment", "hi"), 'g', "", "" }) +
        tar_member({ "link", "", '2', "00000000777", "" }) + tar_member({ "old", "o", '\0', "", "" }) +
        tar_member({ "x", pax_record("size", "3"), 'x', "", "" }) +
        tar_header({ "sized", "abc", '0', "00000000000", "" }) + "abc" + std::string(509, '\0') +
        tar_member({ "base256", "four", '0', std::string("\x80\0\0\0\0\0\0\0\0\0\0\4", 12), "" }) + tar_end();
    const Members expected = {
        { "dir/", "", false },         { "empty", "", true },  { "full", std::string(512, 'f'), true },
        { "dir/below/in", "x", true }, { name, "long", true }, { "p/" + name, "pax", true },
        { "link", "", false },         { "old", "o", true },   { "sized", "abc", true },
        { "base256", "four", true }
    };
    EXPECT_EQ(members(bytes), expected);
    for (const char *packed : { "a.tar.gz", "a.tar.zst" }) {
        Members out;
        write_packed(path(packed), bytes);
        EXPECT_EQ(read(&out, path(packed)), MOCO_OK) << moco_error_message();
        EXPECT_EQ(out, expected) << packed;
    }
    // What follows the end is padding, or nobody's business.
    EXPECT_EQ(members(tar_member("a", "b") + tar_end() + "rest").size(), 1U);
    EXPECT_EQ(members(tar_member("a", "b") + std::string(512, '\0')).size(), 1U) << "a lone zero block is an end, too";
}

TEST_F(Tar, HostileHeaders)
{
    const std::string good = tar_member("good.jpg", "content");
    refuse("", "offset 0: the archive ends without its end mark");
    refuse(good, "offset 1024: the archive ends without its end mark");
    refuse(good + std::string(100, '\0'), "truncated");
    refuse(good.substr(0, 515), "reaches beyond the file's 515");
    refuse(std::string(512, 'x') + tar_end(), "offset 0: this is no tar header");
    std::string flipped = good + good + tar_end();
    flipped[1024 + 3] ^= 1;
    refuse(flipped, "offset 1024: this is no tar header, or a damaged one");
    refuse(tar_member({ "n", "x", '0', std::string(12, '\xff'), "" }) + tar_end(), "negative or no number");
    refuse(tar_member({ "n", "x", '0', "not a number", "" }) + tar_end(), "negative or no number");
    refuse(tar_member({ "n", "x", '0', std::string("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12), "" }) + tar_end(),
           "longer than any file");
    refuse(tar_member({ "n", "x", '0', "77777777777", "" }) + tar_end(), "reaches beyond");
    refuse(tar_member({ "n", "x", 'S', "", "" }) + tar_end(), "sparse");
    for (const char *records : { "path=a\n", "5 path", "99 path=a\n", "0 path=a\n", "2 \n", "-3 a=b\n",
                                 "99999999999999999999 a=b\n", "10 path=abc" }) {
        refuse(tar_member({ "x", records, 'x', "", "" }) + tar_member("a", "") + tar_end(), "pax header is damaged");
    }
    for (const char *size : { "-1", "9999999999999999999", "1x" }) {
        refuse(tar_member({ "x", pax_record("size", size), 'x', "", "" }) + tar_member("a", "") + tar_end(),
               "no number in range");
    }
    refuse(tar_member({ "l", std::string(70000, 'l'), 'L', "", "" }) + tar_member("a", "") + tar_end(),
           "unreasonably long");
    refuse(tar_member({ "x", "", 'x', "00010000000", "" }) + tar_end(), "unreasonably long");
    refuse(tar_member("big", std::string((1 << 20) + 1, 'b')) + tar_end(), "more than the 1048576 that it may have");
    Members out;
    EXPECT_EQ(read(&out, path("missing.tar")), MOCO_ENOTFOUND);
    EXPECT_EQ(read(&out, folder_.string()), MOCO_EIO);
}

TEST_F(Tar, DamagedCompression)
{
    std::string content(300000, '\0');
    std::mt19937 random(3);
    for (char &byte : content) {
        byte = static_cast<char>(random());
    }
    for (const char *name : { "a.tar.gz", "a.tar.zst" }) {
        write_packed(path(name), tar_member("x", content) + tar_end());
        const std::string whole = read_file(path(name));
        for (const size_t size : { whole.size() / 2, whole.size() - 300000 + 50, size_t{ 8 } }) {
            Members out;
            write_file(path(name), whole.substr(0, size));
            EXPECT_EQ(read(&out, path(name)), MOCO_EFORMAT) << size;
            EXPECT_TRUE(message_has(name)) << moco_error_message();
            EXPECT_TRUE(message_has("truncated")) << moco_error_message();
        }
        std::string flipped = whole;
        flipped[whole.size() / 2] ^= 0x55;
        write_file(path(name), flipped);
        Members out;
        (void)read(&out, path(name)); // stored blocks may decode to other content, which checksums find at the end
    }
}

// ---- Samples ----

std::vector<std::tuple<std::string, int, size_t>> samples_of(const moco__shard &shard)
{
    std::vector<std::tuple<std::string, int, size_t>> out;
    for (size_t i = 0; i < shard.count; ++i) {
        out.emplace_back(moco__shard_name(&shard, i), shard.samples[i].label, shard.samples[i].offset);
    }
    return out;
}

TEST_F(Tar, SamplesByWebDatasetsNames)
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

TEST_F(Tar, WhatIsWrongWithSamplesIsSaid)
{
    const std::string image = tar_member("1.jpg", "i");
    const std::string label = tar_member("1.cls", "0");
    refuse_shard(image + label + tar_member("2.jpg", "i") + tar_end(), "offset 2048 has no .cls");
    refuse_shard(image + tar_member("2.jpg", "i") + tar_member("2.cls", "0") + tar_end(), "offset 0 has no .cls");
    refuse_shard(image + tar_member("1.png", "i") + tar_end(), "key 1 has an image twice, at offsets 0 and 1024");
    refuse_shard(image + label + label + tar_end(), "a .cls twice");
    refuse_shard(image + tar_member("2.jpg", "i") + image + tar_end(), "twice, at offsets 512 and 2560");
    for (const char *wrong : { "", "cat", "-1", "1 2", "99999999999", "2147483647", "1.5" }) {
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

TEST_F(Tar, IndexTellsWhatTheArchiveTells)
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

TEST_F(Tar, StaleOrDamagedIndexIsRefused)
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
        EXPECT_TRUE(message_has("moco index")) << moco_error_message();
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
    std::string nonsense = index;
    nonsense[64 + 16 + 3] = '\x3f'; // the first image's size
    const uint64_t sum = moco__hash(MOCO__HASH_START, nonsense.data() + 64, nonsense.size() - 64);
    memcpy(&nonsense[56], &sum, 8);
    write_file(path("s.tar.idx"), nonsense);
    refused("points outside");
}

} // namespace
