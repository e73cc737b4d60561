// Tests that files are written completely or not at all.
#include "support/temporary_folder.hpp"

extern "C" {
#include "base/descriptor_internal.h"
#include "base/files_internal.h"
}

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using moco_test::entries_of;
using moco_test::message_has;
using moco_test::read_file;
using moco_test::write_file;

using Files = moco_test::WithFolder;

TEST_F(Files, WriteReplacesAndRead)
{
    const std::string name = path("a.txt");
    ASSERT_EQ(moco__file_write(name.c_str(), "one", 3), MOCO_OK);
    ASSERT_EQ(moco__file_write(name.c_str(), "second", 6), MOCO_OK);
    EXPECT_EQ(read_file(name), "second");
    EXPECT_EQ(entries_of(folder_), 1U) << "no temporary file is left";
    char *bytes = nullptr;
    size_t count = 0;
    ASSERT_EQ(moco__file_read(&bytes, &count, name.c_str()), MOCO_OK);
    EXPECT_EQ(std::string(bytes), "second");
    EXPECT_EQ(count, 6U);
    free(bytes);
}

TEST_F(Files, AbortLeavesTheOldFile)
{
    const std::string name = path("a.txt");
    write_file(name, "old");
    moco__file file;
    ASSERT_EQ(moco__file_begin(&file, name.c_str()), MOCO_OK);
    ASSERT_EQ(moco__file_put(&file, "new", 3), MOCO_OK);
    EXPECT_EQ(read_file(name), "old") << "until the commit";
    moco__file_abort(&file);
    moco__file_abort(&file);
    EXPECT_EQ(read_file(name), "old");
    EXPECT_EQ(entries_of(folder_), 1U);
}

// A process that may write no more than 4,096 bytes per file stands for a full disk.
TEST_F(Files, AFullDiskHarmsNothing)
{
    const std::string name = path("a.bin");
    write_file(name, "old");
    const pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGXFSZ, SIG_IGN);
        const rlimit limit = { 4096, 4096 };
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        const std::string bytes(100000, 'x');
        const bool refused = moco__file_write(name.c_str(), bytes.data(), bytes.size()) == MOCO_EIO &&
                             message_has(name) && message_has("ulimit -f");
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(read_file(name), "old");
    EXPECT_EQ(entries_of(folder_), 1U) << "the temporary file is gone";
}

TEST_F(Files, ErrorsNameThePathAndWhatToDo)
{
    write_file(path("file"), "x");
    EXPECT_EQ(moco__file_write(path("file/below").c_str(), "x", 1), MOCO_ENOTFOUND);
    EXPECT_TRUE(message_has(path("file/below")) && message_has("a folder in the path is a file"))
        << moco_error_message();
    EXPECT_EQ(moco__file_write(path("none/below").c_str(), "x", 1), MOCO_ENOTFOUND);
    char *bytes = nullptr;
    size_t count = 0;
    EXPECT_EQ(moco__file_read(&bytes, &count, path("none").c_str()), MOCO_ENOTFOUND);
    EXPECT_EQ(moco__file_read(&bytes, &count, ""), MOCO_ENOTFOUND);
    EXPECT_TRUE(message_has("\"\": cannot read")) << moco_error_message();
    EXPECT_NE(moco__file_read(&bytes, &count, folder_.c_str()), MOCO_OK);
    EXPECT_EQ(bytes, nullptr);
}

// A rename would replace a device, /dev/null for example, by a file.
TEST_F(Files, OnlyFilesAreReplaced)
{
    ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
    EXPECT_EQ(moco__file_write(path("pipe").c_str(), "x", 1), MOCO_EIO);
    EXPECT_TRUE(message_has(path("pipe")) && message_has("a device or pipe")) << moco_error_message();
    EXPECT_TRUE(std::filesystem::is_fifo(path("pipe")));
    std::filesystem::create_directory(path("folder"));
    EXPECT_EQ(moco__file_write(path("folder").c_str(), "x", 1), MOCO_EIO);
    EXPECT_TRUE(message_has("a folder is there")) << moco_error_message();
    EXPECT_EQ(entries_of(folder_), 2U) << "no temporary file is left";
    if (std::filesystem::is_symlink("/dev/stdout")) {
        moco__file file;
        EXPECT_EQ(moco__file_begin(&file, "/dev/stdout"), MOCO_EIO) << "a commit would replace the link";
        EXPECT_TRUE(message_has("a stream")) << moco_error_message();
    }
}

TEST_F(Files, Folders)
{
    ASSERT_EQ(moco__mkdirs(path("a/b/c").c_str()), MOCO_OK);
    ASSERT_EQ(moco__mkdirs(path("a/b/c").c_str()), MOCO_OK);
    EXPECT_TRUE(moco__is_directory(path("a/b/c").c_str()));
    EXPECT_TRUE(moco__files_exist_in(folder_.c_str(), "a"));
    EXPECT_FALSE(moco__files_exist_in(folder_.c_str(), "b"));
    EXPECT_TRUE(moco__files_exist(std::string(300, 'x').c_str())) << "opening it says why it cannot be looked at";
    write_file(path("file"), "x");
    EXPECT_NE(moco__mkdirs(path("file").c_str()), MOCO_OK);
    EXPECT_NE(moco__mkdirs(path("file/below").c_str()), MOCO_OK);
}

TEST_F(Files, JoinRefusesWhatDoesNotFit)
{
    char out[8];
    ASSERT_EQ(moco__files_join(out, sizeof out, "abc", "def"), MOCO_OK);
    EXPECT_STREQ(out, "abc/def");
    ASSERT_EQ(moco__files_join(out, sizeof out, "abc/", "def"), MOCO_OK);
    EXPECT_STREQ(out, "abc/def");
    EXPECT_EQ(moco__files_join(out, sizeof out, "abc", "defg"), MOCO_EINVALID);
}

TEST_F(Files, StreamsKeepTheOrderOfSmallAndLargePieces)
{
    moco__stream stream;
    ASSERT_EQ(moco__stream_open(&stream, path("s").c_str(), O_TRUNC), 0);
    std::string all;
    for (int i = 0; i < 40; ++i) {
        const std::string piece(static_cast<size_t>(i % 5 == 4 ? MOCO__STREAM_BUFFER + i : 1000 * i),
                                static_cast<char>('a' + i % 26));
        ASSERT_EQ(moco__stream_put(&stream, piece.data(), piece.size()), 0);
        all += piece;
        EXPECT_EQ(stream.size, all.size());
    }
    ASSERT_EQ(moco__stream_sync(&stream), 0);
    ASSERT_EQ(moco__stream_close(&stream), 0);
    ASSERT_EQ(moco__stream_close(&stream), 0);
    EXPECT_TRUE(read_file(path("s")) == all);
    EXPECT_EQ(moco__stream_open(&stream, path("none/s").c_str(), O_TRUNC), ENOENT);
}

TEST_F(Files, ReadsAtAnOffset)
{
    const std::string name = path("a.txt");
    write_file(name, "0123456789");
    const int descriptor = open(name.c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(descriptor, 0);
    char out[8] = {};
    size_t got = 0;
    EXPECT_EQ(moco__read_at(&got, out, descriptor, 4, 3), 0);
    EXPECT_EQ(std::string(out, got), "3456");
    EXPECT_EQ(moco__read_at(&got, out, descriptor, 8, 8), 0);
    EXPECT_EQ(std::string(out, got), "89") << "less where the file ends";
    EXPECT_EQ(moco__read_at(&got, out, descriptor, 8, 20), 0);
    EXPECT_EQ(got, 0U);
    close(descriptor);
    EXPECT_EQ(moco__read_at(&got, out, descriptor, 8, 0), EBADF);
}
