// A run's peak memory does not grow with its steps.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

// VmHWM of a process in KiB; 0 where it has ended.
long peak_of(pid_t process)
{
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("VmHWM:", 0) == 0) {
            return std::stol(line.substr(6));
        }
    }
    return 0;
}

long lines_of(const fs::path &path)
{
    std::ifstream file(path);
    return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
}

} // namespace

TEST(Memory, DoesNotGrowOverAThousandSteps)
{
    std::string name = (fs::temp_directory_path() / "moco-memory-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    const fs::path run = fs::path(name) / "run";
    const pid_t child = fork();
    if (child == 0) {
        (void)freopen("/dev/null", "w", stdout);
        (void)freopen("/dev/null", "w", stderr);
        // 3,750 steps an epoch; a line of metrics each 50.
        execl(MOCO_BINARY, MOCO_BINARY, "train", "/usr/share/datasets/fashion-mnist", "--out", run.c_str(), "--preset",
              "tiny", "--image-size", "16", "--batch", "16", "--epochs", "1", "--knn-every", "0", "--print-freq", "50",
              "--no-plots", "--threads", "1", static_cast<char *>(nullptr));
        _exit(127);
    }
    long early = 0;
    long late = 0;
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        const long lines = lines_of(run / "metrics.jsonl");
        const long peak = peak_of(child);
        early = lines >= 4 && early == 0 ? peak : early; // after 200 steps all buffers have their size
        late = lines >= 26 && peak > 0 ? peak : late;    // from 1,300 steps on
        if (lines >= 30) {
            kill(child, SIGTERM);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    fs::remove_all(name);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
    ASSERT_GT(early, 0);
    ASSERT_GT(late, 0);
    RecordProperty("peak_kib_early", std::to_string(early));
    RecordProperty("peak_kib_late", std::to_string(late));
    EXPECT_LT(late - early, early / 100) << "KiB: " << early << " after 200 steps, " << late << " after 1,300";
    std::cout << "peak KiB: " << early << " after 200 steps, " << late << " after 1,300\n";
}
