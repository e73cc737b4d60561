// Kills processes of a training at random moments, and goes on from there. See docs/reliability.md.
#include "faults/fault_scenarios.hpp"

#include <random>

namespace {

using faults::Extent;
using faults::Outcome;
using faults::Scenario;
using std::chrono::microseconds;
namespace fs = std::filesystem;

class Kills : public faults::Campaign {
  protected:
    static size_t moments(size_t few, size_t places, size_t all)
    {
        return faults::extent() == Extent::few ? few : faults::extent() == Extent::places ? places : all;
    }

    // Kills a command once and goes on. Returns what is wrong.
    static std::string kill_once(const Scenario &scenario, const faults::Reference &reference, microseconds after)
    {
        const fs::path work = prepare(scenario);
        const Outcome outcome = server->run(work, scenario.words, {}, after);
        const bool saved = faults::has_checkpoint(work / "run/checkpoints");
        std::string wrong = faults::faults_of(scenario, reference, faults::files_of(work), false, true);
        if (outcome.code != 0) {
            const Outcome then = server->run(work, saved ? scenario.again : scenario.words);
            wrong += then.code == 0 ? "" : "  then: exit code " + std::to_string(then.code) + ": " + then.err;
        }
        return wrong + faults::faults_of(scenario, reference, faults::files_of(work), true, false);
    }

    static pid_t descendant(pid_t parent, std::mt19937 &random)
    {
        std::istringstream children(
            moco_test::read_file("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children"));
        std::vector<pid_t> all{ parent };
        for (pid_t child = 0; children >> child;) {
            all.push_back(child);
        }
        return all[random() % all.size()];
    }
};

moco_test::Words ranks_training(const char *out, const char *ranks)
{
    return moco_test::joined(
        { MOCO_BINARY },
        faults::training_of(out, { "--epochs", "20", "--knn-every", "0", "--no-plots", "--no-tensorboard",
                                   "--bn-splits", "auto", "--timeout", "20", "--nproc", ranks, "--resume", "auto" }));
}

} // namespace

TEST_F(Kills, OfOneProcessAreResumedFrom)
{
    std::mt19937 random(7);
    std::string wrong;
    size_t count = 0;
    for (const size_t index : { 0, 2 }) { // train, resume
        const Scenario &scenario = faults::scenarios()[index];
        const faults::Reference reference = reference_of(scenario);
        const fs::path work = prepare(scenario);
        const auto start = std::chrono::steady_clock::now();
        ASSERT_EQ(server->run(work, scenario.words).code, 0);
        const auto whole = std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - start);
        for (size_t i = moments(3, 30, 100); i > 0; --i, ++count) {
            const microseconds after(1 + static_cast<int64_t>(random()) % whole.count());
            const std::string found = kill_once(scenario, reference, after);
            wrong += found.empty()
                         ? ""
                         : scenario.name + ": killed after " + std::to_string(after.count()) + " us\n" + found;
        }
    }
    std::cout << count << " kills\n";
    EXPECT_TRUE(wrong.empty()) << wrong;
}

// Any process of several dies: the others end by themselves, and the same command ends in the bytes of an unbroken run.
TEST_F(Kills, OfOneOfSeveralAreResumedFrom)
{
    std::mt19937 random(11);
    std::string wrong;
    size_t count = 0;
    for (const char *const ranks : { "2", "4" }) {
        const size_t times = moments(0, 5, 50);
        const fs::path folder = root / "template";
        const fs::path last = "checkpoints/step_0000000060.safetensors";
        fs::remove_all(folder / "whole");
        const auto start = std::chrono::steady_clock::now();
        ASSERT_EQ(times > 0 ? moco_test::Process(ranks_training("whole", ranks), { folder, "log.txt", "" }).wait() : 0,
                  0)
            << moco_test::read_file(folder / "log.txt");
        const auto whole = std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - start);
        for (size_t i = 0; i < times; ++i, ++count) {
            const microseconds after(1 + static_cast<int64_t>(random()) % whole.count());
            fs::remove_all(folder / "broken");
            int code = 0;
            {
                moco_test::Process process(ranks_training("broken", ranks), { folder, "log.txt", "" });
                std::this_thread::sleep_for(after);
                kill(descendant(process.pid(), random), SIGKILL);
                const auto killed = std::chrono::steady_clock::now();
                code = process.wait();
                if (std::chrono::steady_clock::now() - killed > std::chrono::seconds(90)) {
                    wrong += "  hangs\n";
                }
            }
            moco_test::Process next(ranks_training("broken", ranks), { folder, "log.txt", "" });
            const int then = code != 0 ? next.wait() : 0;
            if (then != 0 ||
                moco_test::read_file(folder / "broken" / last) != moco_test::read_file(folder / "whole" / last)) {
                wrong += std::string(ranks) + " ranks, killed after " + std::to_string(after.count()) + " us, code " +
                         std::to_string(code) + ", then " + std::to_string(then) + ": " +
                         moco_test::read_file(folder / "log.txt") + "\n";
            }
        }
    }
    std::cout << count << " kills\n";
    EXPECT_TRUE(wrong.empty()) << wrong;
}
