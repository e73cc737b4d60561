// A run that is stopped by SIGTERM and resumed ends with the same bytes as an unbroken run.
#include "support/tests_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace fs = std::filesystem;

namespace {

constexpr const char *kData = "/usr/share/datasets/fashion-mnist";

class Resume : public ::testing::Test {
  protected:
    void SetUp() override
    {
        std::string name = (fs::temp_directory_path() / "moco-resume-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        root_ = name;
        // A few real images keep an epoch short: the test split alone, as a lone IDX file.
        for (const char *file : { "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz" }) {
            fs::copy_file(fs::path(kData) / file, root_ / file);
        }
    }
    void TearDown() override { fs::remove_all(root_); }

    std::vector<std::string> train(const std::string &run) const
    {
        return { MOCO_BINARY,
                 "train",
                 (root_ / "t10k-images-idx3-ubyte.gz").string(),
                 "--out",
                 (root_ / run).string(),
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
                 "0" };
    }

    fs::path root_;
};

pid_t start(std::vector<std::string> arguments)
{
    std::vector<char *> argv;
    for (auto &argument : arguments) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        (void)freopen("/dev/null", "w", stdout);
        (void)freopen("/dev/null", "w", stderr);
        execv(argv[0], argv.data());
        _exit(127);
    }
    return child;
}

int wait_for(pid_t child)
{
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string bytes_of(const fs::path &path)
{
    std::ifstream file(path, std::ios::binary);
    return { std::istreambuf_iterator<char>(file), {} };
}

size_t lines_of(const fs::path &path)
{
    const auto text = bytes_of(path);
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

TEST_F(Resume, IsExactAfterSigtermInMidEpoch)
{
    ASSERT_EQ(wait_for(start(train("whole"))), 0);
    const fs::path last = fs::path("checkpoints") / "step_0000000078.safetensors";
    ASSERT_TRUE(fs::exists(root_ / "whole" / last));

    const fs::path broken = root_ / "broken";
    const pid_t child = start(train("broken"));
    // Two lines of metrics: somewhere in the first epoch of 78 steps.
    for (int i = 0; i < 3000 && lines_of(broken / "metrics.jsonl") < 2; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(child, SIGTERM);
    EXPECT_EQ(wait_for(child), 128 + SIGTERM);
    ASSERT_FALSE(fs::exists(broken / last));
    ASSERT_EQ(std::distance(fs::directory_iterator(broken / "checkpoints"), {}), 1);

    ASSERT_EQ(wait_for(start({ MOCO_BINARY, "resume", broken.string() })), 0);
    EXPECT_TRUE(bytes_of(root_ / "whole" / last) == bytes_of(broken / last));
}

TEST_F(Resume, IsExactForJpegsWithTheV2Recipe)
{
    const char *const photos[] = { "photo.jpg", "portrait444.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg" };
    for (int i = 0; i < 30; ++i) {
        const fs::path folder = root_ / "photos" / (i % 2 == 0 ? "even" : "odd");
        fs::create_directories(folder);
        fs::copy_file(fs::path(moco_test::tests_folder()) / "golden/pixels" / photos[i % 5],
                      folder / (std::to_string(i) + ".jpg"));
    }
    const auto command = [&](const std::string &run) {
        return std::vector<std::string>{ MOCO_BINARY,
                                         "train",
                                         (root_ / "photos").string(),
                                         "--out",
                                         (root_ / run).string(),
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
                                         "--no-plots" };
    };
    const fs::path last = fs::path("checkpoints") / "step_0000000007.safetensors";
    ASSERT_EQ(wait_for(start(command("whole"))), 0);
    const fs::path broken = root_ / "broken";
    const pid_t child = start(command("broken"));
    for (int i = 0; i < 3000 && lines_of(broken / "metrics.jsonl") < 2; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(child, SIGTERM);
    EXPECT_EQ(wait_for(child), 128 + SIGTERM);
    ASSERT_FALSE(fs::exists(broken / last));
    ASSERT_EQ(wait_for(start({ MOCO_BINARY, "resume", broken.string() })), 0);
    EXPECT_TRUE(bytes_of(root_ / "whole" / last) == bytes_of(broken / last));
}

TEST_F(Resume, SkipsADamagedCheckpointAndNeverStartsAnew)
{
    const fs::path run = root_ / "run";
    ASSERT_EQ(wait_for(start(train("run"))), 0);
    const fs::path last = run / "checkpoints" / "step_0000000078.safetensors";
    const auto whole = bytes_of(last);
    // A later file, cut off in the middle of a write, is passed over; the run is complete.
    std::ofstream(run / "checkpoints" / "step_0000000200.safetensors", std::ios::binary)
        << whole.substr(0, whole.size() / 2);
    EXPECT_EQ(wait_for(start({ MOCO_BINARY, "resume", run.string() })), 0);
    EXPECT_TRUE(bytes_of(last) == whole);

    fs::remove(last);
    EXPECT_EQ(wait_for(start({ MOCO_BINARY, "resume", run.string() })), 1);
    EXPECT_EQ(wait_for(start({ MOCO_BINARY, "resume", (root_ / "nowhere").string() })), 1);
}
