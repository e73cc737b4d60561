// Tests shards that commands write, "pipe:COMMAND".
#include "support/dataset_files.hpp"

extern "C" {
#include "dataset/dataset_internal.h"
}

#include <cerrno>
#include <sys/wait.h>

using namespace moco_test;

namespace {

class DatasetPipe : public DatasetFiles {
  protected:
    void SetUp() override
    {
        DatasetFiles::SetUp();
        for (int i = 0; i < 4; ++i) {
            image(std::to_string(i) + ".png", static_cast<uint8_t>(10 * i));
            write_file((root_ / (std::to_string(i) + ".cls")).string(), std::to_string(i % 2));
        }
    }
    void TearDown() override
    {
        EXPECT_TRUE(waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD) << "a command is still there";
        DatasetFiles::TearDown();
    }
    // A command that writes files of the folder as tar.
    [[nodiscard]] std::string tar(const std::string &files) const
    {
        return "pipe:cd " + root_.string() + " && tar -cf - " + files;
    }
    static moco_status try_open(moco_dataset **out, const std::string &path, bool pipes = true,
                                moco_format format = MOCO_FORMAT_AUTO)
    {
        moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
        options.pipes = pipes;
        options.format = format;
        return moco_dataset_open(out, path.c_str(), &options);
    }
    static Dataset open_pipe(const std::string &path)
    {
        moco_dataset *dataset = nullptr;
        EXPECT_EQ(try_open(&dataset, path), MOCO_OK) << moco_error_message();
        return { dataset, moco_dataset_free };
    }
    static void fails(const std::string &path, moco_status status, const std::string &part)
    {
        moco_dataset *dataset = nullptr;
        EXPECT_EQ(try_open(&dataset, path), status) << moco_error_message();
        EXPECT_NE(std::string(moco_error_message()).find(part), std::string::npos) << moco_error_message();
        EXPECT_EQ(dataset, nullptr);
    }
};

} // namespace

TEST_F(DatasetPipe, GivesWhatTheCommandWrites)
{
    const Content all = { { 0, 0 }, { 10, 1 }, { 20, 0 }, { 30, 1 } };
    const std::string files = "0.png 0.cls 1.png 1.cls 2.png 2.cls 3.png 3.cls";
    const Dataset plain = open_pipe(tar(files));
    EXPECT_EQ(content(plain), all);
    EXPECT_EQ(content(plain), all) << "the next epoch runs it again";
    EXPECT_TRUE(plain->is_sequential);
    EXPECT_EQ(content(open_pipe(tar(files) + " | gzip")), all);
    const Dataset shards = open_pipe(tar("{0..3}.png"));
    EXPECT_EQ(moco_dataset_shards(shards.get(), nullptr), 4U) << "braces are expanded, as WebDataset does";
    EXPECT_EQ(content(shards), (Content{ { 0, -1 }, { 10, -1 }, { 20, -1 }, { 30, -1 } }));
}

TEST_F(DatasetPipe, ClosesACommandThatIsNotReadToItsEnd)
{
    const Dataset dataset = open_pipe(tar("0.png 1.png 2.png 3.png"));
    const Image one = new_image();
    EXPECT_EQ(moco_dataset_read(dataset.get(), one.get(), 1), MOCO_OK) << moco_error_message();
}

TEST_F(DatasetPipe, SaysHowTheCommandEnded)
{
    fails(tar("0.png") + "; exit 3", MOCO_EIO, "the command failed with exit status 3");
    fails("pipe:moco-no-such-program 2>/dev/null", MOCO_EIO, "exit status 127: it was not found");
    fails(tar("0.png") + "; kill -9 $$", MOCO_EIO, "the command was ended by signal 9 (Killed)");
    fails(tar("0.png") + " | gzip; kill -15 $$", MOCO_EIO, "the command was ended by signal 15");
    fails(tar("0.png") + " | head -c 600", MOCO_EFORMAT, root_.string());
    fails("pipe:true", MOCO_EFORMAT, "the command wrote nothing");
    fails("pipe:echo no tar", MOCO_EFORMAT, "pipe:echo no tar");
}

TEST_F(DatasetPipe, IsRunOnlyForThoseWhoTrustIt)
{
    moco_dataset *dataset = nullptr;
    const std::string evil = "touch " + (root_ / "evil").string();
    EXPECT_EQ(try_open(&dataset, "pipe:" + evil, false), MOCO_EINVALID);
    EXPECT_EQ(try_open(&dataset, "pipe:" + evil, true, MOCO_FORMAT_IDX), MOCO_EINVALID);
    EXPECT_EQ(try_open(&dataset, "{pipe:" + evil + ",x}.tar", true), MOCO_ENOTFOUND);
    EXPECT_EQ(moco_shards_index(("pipe:" + evil).c_str(), nullptr, nullptr), MOCO_EINVALID);
    EXPECT_FALSE(moco_dataset_has_split(("pipe:" + evil).c_str(), nullptr));
    EXPECT_FALSE(std::filesystem::exists(root_ / "evil"));
}
