// Tests that a rank that dies, hangs or is cut off is named, and that the run can be resumed.
#include "ranks.hpp"

using namespace ranks;

namespace {

class Faults : public Ranks {
  protected:
    static void SetUpTestSuite() { make_root(400); }
    // Three epochs of 6 steps, so that there are checkpoints before the fault.
    static Words long_run(const std::string &out, const Words &more = {})
    {
        return joined(train(out, { "--epochs", "3", "--batch", "60", "--lr", "0.03", "--bn-splits", "auto" }), more);
    }
    static const fs::path &unbroken()
    {
        static const fs::path last = [] {
            EXPECT_EQ(run(long_run("unbroken", { "--nproc", "3" })), 0);
            return checkpoint("unbroken", 18);
        }();
        return last;
    }
    static bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

    // Disturbs a rank once the first checkpoint is there; returns what the run said.
    static std::string disturb(const std::string &out, int rank, int number, const char *timeout)
    {
        Process process = start(long_run(out, { "--nproc", "3", "--timeout", timeout }), "out.txt");
        EXPECT_TRUE(waits_for([&] { return lines(out) >= 8; })) << process.said();
        const pid_t victim = child_of_rank(process.pid(), rank);
        EXPECT_GT(victim, 0);
        if (victim > 0) { // kill(0) would end the tests themselves
            kill(victim, number);
        }
        EXPECT_EQ(process.wait(), 1) << process.said();
        return process.said();
    }
};

} // namespace

TEST_F(Faults, AKilledRankIsNamedAndTheRunGoesOn)
{
    const auto said = disturb("killed", 2, SIGKILL, "20");
    EXPECT_TRUE(has(said, "rank 2 (pid")) << said;
    EXPECT_TRUE(has(said, "rank 0: error: rank 2 (")) << said;
    EXPECT_TRUE(has(said, "rank 1: error: rank 2 (")) << said;
    EXPECT_TRUE(has(said, "does not answer")) << said;
    ASSERT_EQ(run(long_run("killed", { "--nproc", "3", "--resume", "auto" })), 0);
    EXPECT_TRUE(read_file(unbroken()) == read_file(checkpoint("killed", 18)));
}

TEST_F(Faults, AKilledFirstRankIsNamedToo)
{
    ONLY_AMONG_ALL();
    const auto said = disturb("first", 0, SIGKILL, "20");
    EXPECT_TRUE(has(said, "rank 1: error: rank 0 (")) << said;
    EXPECT_TRUE(has(said, "rank 2: error: rank 0 (")) << said;
}

TEST_F(Faults, AHangingRankEndsTheRunWithinTheTimeOut)
{
    const auto start = std::chrono::steady_clock::now();
    const auto said = disturb("hanging", 1, SIGSTOP, "3");
    EXPECT_TRUE(has(said, "rank 0: error: rank 1 (")) << said;
    EXPECT_TRUE(has(said, "it hangs")) << said;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(90));
}

TEST_F(Faults, ARunIsNotGoneOnWithUnderOtherSettings)
{
    ASSERT_EQ(run(train("settings", { "--nproc", "2" })), 0);
    Process other = start(train("settings", { "--nproc", "2", "--temperature", "0.3", "--resume", "auto" }), "o.txt");
    EXPECT_EQ(other.wait(), 1);
    EXPECT_TRUE(has(other.said(), "temperature 0.2, not 0.3")) << other.said();
    Process anew = start(train("settings", { "--nproc", "2" }), "o.txt");
    EXPECT_EQ(anew.wait(), 1);
    EXPECT_TRUE(has(anew.said(), "is not an empty folder")) << anew.said();
}

// A thread of c10d would end the process.
TEST_F(Faults, ALimitOfOpenFilesIsNamed)
{
    const Words few{ "sh", "-c", "ulimit -n 16; exec \"$@\"", "sh" };
    Process two = start(joined(few, train("few", { "--nproc", "2" })), "o.txt");
    EXPECT_EQ(two.wait(), 1);
    EXPECT_TRUE(has(two.said(), "peers: rank 0 of 2 may have 16 files open, and takes up to 32; raise the limit"))
        << two.said();
}

TEST_F(Faults, ABatchThatCannotBeSharedIsRefused)
{
    Process three = start(train("odd", { "--batch", "64", "--nproc", "3", "--bn-splits", "auto" }), "o.txt");
    EXPECT_EQ(three.wait(), 1);
    EXPECT_TRUE(has(three.said(), "batch 66")) << three.said();
    Process splits = start(train("odd", { "--nproc", "3" }), "o.txt");
    EXPECT_EQ(splits.wait(), 1);
    EXPECT_TRUE(has(splits.said(), "bn-splits: 4 groups do not divide among 3 processes")) << splits.said();
    EXPECT_FALSE(fs::exists(root / "odd"));
}
