// Tests that a run that SIGTERM stops and `moco resume` continues ends with the bytes of an uninterrupted run.
#include "support/device.hpp"
#include "support/fashion.hpp"
#include "support/process.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <iterator>
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
    // 78 steps in one epoch.
    [[nodiscard]] Words train(const std::string &run) const
    {
        return { MOCO_BINARY,
                 "train",
                 path(moco_test::fashion_images),
                 "--out",
                 path(run),
                 "--preset",
                 "tiny",
                 "--image-size",
                 "16",
                 "--batch",
                 "128",
                 "--epochs",
                 "1",
                 "--queue-size",
                 "200",
                 "--print-freq",
                 "7",
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
    static int run(const Words &words) { return Process(words).wait(); }
    [[nodiscard]] int resume(const std::string &name) const { return run({ MOCO_BINARY, "resume", path(name) }); }

    // Stops a run after two lines of metrics, and resumes it.
    void stop_and_resume(const Words &words, const std::string &name, const fs::path &last) const
    {
        Process process(words);
        EXPECT_TRUE(waits_for([&] { return lines_of(folder_ / name / "metrics.jsonl") >= 2; }));
        process.send(SIGTERM);
        EXPECT_EQ(process.wait(), 128 + SIGTERM);
        ASSERT_FALSE(fs::exists(folder_ / name / last));
        ASSERT_EQ(std::distance(fs::directory_iterator(folder_ / name / "checkpoints"), {}), 1);
        ASSERT_EQ(resume(name), 0);
    }
};

} // namespace

TEST_F(Resume, IsExactAfterSigtermInMidEpoch)
{
    moco_test::write_fashion(folder_, 10000);
    const fs::path last = fs::path("checkpoints") / "step_0000000078.safetensors";
    ASSERT_EQ(run(train("whole")), 0);
    ASSERT_TRUE(fs::exists(folder_ / "whole" / last));
    stop_and_resume(train("broken"), "broken", last);
    EXPECT_TRUE(read_file(folder_ / "whole" / last) == read_file(folder_ / "broken" / last));
}

TEST_F(Resume, IsExactForEveryMechanism)
{
    moco_test::write_fashion(folder_, 10000);
    const fs::path last = fs::path("checkpoints") / "step_0000000020.safetensors";
    const struct {
        const char *name;
        Words words;
    } mechanisms[] = {
        { "e2e", { "--mechanism", "end-to-end" } },
        { "separate", { "--mechanism", "end-to-end", "--separate-encoders", "--symmetric" } },
        { "bank", { "--mechanism", "memory-bank" } },
        { "query", { "--mechanism", "memory-bank", "--bank-per-query", "--accumulate", "2" } },
        { "batch", { "--mechanism", "momentum-batch", "--symmetric", "--lars-trust", "0.001" } },
    };
    for (const auto &m : mechanisms) {
        const auto command = [&](const std::string &run) {
            const Words words{ MOCO_BINARY,
                               "train",
                               path(moco_test::fashion_images),
                               "--out",
                               path(run),
                               "--preset",
                               "tiny",
                               "--image-size",
                               "8",
                               "--batch",
                               "480",
                               "--epochs",
                               "1",
                               "--queue-size",
                               "64",
                               "--print-freq",
                               "1",
                               "--no-plots",
                               "--threads",
                               "1",
                               "--knn-every",
                               "0",
                               "--predictor",
                               "64",
                               "--device",
                               moco_test::device_name() };
            return joined(words, m.words);
        };
        const std::string name = m.name;
        ASSERT_EQ(run(command("whole-" + name)), 0);
        stop_and_resume(command("broken-" + name), "broken-" + name, last);
        EXPECT_TRUE(read_file(folder_ / ("whole-" + name) / last) == read_file(folder_ / ("broken-" + name) / last))
            << name;
    }
}

TEST_F(Resume, IsExactForJpegsWithTheV2Recipe)
{
    const char *const photos[] = { "photo.jpg", "portrait444.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg" };
    for (int i = 0; i < 30; ++i) {
        const fs::path folder = folder_ / "photos" / (i % 2 == 0 ? "even" : "odd");
        fs::create_directories(folder);
        fs::copy_file(fs::path(moco_test::tests_folder()) / "golden/pixels" / photos[i % 5],
                      folder / (std::to_string(i) + ".jpg"));
    }
    const auto command = [&](const std::string &run) {
        return Words{ MOCO_BINARY,
                      "train",
                      path("photos"),
                      "--out",
                      path(run),
                      "--preset",
                      "v2",
                      "--arch",
                      "resnet18",
                      "--batch",
                      "4",
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
    const fs::path last = fs::path("checkpoints") / "step_0000000007.safetensors";
    ASSERT_EQ(run(command("whole")), 0);
    stop_and_resume(command("broken"), "broken", last);
    EXPECT_TRUE(read_file(folder_ / "whole" / last) == read_file(folder_ / "broken" / last));
}

TEST_F(Resume, SkipsADamagedCheckpointAndNeverStartsAnew)
{
    moco_test::write_fashion(folder_, 10000);
    ASSERT_EQ(run(train("run")), 0);
    const fs::path checkpoints = folder_ / "run" / "checkpoints";
    const fs::path last = checkpoints / "step_0000000078.safetensors";
    const auto whole = read_file(last);
    // A later file was cut off while it was written: it is passed over, and the run is complete.
    moco_test::write_file((checkpoints / "step_0000000200.safetensors").string(), whole.substr(0, whole.size() / 2));
    EXPECT_EQ(resume("run"), 0);
    EXPECT_TRUE(read_file(last) == whole);

    fs::remove(last);
    EXPECT_EQ(resume("run"), 1);
    EXPECT_EQ(resume("nowhere"), 1);
}
