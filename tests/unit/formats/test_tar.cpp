// Tests the tar reader with sound and hostile archives.
#include "support/tar_builder.hpp"
#include "support/temporary_folder.hpp"
#include "support/tests_folder.hpp"

extern "C" {
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

// A sparse file of GNU tar's old format with one byte: its part (two fields of 12 bytes), and its size.
std::string old_sparse(const std::string &part, const std::string &size)
{
    std::string header = tar_header({ "a.jpg", "x", 'S', "", "" });
    header.replace(257, 8, "ustar  ", 8);
    header.replace(386, part.size() > 11 ? 11 : part.size(), part.substr(0, 11));
    header.replace(398, 11, part.substr(11, 11));
    header.replace(483, size.size(), size);
    header.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char byte : header) {
        sum += static_cast<unsigned char>(byte);
    }
    char number[16];
    (void)snprintf(number, sizeof number, "%06o", sum);
    header.replace(148, 7, std::string(number, 7));
    return header + "x" + std::string(511, '\0') + tar_end();
}

TEST_F(Tar, SparseFilesAreReadWithTheirHoles)
{
    std::string few(100000, '\0');
    few.replace(0, 512, 512, 'A');
    few.replace(65536, 100, 100, 'B');
    std::string many(60 * 8192 + 77, '\0');
    for (size_t i = 0; i < 60; ++i) {
        many.replace(i * 8192, 512, 512, static_cast<char>('a' + i % 26));
    }
    const Members expected = { { "few.png", few, true }, { "many.png", many, true }, { "plain.png", "plain", true } };
    const std::string corpus = tests_folder() + "/fuzz/corpus/tar/";
    for (const char *name :
         { "gnu_sparse_old.tar.gz", "gnu_sparse_0.0.tar.gz", "gnu_sparse_0.1.tar.gz", "gnu_sparse_1.0.tar.gz",
           "packed.tar.xz", "packed.tar.bz2", "packed.tar.lzma", "packed.tar.lz", "packed.tar.lz4", "packed.tar.Z" }) {
        Members out;
        EXPECT_EQ(read(&out, corpus + name), MOCO_OK) << moco_error_message();
        EXPECT_EQ(out, expected) << name;
    }
    EXPECT_EQ(members(old_sparse("0000000000200000000001", "00000000004")),
              (Members{ { "a.jpg", std::string("\0\0x\0", 4), true } }));
}

TEST_F(Tar, HostileHeaders)
{
    const std::string good = tar_member("good.jpg", "content");
    refuse("", "the file has 0; it is empty, truncated or damaged");
    refuse("\xFC"
           "7zXZ",
           "the file has 5; it is empty, truncated or damaged");
    refuse(good + std::string(100, '\0'), "offset 1024: the archive ends in the middle of a block");
    refuse(good.substr(0, 700), "offset 1024: the archive ends in the middle of a block");
    refuse(good + tar_member({ "x", pax_record("path", "a.jpg"), 'x', "", "" }), "extended header without a member");
    refuse(good.substr(0, 515), "reaches beyond the file's 515");
    refuse(std::string(512, 'x') + tar_end(), "offset 0: this is not a tar header");
    std::string flipped = good + good + tar_end();
    flipped[1024 + 3] ^= 1;
    refuse(flipped, "offset 1024: this is not a tar header, or a damaged one");
    refuse(tar_member({ "n", "x", '0', std::string(12, '\xff'), "" }) + tar_end(), "negative or not a number");
    refuse(tar_member({ "n", "x", '0', "not a number", "" }) + tar_end(), "negative or not a number");
    refuse(tar_member({ "n", "x", '0', std::string("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12), "" }) + tar_end(),
           "longer than any file");
    refuse(tar_member({ "n", "x", '0', "77777777777", "" }) + tar_end(), "reaches beyond");
    refuse(old_sparse("0000000000100000000001", "00000000001"), "the map of a sparse file is damaged");
    refuse(old_sparse("0000000000000000000002", "00000000002"), "the map of a sparse file is damaged");
    refuse(old_sparse("0000000000x00000000001", "00000000001"), "the map of a sparse file is damaged");
    for (const std::string &records :
         { pax_record("GNU.sparse.map", "1"), pax_record("GNU.sparse.map", "0,1,x"),
           pax_record("GNU.sparse.size", "-1"),
           pax_record("GNU.sparse.map", "0,9") + pax_record("GNU.sparse.size", "9"),
           pax_record("GNU.sparse.map", "4,1,0,1") + pax_record("GNU.sparse.size", "9"),
           pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.realsize", "9") }) {
        refuse(tar_member({ "x", records, 'x', "", "" }) + tar_member("a.jpg", "x") + tar_end(),
               "the map of a sparse file is damaged");
    }
    const std::string wide = pax_record("GNU.sparse.map", "0,1") + pax_record("GNU.sparse.size", "999999999999");
    refuse(tar_member({ "x", wide, 'x', "", "" }) + tar_member("a.jpg", "x") + tar_end(), "more than the");
    for (const char *records : { "path=a\n", "5 path", "99 path=a\n", "0 path=a\n", "2 \n", "-3 a=b\n",
                                 "99999999999999999999 a=b\n", "10 path=abc" }) {
        refuse(tar_member({ "x", records, 'x', "", "" }) + tar_member("a", "") + tar_end(), "pax header is damaged");
    }
    for (const char *size : { "-1", "9999999999999999999", "1x" }) {
        refuse(tar_member({ "x", pax_record("size", size), 'x', "", "" }) + tar_member("a", "") + tar_end(),
               "not a number in range");
    }
    refuse(tar_member({ "l", std::string(70000, 'l'), 'L', "", "" }) + tar_member("a", "") + tar_end(), "too long");
    refuse(tar_member({ "x", "", 'x', "00010000000", "" }) + tar_end(), "too long");
    refuse(tar_member("big", std::string((1 << 20) + 1, 'b')) + tar_end(), "more than the 1048576 that it may have");
    Members out;
    EXPECT_EQ(read(&out, path("missing.tar")), MOCO_ENOTFOUND);
    EXPECT_EQ(read(&out, folder_.string()), MOCO_EIO);
}

// The header of Unix V7, which has neither a magic nor a prefix.
std::string v7_member(const std::string &name, const std::string &content)
{
    std::string header = tar_header({ name, content, '\0', "", "" });
    header.replace(257, 8, 8, '\0');
    header.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char byte : header) {
        sum += static_cast<unsigned char>(byte);
    }
    char number[16];
    (void)snprintf(number, sizeof number, "%06o", sum);
    header.replace(148, 7, std::string(number, 7));
    return header + content + std::string((512 - content.size() % 512) % 512, '\0');
}

TEST_F(Tar, OtherWriters)
{
    EXPECT_EQ(members(v7_member("old.jpg", "seven") + tar_end()), (Members{ { "old.jpg", "seven", true } }));
    // git archive's comment for all members; a long link, which is not a name.
    EXPECT_EQ(members(tar_member({ "pax_global_header", pax_record("comment", "abc"), 'g', "", "" }) +
                      tar_member({ "././@LongLink", std::string(200, 'l') + '\0', 'K', "", "" }) +
                      tar_member({ "link", "", '2', "", "" }) + tar_member("a.jpg", "x") + tar_end()),
              (Members{ { "link", "", false }, { "a.jpg", "x", true } }));
}

TEST_F(Tar, TheEndOfTheFileIsAnEnd)
{
    const std::string bytes = tar_member("1.jpg", "one") + tar_member("2.jpg", "two");
    const Members expected = { { "1.jpg", "one", true }, { "2.jpg", "two", true } };
    EXPECT_EQ(members(bytes), expected);
    for (const char *packed : { "a.tar.gz", "a.tar.zst" }) {
        Members out;
        write_packed(path(packed), bytes);
        EXPECT_EQ(read(&out, path(packed)), MOCO_OK) << moco_error_message();
        EXPECT_EQ(out, expected) << packed;
    }
}

TEST_F(Tar, SeveralFrames)
{
    const std::string first = tar_member("1.jpg", "one");
    const std::string second = tar_member("2.jpg", "two") + tar_end();
    const Members expected = { { "1.jpg", "one", true }, { "2.jpg", "two", true } };
    for (const char *ending : { ".gz", ".zst" }) {
        write_packed(path(std::string("1") + ending), first);
        write_packed(path(std::string("2") + ending), second);
        // pzstd puts a skippable frame, with the size of the next frame, before each frame.
        const std::string skippable =
            ending == std::string(".zst") ? std::string("\x50\x2A\x4D\x18\4\0\0\0size", 12) : "";
        write_file(path("a.tar"), skippable + read_file(path(std::string("1") + ending)) + skippable +
                                      read_file(path(std::string("2") + ending)));
        Members out;
        EXPECT_EQ(read(&out, path("a.tar")), MOCO_OK) << moco_error_message();
        EXPECT_EQ(out, expected) << ending;
    }
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

} // namespace
