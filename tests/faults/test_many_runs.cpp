// Trains many times in one process, and looks at what adds up. See docs/reliability.md.
#include "faults/fault_scenarios.hpp"

#include <chrono>

namespace {

using faults::Extent;
namespace fs = std::filesystem;

struct Held {
    size_t kilobytes = 0, descriptors = 0, threads = 0;
};

Held held()
{
    Held now;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("VmRSS:", 0) == 0) {
            now.kilobytes = std::stoul(line.substr(6));
        }
    }
    const auto count = [](const char *folder) {
        return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
    };
    now.descriptors = count("/proc/self/fd");
    now.threads = count("/proc/self/task");
    return now;
}

class ManyRuns : public faults::Campaign {
  protected:
    // Trains four steps with a checkpoint after each second one.
    static moco_status train(const fs::path &out)
    {
        moco_config config;
        moco_config_init(&config, sizeof config);
        MOCO_TRY(moco_config_apply_preset(&config, "tiny"));
        const std::string images = (root / "template/data/train-images-idx3-ubyte").string();
        const std::map<std::string, std::string> settings{
            { "data", images },    { "out", out.string() }, { "image-size", "8" }, { "batch", "16" },
            { "threads", "1" },    { "workers", "1" },      { "max-steps", "4" },  { "queue-size", "32" },
            { "print-freq", "1" }, { "knn-every", "0" },    { "plots", "false" },  { "checkpoint-steps", "2" },
            { "keep-last", "2" },
        };
        for (const auto &[name, value] : settings) {
            MOCO_TRY(moco_config_set(&config, name.c_str(), value.c_str()));
        }
        return moco_train(&config, nullptr);
    }
};

} // namespace

TEST_F(ManyRuns, HoldNothingAtTheirEnd)
{
    const size_t runs = faults::extent() == Extent::few ? 10 : faults::extent() == Extent::places ? 200 : 1000;
    Held early;
    double early_seconds = 0;
    auto since = std::chrono::steady_clock::now();
    for (size_t i = 1; i <= runs; ++i) {
        ASSERT_EQ(train(root / "run"), MOCO_OK) << moco_error_message();
        ASSERT_EQ(moco_live_handles(), 0U);
        fs::remove_all(root / "run");
        if (i == runs / 10 || i == runs / 2) {
            const auto now = std::chrono::steady_clock::now();
            early_seconds = std::chrono::duration<double>(now - since).count();
            since = now;
        }
        if (i == runs / 2) { // allocators have reached their size
            early = held();
        }
    }
    const Held late = held();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
    std::cout << runs << " runs: after half of them " << early.kilobytes << " KB, " << early.descriptors
              << " descriptors, " << early.threads << " threads; at the end " << late.kilobytes << " KB, "
              << late.descriptors << ", " << late.threads << "; seconds a run "
              << early_seconds / (static_cast<double>(runs) * 0.4) << ", later "
              << seconds / (static_cast<double>(runs) * 0.5) << "\n";
    EXPECT_EQ(late.descriptors, early.descriptors);
    EXPECT_EQ(late.threads, early.threads);
    EXPECT_LT(late.kilobytes, early.kilobytes + early.kilobytes / 50 + 4096);
}
