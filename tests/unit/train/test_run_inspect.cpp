// Tests how a run looks from the outside.
#include "support/temporary_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

extern "C" {
#include "train/run_lock_internal.h"
#include "train/run_open_internal.h"
}

using moco_test::write_file;

namespace {

class RunInspect : public moco_test::WithFolder {
  protected:
    [[nodiscard]] moco_run_info inspect() const
    {
        moco_run_info info = {};
        EXPECT_EQ(moco_run_inspect(&info, folder_.c_str()), MOCO_OK) << moco_error_message();
        return info;
    }
    void log(const std::string &more)
    {
        log_ += more;
        write_file(path("train.log"), log_);
    }
    const std::string stamp_ = "2026-01-02 03:04:05 ";
    std::string log_;
};

} // namespace

TEST_F(RunInspect, StatesFollowTheLastWordsOfTheLog)
{
    moco_run_info info = {};
    EXPECT_EQ(moco_run_inspect(&info, folder_.c_str()), MOCO_ENOTFOUND);
    write_file(path("config.yaml"), "epochs: 2\n");
    EXPECT_EQ(inspect().state, MOCO_RUN_NEW);
    write_file(path("metrics.jsonl"), "{\"step\": 3, \"epoch\": 0.5}\n{\"step\": 6, \"epoch\": 1}\n{\"step\": 9, \"ep");
    EXPECT_EQ(inspect().state, MOCO_RUN_STOPPED);
    EXPECT_EQ(inspect().step, 6U);
    EXPECT_DOUBLE_EQ(inspect().epoch, 1);
    log(stamp_ + "libmoco 0.2.0\n" + stamp_ + "20 images\n");
    EXPECT_EQ(inspect().state, MOCO_RUN_STOPPED); /* killed */
    log(stamp_ + "failed: step 7: the loss is not finite\n");
    EXPECT_EQ(inspect().state, MOCO_RUN_FAILED);
    EXPECT_STREQ(inspect().failure, "step 7: the loss is not finite");
    log(stamp_ + "libmoco 0.2.0\n" + stamp_ + "stopped at step 8 of 9\n");
    EXPECT_EQ(inspect().state, MOCO_RUN_STOPPED);
    EXPECT_STREQ(inspect().failure, "");
    log(stamp_ + "libmoco 0.2.0\n" + stamp_ + "done: 9 steps\n" + stamp_ + "1 image was skipped\n");
    EXPECT_EQ(inspect().state, MOCO_RUN_DONE);
    std::filesystem::create_directory(path("checkpoints"));
    write_file(path("checkpoints/step_0000000009.safetensors"), "half of i");
    EXPECT_EQ(inspect().state, MOCO_RUN_STOPPED); /* its last steps are to be made again */
    std::filesystem::remove(path("checkpoints/step_0000000009.safetensors"));
    EXPECT_EQ(inspect().state, MOCO_RUN_DONE);
    log(stamp_ + "libmoco 0.2.0\n");
    EXPECT_EQ(inspect().state, MOCO_RUN_STOPPED); /* lengthened, and killed */
    EXPECT_STREQ(moco_run_state_name(MOCO_RUN_FAILED), "failed");
    EXPECT_EQ(moco_run_state_name(static_cast<moco_run_state>(99)), nullptr);
}

TEST_F(RunInspect, ALockedRunGoesOnAndALookDoesNotStopOne)
{
    write_file(path("config.yaml"), "epochs: 2\n");
    int lock = MOCO__RUN_UNLOCKED;
    ASSERT_EQ(moco__run_lock(&lock, folder_.c_str()), MOCO_OK);
    EXPECT_EQ(inspect().state, MOCO_RUN_RUNNING);
    write_file(path("events"), "of another program");
    EXPECT_EQ(moco__run_refuse_used_folder(folder_.c_str()), MOCO_EUNAVAILABLE);
    EXPECT_NE(std::string(moco_error_message()).find(": process " + std::to_string(getpid()) + " on "),
              std::string::npos);
    moco__run_unlock(&lock);
    EXPECT_EQ(inspect().state, MOCO_RUN_NEW);
    EXPECT_EQ(moco__run_refuse_used_folder(folder_.c_str()), MOCO_EEXISTS);

    const int looks = open(path(".lock").c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(flock(looks, LOCK_SH), 0);
    std::thread leaves([looks] {
        usleep(30000);
        close(looks);
    });
    EXPECT_EQ(moco__run_lock(&lock, folder_.c_str()), MOCO_OK) << moco_error_message();
    leaves.join();
    moco__run_unlock(&lock);
}
