// Tests that a run that SIGTERM stops and `moco resume` continues ends with the bytes of an uninterrupted run.
#include "support/all_tests.hpp"
#include "support/device.hpp"
#include "support/fashion.hpp"
#include "support/process.hpp"
#include "support/run_tool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>

namespace fs = std::filesystem;

namespace {

using moco_test::joined;
using moco_test::lines_of;
using moco_test::Process;
using moco_test::read_file;
using moco_test::waits_for;
using moco_test::Words;

class Resume : public moco_test::WithFolder {
  protected:
    // 30 steps in one epoch of 970 images, of which some are left out.
    [[nodiscard]] Words train(const std::string &run) const
    {
        return { "train",
                 path(moco_test::fashion_images),
                 "--out",
                 path(run),
                 "--preset",
                 "tiny",
                 "--image-size",
                 "8",
                 "--batch",
                 "32",
                 "--epochs",
                 "1",
                 "--queue-size",
                 "50",
                 "--print-freq",
                 "5",
                 "--no-plots",
                 "--threads",
                 "1",
                 "--checkpoint-every",
                 "1",
                 "--knn-every",
                 "0",
                 "--device",
                 moco_test::device_name() };
    }
    // 20 steps in one epoch of 1300 images, each with a line of metrics.
    [[nodiscard]] Words train_briefly(const std::string &run) const
    {
        return joined(train(run), { "--batch", "64", "--queue-size", "64", "--print-freq", "1" });
    }
    [[nodiscard]] int run(const Words &words) const
    {
        return moco_test::run_tool(words, { folder_, "out.txt", "err.txt" });
    }
    [[nodiscard]] int resume(const std::string &name) const { return run({ "resume", path(name) }); }

    // Counts the checkpoints of a run, without its best.
    [[nodiscard]] int steps_saved(const std::string &name) const
    {
        int count = 0;
        for (const auto &entry : fs::directory_iterator(folder_ / name / "checkpoints")) {
            count += entry.path().filename().string().rfind("step_", 0) == 0 ? 1 : 0;
        }
        return count;
    }

    // Stops a run after two lines of metrics, and resumes it.
    void stop_and_resume(const Words &words, const std::string &name, const fs::path &last) const
    {
        Process process(joined({ MOCO_BINARY }, words));
        EXPECT_TRUE(waits_for([&] { return lines_of(folder_ / name / "metrics.jsonl") >= 2; }));
        process.send(SIGTERM);
        EXPECT_EQ(process.wait(), 128 + SIGTERM);
        ASSERT_FALSE(fs::exists(folder_ / name / last));
        ASSERT_EQ(steps_saved(name), 1);
        ASSERT_EQ(resume(name), 0);
    }
};

} // namespace

TEST_F(Resume, IsExactAfterSigtermInMidEpoch)
{
    moco_test::write_fashion(folder_, 970);
    const fs::path last = fs::path("checkpoints") / "step_0000000030.safetensors";
    ASSERT_EQ(run(train("whole")), 0);
    ASSERT_TRUE(fs::exists(folder_ / "whole" / last));
    stop_and_resume(train("broken"), "broken", last);
    EXPECT_TRUE(read_file(folder_ / "whole" / last) == read_file(folder_ / "broken" / last));
}

TEST_F(Resume, IsExactForEveryMechanism)
{
    moco_test::write_fashion(folder_, 400);
    const fs::path last = fs::path("checkpoints") / "step_0000000012.safetensors";
    const struct {
        const char *name;
        bool always;
        Words words;
    } mechanisms[] = {
        { "e2e", false, { "--mechanism", "end-to-end" } },
        { "separate", false, { "--mechanism", "end-to-end", "--separate-encoders", "--symmetric" } },
        { "bank", false, { "--mechanism", "memory-bank" } },
        { "query", true, { "--mechanism", "memory-bank", "--bank-per-query", "--accumulate", "2" } },
        { "batch", true, { "--mechanism", "momentum-batch", "--symmetric", "--lars-trust", "0.001" } },
    };
    for (const auto &m : mechanisms) {
        if (!m.always && !moco_test::all_tests()) {
            continue;
        }
        const auto command = [&](const std::string &run) {
            return joined(joined(train_briefly(run), { "--batch", "32", "--predictor", "64" }), m.words);
        };
        const std::string name = m.name;
        ASSERT_EQ(run(command("whole-" + name)), 0);
        stop_and_resume(command("broken-" + name), "broken-" + name, last);
        EXPECT_TRUE(read_file(folder_ / ("whole-" + name) / last) == read_file(folder_ / ("broken-" + name) / last))
            << name;
    }
}

// A run of 50 steps is 2.5 epochs; it ends there, saves and tests between epochs, and its rates follow the steps.
TEST_F(Resume, IsExactForARunOfSteps)
{
    ONLY_AMONG_ALL();
    moco_test::write_fashion(folder_, 1300);
    const fs::path last = fs::path("checkpoints") / "step_0000000050.safetensors";
    const Words steps{ "--max-steps",        "50",
                       "--knn-steps",        "16",
                       "--knn-images",       "500",
                       "--checkpoint-steps", "16",
                       "--checkpoint-every", "1000",
                       "--keep-last",        "9",
                       "--val-data",         path(moco_test::fashion_images) };
    const auto command = [&](const std::string &run, const Words &schedule) {
        return joined(joined(train_briefly(run), steps), schedule);
    };
    const Words decay{ "--schedule", "exponential", "--lr-decay", "0.5", "--lr-decay-steps", "7" };
    ASSERT_EQ(run(command("whole", decay)), 0);
    for (const char *step : { "16", "32", "48", "50" }) {
        EXPECT_TRUE(
            fs::exists(folder_ / "whole" / "checkpoints" / ("step_00000000" + std::string(step) + ".safetensors")));
    }
    EXPECT_EQ(steps_saved("whole"), 4);
    const auto metrics = read_file(folder_ / "whole" / "metrics.jsonl");
    size_t tests = 0;
    for (size_t at = 0; (at = metrics.find("knn_acc1", at)) != std::string::npos; ++at) {
        ++tests;
    }
    EXPECT_EQ(tests, 5U) << "before the first step, and after 16, 32, 48 and 50";
    EXPECT_NE(read_file(folder_ / "whole" / "train.log").find("20 steps per epoch, 50 steps in all"),
              std::string::npos);
    stop_and_resume(command("broken", decay), "broken", last);
    EXPECT_TRUE(read_file(folder_ / "whole" / last) == read_file(folder_ / "broken" / last));
    EXPECT_NE(run({ "resume", path("whole"), "--epochs", "9" }), 0) << "its length is in steps";

    const Words cosine{ "--schedule", "cosine", "--momentum-schedule", "cosine", "--warmup-epochs", "0.5" };
    ASSERT_EQ(run(command("cosine", cosine)), 0);
    stop_and_resume(command("cosine-broken", cosine), "cosine-broken", last);
    EXPECT_TRUE(read_file(folder_ / "cosine" / last) == read_file(folder_ / "cosine-broken" / last));
}

// The clock decides when, and changes nothing else.
TEST_F(Resume, SavesAndTestsByTheMinute)
{
    ONLY_AMONG_ALL();
    moco_test::write_fashion(folder_, 2510);
    const auto tensors = [&](const std::string &name) { // of the last checkpoint, whose header has the options
        const auto bytes = read_file(folder_ / name / "checkpoints" / "step_0000000078.safetensors");
        uint64_t header = 0;
        std::memcpy(&header, bytes.data(), std::min(bytes.size(), sizeof header));
        return bytes.substr(std::min(bytes.size(), sizeof header + static_cast<size_t>(header)));
    };
    ASSERT_EQ(run(train("whole")), 0);
    ASSERT_EQ(
        run(joined(train("clock"), { "--checkpoint-minutes", "0.002", "--knn-minutes", "0.004", "--val-data",
                                     path(moco_test::fashion_images), "--knn-images", "300", "--keep-last", "100" })),
        0);
    EXPECT_GT(steps_saved("clock"), 2);
    EXPECT_NE(read_file(folder_ / "clock" / "metrics.jsonl").find("knn_acc1"), std::string::npos);
    EXPECT_FALSE(tensors("whole").empty());
    EXPECT_TRUE(tensors("whole") == tensors("clock"));
}

TEST_F(Resume, IsExactForJpegsWithTheV2Recipe)
{
    const char *const photos[] = { "photo.jpg", "portrait444.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg" };
    for (int i = 0; i < 60; ++i) {
        const fs::path folder = folder_ / "photos" / (i % 2 == 0 ? "even" : "odd");
        fs::create_directories(folder);
        fs::copy_file(fs::path(moco_test::tests_folder()) / "golden/pixels" / photos[i % 5],
                      folder / (std::to_string(i) + ".jpg"));
    }
    const auto command = [&](const std::string &run) {
        return Words{ "train",
                      path("photos"),
                      "--out",
                      path(run),
                      "--preset",
                      "v2",
                      "--arch",
                      moco_test::all_tests() ? "resnet18" : "resnet20",
                      "--batch",
                      "4",
                      "--image-size",
                      moco_test::all_tests() ? "96" : "32",
                      "--queue-size",
                      "64",
                      "--epochs",
                      "1",
                      "--print-freq",
                      "1",
                      "--threads",
                      "1",
                      "--no-plots",
                      "--device",
                      moco_test::device_name() };
    };
    const fs::path last = fs::path("checkpoints") / "step_0000000015.safetensors";
    ASSERT_EQ(run(command("whole")), 0);
    stop_and_resume(command("broken"), "broken", last);
    EXPECT_TRUE(read_file(folder_ / "whole" / last) == read_file(folder_ / "broken" / last));
}

TEST_F(Resume, SkipsADamagedCheckpointAndNeverStartsAnew)
{
    moco_test::write_fashion(folder_, 130);
    ASSERT_EQ(run(train("run")), 0);
    const fs::path checkpoints = folder_ / "run" / "checkpoints";
    const fs::path last = checkpoints / "step_0000000004.safetensors";
    const auto whole = read_file(last);
    // A later file was cut off while it was written: it is passed over, and the run is complete.
    moco_test::write_file((checkpoints / "step_0000000200.safetensors").string(), whole.substr(0, whole.size() / 2));
    EXPECT_EQ(resume("run"), 0);
    EXPECT_TRUE(read_file(last) == whole);

    fs::remove(last);
    EXPECT_EQ(resume("run"), 1);
    EXPECT_EQ(resume("nowhere"), 1);
}
