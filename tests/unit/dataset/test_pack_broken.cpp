// Tests packing that is interrupted, and continued.
#include "support/packing.hpp"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace moco_test;

namespace {

using PackBroken = WithImagesToPack;

// Stops packing when this number of images is done.
int stop_at(const moco_shards_progress *progress, void *payload)
{
    return std::string(progress->action) == "packing" && progress->done >= *static_cast<size_t *>(payload) ? 1 : 0;
}

TEST_F(PackBroken, GoesOnWhereItWasBrokenOff)
{
    options_.shard_bytes = 100000;
    options_.short_side = 35;
    fs::create_directories(path("whole"));
    ASSERT_EQ(pack("whole/s.tar"), MOCO_OK) << moco_error_message();
    fs::create_directories(path("broken"));
    size_t limit = 0;
    options_.progress = stop_at;
    options_.payload = &limit;
    for (limit = 1; limit < 150; limit += 40) {
        ASSERT_EQ(pack("broken/s.tar"), MOCO_ESTOPPED);
        EXPECT_TRUE(message_has("continues from there")) << moco_error_message();
    }
    // As after a crash: the part ends anywhere.
    for (const auto &entry : fs::directory_iterator(path("broken"))) {
        if (entry.path().extension() == ".part") {
            fs::resize_file(entry.path(), fs::file_size(entry.path()) - 700);
        }
    }
    options_.progress = nullptr;
    ASSERT_EQ(pack("broken/s.tar"), MOCO_OK) << moco_error_message();
    EXPECT_EQ(files("broken"), files("whole"));
}

TEST_F(PackBroken, APartMayEndAnywhere)
{
    ASSERT_EQ(pack("whole.tar"), MOCO_OK);
    const std::string whole = read_file(path("whole.tar"));
    for (size_t size = 0; size < whole.size(); size += size < 6000 ? 257 : 20011) {
        fs::remove(path("p.tar"));
        write_file(path("p.tar.part"), whole.substr(0, size));
        ASSERT_EQ(pack("p.tar"), MOCO_OK) << size << ": " << moco_error_message();
        ASSERT_TRUE(read_file(path("p.tar")) == whole) << size;
        EXPECT_FALSE(fs::exists(path("p.tar.part")));
    }
}

TEST_F(PackBroken, DamageIsFoundBeforeAShardGetsItsName)
{
    size_t limit = 64;
    options_.progress = stop_at;
    options_.payload = &limit;
    ASSERT_EQ(pack("d.tar"), MOCO_ESTOPPED);
    std::string part = read_file(path("d.tar.part"));
    part[part.find("IDAT") + 10] ^= 1;
    write_file(path("d.tar.part"), part);
    options_.progress = nullptr;
    EXPECT_EQ(pack("d.tar"), MOCO_EIO);
    EXPECT_TRUE(message_has("differs in the shard")) << moco_error_message();
    EXPECT_TRUE(message_has("a cat/v1.x 0.png")) << moco_error_message();
    EXPECT_FALSE(fs::exists(path("d.tar")));
}

TEST_F(PackBroken, AKilledProcessLosesNothing)
{
    ASSERT_EQ(pack("whole.tar"), MOCO_OK);
    for (int i = 0; i < 5; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            const Dataset data = open("data");
            _exit(moco_shards_pack(data.get(), path("k.tar").c_str(), &options_) == MOCO_OK ? 0 : 1);
        }
        usleep(static_cast<useconds_t>(1000 + 3000 * i));
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        if (fs::exists(path("k.tar"))) {
            EXPECT_TRUE(read_file(path("k.tar")) == read_file(path("whole.tar")));
        }
    }
    ASSERT_EQ(pack("k.tar"), MOCO_OK) << moco_error_message();
    EXPECT_TRUE(read_file(path("k.tar")) == read_file(path("whole.tar")));
}

} // namespace
