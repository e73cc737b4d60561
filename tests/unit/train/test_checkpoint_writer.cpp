// Tests that a checkpoint is written beside the training, and that its errors are told.
#include "support/device.hpp"
#include "support/made_model.hpp"
#include "support/temporary_folder.hpp"

extern "C" {
#include "train/checkpoint_writer_internal.h"
}

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

using moco_test::config_of;
using moco_test::message_has;
using moco_test::read_file;

namespace {

using Model = moco_test::MadeModel;

class Writer : public moco_test::WithFolder {
  protected:
    static Model model(const char *arch, int64_t queue_size)
    {
        moco_test::ModelOptions options;
        options.encoder.arch = arch;
        options.encoder.dim = 128;
        options.encoder.layout = MOCO_NHWC; // as on a CPU
        options.encoder.device = moco_test::device();
        options.queue_size = queue_size;
        return moco_test::make_model(options);
    }
    void TearDown() override
    {
        moco__writer_close(&writer_);
        WithFolder::TearDown();
    }

    moco__checkpoint_writer writer_{};
    const moco_position position_ = { 3, 1, 1 };
};

} // namespace

TEST_F(Writer, WritesTheBytesOfTheCallThatWaits)
{
    const Model made = model("resnet20", 16);
    const moco_config config = config_of(made);
    ASSERT_EQ(moco_checkpoint_save(path("waits").c_str(), made.get(), position_, &config), MOCO_OK);
    for (int i = 0; i < 2; ++i) { // the second into the same memory
        const std::string to = path("thread" + std::to_string(i));
        ASSERT_EQ(moco__writer_start(&writer_, to.c_str(), made.get(), position_, &config), MOCO_OK);
        ASSERT_EQ(moco__writer_wait(&writer_), MOCO_OK) << moco_error_message();
        EXPECT_TRUE(read_file(to) == read_file(path("waits")));
    }
}

TEST_F(Writer, TellsOnceThatAFileCannotBeWritten)
{
    const Model made = model("resnet20", 16);
    const moco_config config = config_of(made);
    ASSERT_EQ(moco__writer_start(&writer_, path("none/file").c_str(), made.get(), position_, &config), MOCO_OK);
    moco_status status = MOCO_OK;
    while (status == MOCO_OK && writer_.runs) {
        status = moco__writer_check(&writer_);
    }
    EXPECT_EQ(status, MOCO_ENOTFOUND);
    EXPECT_TRUE(message_has("none/file"));
    EXPECT_EQ(moco__writer_wait(&writer_), MOCO_OK);
}

TEST_F(Writer, HoldsUpTheTrainingForACopyAlone)
{
    const bool is_long = std::getenv("MOCO_LONG") != nullptr; // then for the figure of docs/reliability.md
    const Model made = is_long ? model("resnet50", 65536) : model("resnet20", 16);
    const moco_config config = config_of(made);
    const auto seconds = [](auto since) {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
    };
    auto start = std::chrono::steady_clock::now();
    ASSERT_EQ(moco_checkpoint_save(path("file").c_str(), made.get(), position_, &config), MOCO_OK);
    const double waits = seconds(start);
    double copies[3];
    for (double &copy : copies) {
        start = std::chrono::steady_clock::now();
        ASSERT_EQ(moco__writer_start(&writer_, path("file").c_str(), made.get(), position_, &config), MOCO_OK);
        copy = seconds(start);
        ASSERT_EQ(moco__writer_wait(&writer_), MOCO_OK) << moco_error_message();
    }
    std::cout << "a checkpoint of " << std::filesystem::file_size(path("file")) / 1000000 << " MB: written in " << waits
              << " s, copied in " << copies[0] << ", " << copies[1] << ", " << copies[2] << " s\n";
}
