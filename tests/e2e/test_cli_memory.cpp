// Tests that a run's peak memory does not grow with its steps.
#include "support/all_tests.hpp"
#include "support/fashion.hpp"
#include "support/process.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

namespace {

// Returns the peak memory of a process in KiB; 0 if it has ended.
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

using Memory = moco_test::WithFolder;

} // namespace

TEST_F(Memory, DoesNotGrowWithTheSteps)
{
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "AddressSanitizer keeps what is freed for a while";
#endif
    // 2,000 steps per epoch, and a line of metrics every 50.
    moco_test::write_fashion(folder_, 8000);
    moco_test::Process process({ MOCO_BINARY,
                                 "train",
                                 path(moco_test::fashion_images),
                                 "--out",
                                 path("run"),
                                 "--preset",
                                 "tiny",
                                 "--image-size",
                                 "8",
                                 "--batch",
                                 "4",
                                 "--bn-splits",
                                 "1",
                                 "--epochs",
                                 "1",
                                 "--knn-every",
                                 "0",
                                 "--print-freq",
                                 "50",
                                 "--no-plots",
                                 "--threads",
                                 "1" });
    const size_t last = moco_test::all_tests() ? 30 : 12; // lines of metrics
    long early = 0;
    long late = 0;
    bool stopped = false; // then it keeps a copy of the checkpoint
    while (process.runs()) {
        const size_t lines = moco_test::lines_of(path("run") + "/metrics.jsonl");
        const long peak = peak_of(process.pid());
        early = lines >= 4 && early == 0 ? peak : early; // after 200 steps all buffers have their size
        late = lines + 4 >= last && peak > 0 && !stopped ? peak : late;
        if (lines >= last && !stopped) {
            process.send(SIGTERM);
            stopped = true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(process.wait(), 128 + SIGTERM);
    ASSERT_GT(early, 0);
    ASSERT_GT(late, 0);
    RecordProperty("peak_kib_early", std::to_string(early));
    RecordProperty("peak_kib_late", std::to_string(late));
    EXPECT_LT(late - early, early / 100) << "KiB";
    std::cout << "peak KiB: " << early << " after 200 steps, " << late << " after " << 50 * (last - 4) << '\n';
}
