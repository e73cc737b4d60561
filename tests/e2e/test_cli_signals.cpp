// Tests what signals and limits do to the commands that train.
#include "cli.hpp"

#include <csignal>

using namespace cli;

namespace {

class CliSignals : public Cli {
  protected:
    // A shell may have started the tests with SIGINT ignored, which processes inherit.
    void SetUp() override { before_ = std::signal(SIGINT, SIG_DFL); }
    void TearDown() override { std::signal(SIGINT, before_); }

  private:
    void (*before_)(int) = SIG_DFL;
};

} // namespace

TEST_F(CliSignals, TheLimitOfProcessorTimeStopsARunWithACheckpoint)
{
    EXPECT_EQ(run_until("step 1/", SIGXCPU, train("limited", { "--epochs", "4000" })), 128 + SIGXCPU);
    EXPECT_HAS(read_file(root / "err.txt"), "stopped by SIGXCPU after step ");
    EXPECT_HAS(read_file(root / "limited/train.log"), "with a checkpoint; continue with: moco resume");
}

TEST_F(CliSignals, AFileBeyondTheLimitIsAnError)
{
    std::string line = "ulimit -f 16; exec " + binary();
    for (const std::string &word : train("too-large", { "--epochs", "1" })) {
        line += " '" + word + "'";
    }
    const int code = Process({ "sh", "-c", line }, { root, "out.txt", "err.txt" }).wait();
    EXPECT_EQ(code, 1);
    EXPECT_HAS(read_file(root / "err.txt"), ": File too large");
}

// The steps are so long that no rank gets to write a checkpoint in between.
TEST_F(CliSignals, ASecondInterruptEndsAllRanksAtOnce)
{
    Process both = start(train("twice", { "--nproc", "2", "--arch", "resnet50", "--image-size", "256", "-b", "32" }));
    ASSERT_TRUE(waits_for([&] { return has(read_file(root / "err.txt"), "floor about"); })) << both.said();
    both.send(SIGINT);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    both.send(SIGINT);
    EXPECT_EQ(both.wait(), 128 + SIGINT);
    // The lock of the run is that of rank 0.
    Result next;
    ASSERT_TRUE(waits_for([&] {
        next = run({ "resume", "twice" });
        return !has(next.err, "process ");
    }));
    EXPECT_EQ(next.code, 1);
    EXPECT_FALSE(has(read_file(root / "twice/train.log"), "with a checkpoint")) << read_file(root / "twice/train.log");
}

// Nothing has begun, so there is nothing to write.
TEST_F(CliSignals, EndProcessesThatWaitForAnotherHostAtOnce)
{
    const Words words = train("alone", { "--nproc", "2", "--nnodes", "2", "--node-rank", "1", "--master-addr",
                                         "127.0.0.1", "--master-port", "1", "--timeout", "600" });
    for (const int number : { SIGTERM, SIGINT }) {
        Process waiting(joined({ binary() }, words), { root, "out.txt", "err.txt" },
                        { { "MOCO_RUN_TOKEN", "0123456789abcdef" } });
        std::this_thread::sleep_for(std::chrono::seconds(2));
        ASSERT_TRUE(waiting.runs()) << waiting.said();
        waiting.send(number);
        EXPECT_TRUE(waits_for([&] { return !waiting.runs(); }, 20));
        EXPECT_EQ(waiting.wait(), 128 + number);
        EXPECT_EQ(read_file(root / "err.txt"), "");
    }
    EXPECT_FALSE(fs::exists(root / "alone"));
}

TEST_F(CliSignals, AWarningStopsASweepWithCheckpoints)
{
    const Words words = {
        "sweep", "train",         "--out",   "sweep",      "--preset", "tiny", "--queue-size", "32", "-b",
        "16",    "--knn-every",   "0",       "--no-plots", "-p",       "1",    "--threads",    "1",  "--epochs",
        "4000",  "--temperature", "0.1,0.2", "--parallel", "2"
    };
    Process process = start(words);
    const auto trains = [](const char *name) {
        return read_file(root / "sweep" / name / "metrics.jsonl").size() > 100;
    };
    ASSERT_TRUE(waits_for([&] { return trains("temperature-0.1") && trains("temperature-0.2"); })) << process.said();
    process.send(SIGUSR1);
    EXPECT_EQ(process.wait(), 128 + SIGUSR1);
    EXPECT_HAS(read_file(root / "err.txt"), "stopped by SIGUSR1; the same command continues the sweep");
    const Result list = run({ "runs", "sweep" });
    EXPECT_HAS(list.out, "temperature-0.1  stopped");
    EXPECT_HAS(list.out, "temperature-0.2  stopped");
}

// It has no checkpoint to write, and may still end in time.
TEST_F(CliSignals, AWarningDoesNotEndAnEvaluation)
{
    ASSERT_EQ(trained().code, 0);
    Process process = start({ "finetune", "run", "--train", "train", "--val", "test", "--epochs", "3", "-b", "8", "-p",
                              "1", "--encoder-lr", "0.01", "--head-lr", "0.1", "--threads", "1" });
    ASSERT_TRUE(waits_for([&] { return has(process.said(), "epoch 1/"); })) << read_file(root / "err.txt");
    process.send(SIGUSR1);
    EXPECT_EQ(process.wait(), 0) << read_file(root / "err.txt");
}
