// Tests shards that are damaged, cut, joined or none, and what is said of them.
#include "support/kept_warnings.hpp"
#include "support/shard_files.hpp"

#include <sys/stat.h>

namespace fs = std::filesystem;
using namespace moco_test;

namespace {

class BrokenShards : public ShardFiles {};

TEST_F(BrokenShards, ACutOrForeignArchiveIsNamedByWhatItIs)
{
    write_file(path("cut.tar.gz"), "\x1F\x8B\x08");
    refuse(path("cut.tar.gz"), MOCO_EFORMAT, "truncated");
    write_file(path("page.tar"), "<!DOCTYPE html><html></html>" + std::string(600, ' '));
    refuse(path("page.tar"), MOCO_EFORMAT, "this is not a tar header");
    write_file(path("empty.tar"), "");
    refuse(path("empty.tar"), MOCO_EFORMAT, "it is empty");
    write_file(path("notes[1].dat"), "words");
    refuse(path("notes[1].dat"), MOCO_EFORMAT, "is a text. It is neither");
    write_file(path("images.zip"), "PK\3\4 and so on");
    refuse(path("images.zip"), MOCO_EFORMAT, "is a zip archive; unpack it");
}

TEST_F(BrokenShards, AnotherArchiveBehindTheEndIsTold)
{
    std::string warned;
    write_file(path("two.tar"), shard(0, 2) + std::string(10240, '\0') + shard(2, 4));
    write_packed(path("a.gz"), shard(0, 2));
    write_packed(path("b.gz"), shard(2, 4));
    write_file(path("two.tar.gz"), read_file(path("a.gz")) + read_file(path("b.gz")));
    for (const char *name : { "two.tar", "two.tar.gz" }) {
        warned.clear();
        moco_log_set_callback(keep_warning, &warned);
        EXPECT_EQ(content(open(path(name))), expected(2));
        moco_log_set_callback(nullptr, nullptr);
        EXPECT_NE(warned.find("another archive begins at offset"), std::string::npos) << name << ": " << warned;
    }
}

TEST_F(BrokenShards, AFifoIsRefusedAtOnce)
{
    ASSERT_EQ(mkfifo(path("f.tar").c_str(), 0600), 0);
    refuse(path("f.tar"), MOCO_EFORMAT, "neither a folder nor a regular file");
    EXPECT_EQ(moco_shards_index(path("f.tar").c_str(), nullptr, nullptr), MOCO_EIO);
    EXPECT_TRUE(message_has("is not a regular file")) << moco_error_message();
}

TEST_F(BrokenShards, DamageOfCompressedOnesIsFoundByTheirChecksums)
{
    for (const char *ending : { ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.lz" }) {
        fs::remove_all(path("set"));
        write_shards(ending, 1, 10);
        const std::string name = std::string("set/s-000000") + ending;
        const std::string whole = read_file(path(name));
        for (const size_t at : { whole.size() / 3, whole.size() / 2, whole.size() - 100, whole.size() - 7 }) {
            std::string damaged = whole;
            damaged[at] ^= 1;
            write_file(path(name), damaged);
            refuse(path(name), MOCO_EFORMAT, "damaged");
        }
    }
}

} // namespace
