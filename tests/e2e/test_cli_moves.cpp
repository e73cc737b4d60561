// Tests a run that continues elsewhere, or for longer: what may change, what the log says about it, and the device that
// it chooses.
#include "cli.hpp"

#include <fstream>
#include <memory>
#include <thread>

namespace fs = std::filesystem;
using cli::has;
using cli::Result;
using moco_test::joined;
using moco_test::read_file;
using moco_test::Words;

namespace {

class CliMoves : public cli::Cli {
  protected:
    static Words train(const std::string &out, const Words &more = {})
    {
        return cli::Cli::train(out, joined({ "--schedule", "constant" }, more));
    }
    static std::string checkpoint(const std::string &out, int step)
    {
        char name[64];
        (void)snprintf(name, sizeof name, "step_%010d.safetensors", step);
        return read_file(root / out / "checkpoints" / name);
    }
};

} // namespace

TEST_F(CliMoves, ALengthenedRunIsALongOne)
{
    ASSERT_EQ(run(train("long", { "--epochs", "2" })).code, 0);
    ASSERT_EQ(run(train("short", { "--epochs", "1" })).code, 0);
    const Result result = run({ "resume", "short", "--epochs", "2" });
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "the run now has 2 epochs instead of 1\n");
    EXPECT_FALSE(has(result.err, "bit-identical")) << result.err;
    ASSERT_FALSE(checkpoint("long", 6).empty());
    EXPECT_TRUE(checkpoint("short", 6) == checkpoint("long", 6));
    EXPECT_HAS(read_file(root / "short" / "config.yaml"), "epochs: 2\n");
}

// A run of steps could not be lengthened.
TEST_F(CliMoves, ALengthenedRunOfStepsIsALongOne)
{
    ASSERT_EQ(run(train("far", { "--max-steps", "8" })).code, 0);
    ASSERT_EQ(run(train("near", { "--max-steps", "4" })).code, 0); // within the second epoch
    const Result result = run({ "resume", "near", "--max-steps", "8" });
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "the run now has 8 steps instead of 4\n");
    ASSERT_FALSE(checkpoint("far", 8).empty());
    EXPECT_TRUE(checkpoint("near", 8) == checkpoint("far", 8));
    EXPECT_HAS(read_file(root / "near" / "config.yaml"), "max_steps: 8\n");
    EXPECT_HAS(run({ "resume", "near", "--max-steps", "8" }).err, "the run has done 8 of its 8 steps");
    EXPECT_HAS(run({ "resume", "near", "--epochs", "9" }).err, "in steps, 8; lengthen it by --max-steps");
    ASSERT_EQ(run(train("epochs", { "--epochs", "1" })).code, 0);
    EXPECT_HAS(run({ "resume", "epochs", "--max-steps", "9" }).err, "in epochs, 1; lengthen it by --epochs");
    ASSERT_EQ(run(train("curved", { "--max-steps", "1", "--schedule", "cosine" })).code, 0);
    EXPECT_HAS(run({ "resume", "curved", "--max-steps", "5" }).err, "cosine schedules stretch");
}

TEST_F(CliMoves, ALengthenedCosineSaysThatItStretches)
{
    ASSERT_EQ(run(train("cosine", { "--epochs", "1", "--schedule", "cosine" })).code, 0);
    const Result result = run({ "resume", "cosine", "--epochs", "2" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "cosine schedules stretch");
}

TEST_F(CliMoves, ARunCannotEndBeforeWhereItIs)
{
    ASSERT_EQ(run(train("done", { "--epochs", "2" })).code, 0);
    const Result result = run({ "resume", "done", "--epochs", "1" });
    EXPECT_EQ(result.code, 1);
    EXPECT_HAS(result.err, "the run has done 2 of its 2 epochs");
}

TEST_F(CliMoves, AnotherNumberOfThreadsIsTakenAndNamed)
{
    ASSERT_EQ(run(train("threads", { "--epochs", "1" })).code, 0);
    Result result = run({ "resume", "threads", "--epochs", "2", "--threads", "2" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, ", 2 threads\n");
    EXPECT_HAS(result.err, "from 1 threads to 2");
    EXPECT_HAS(result.err, "not bit-identical");
    result = run({ "resume", "threads", "--epochs", "3" });
    EXPECT_FALSE(has(result.err, "bit-identical")) << result.err;
}

// It went on with what the checkpoint said, without a word.
TEST_F(CliMoves, ARestartedJobMayMove)
{
    ASSERT_EQ(run(train("job", { "--epochs", "1" })).code, 0);
    const Result result =
        run(train("job", { "--epochs", "1", "--resume", "auto", "--threads", "2", "--device", "cpu" }));
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "from 1 threads to 2");
    EXPECT_HAS(read_file(root / "job" / "config.yaml"), "device: \"cpu\"\n");
    const Result longer = run(train("job", { "--epochs", "2", "--resume", "auto" }));
    EXPECT_EQ(longer.code, 1);
    EXPECT_HAS(longer.err, "by --epochs");
}

TEST_F(CliMoves, WithoutAGpuAutoIsTheCpuAndSaysSo)
{
    const Result result = run_with({ "CUDA_VISIBLE_DEVICES=" }, train("auto", { "--epochs", "1", "--nproc", "auto" }));
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err.substr(0, result.err.find('\n')), "(auto: no GPU");
    EXPECT_FALSE(has(result.err, "processes")) << result.err;
    EXPECT_HAS(read_file(root / "auto" / "config.yaml"), "device: \"cpu\"\n");
    const Result named = run_with({ "CUDA_VISIBLE_DEVICES=" }, train("named", { "--epochs", "1", "--device", "cpu" }));
    EXPECT_FALSE(has(named.err, "auto")) << named.err;
}

TEST_F(CliMoves, DoctorSaysThatThereIsNoGpu)
{
    if (moco_device_cuda_count(nullptr) > 0) {
        GTEST_SKIP() << "needs a machine without a GPU";
    }
    const Result result = run_with({ "CUDA_VISIBLE_DEVICES=" }, { "doctor" });
    EXPECT_EQ(result.code, 0);
    EXPECT_HAS(result.out, "\ncuda            no GPU: ");
    EXPECT_FALSE(has(result.out, ".so")) << result.out;
}

TEST_F(CliMoves, DeterminismIsAccepted)
{
    const Result result = run(train("bits", { "--epochs", "1", "--deterministic", "--device", "cpu" }));
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(read_file(root / "bits" / "config.yaml"), "deterministic: true\n");
}

namespace {

fs::path tasks_of(pid_t pid)
{
    return "/proc/" + std::to_string(pid) + "/task";
}

bool has_crowd(pid_t pid)
{
    for (const auto &task : fs::directory_iterator(tasks_of(pid))) {
        if (read_file(task.path() / "comm") == "moco-crowd\n") {
            return true;
        }
    }
    return false;
}

// Times that threads of a process went to sleep.
long sleeps(pid_t pid)
{
    static const std::string name = "\nvoluntary_ctxt_switches:";
    long sum = 0;
    for (const auto &task : fs::directory_iterator(tasks_of(pid))) {
        const std::string status = read_file(task.path() / "status");
        const auto at = status.find(name);
        sum += at == std::string::npos ? 0 : std::stol(status.substr(at + name.size()));
    }
    return sum;
}

std::unique_ptr<moco_test::Process> bench_step(const fs::path &folder, const Words &variables)
{
    const Words step = { "bench", "step", "--arch",    "resnet20", "--size",      "32",   "--batch",   "32",
                         "-k",    "1024", "--threads", "2",        "--precision", "fp32", "--repeats", "1000" };
    return std::make_unique<moco_test::Process>(joined(joined({ "env" }, variables), joined({ cli::binary() }, step)),
                                                moco_test::Place{ folder, "out.txt", "err.txt" });
}

} // namespace

// Threads that keep cores busy while they wait take them from each other where other programs run. Then they must
// sleep.
TEST_F(CliMoves, WaitingThreadsSleepWhileOtherProgramsRun)
{
    ONLY_AMONG_ALL(); // it keeps all cores busy
    std::vector<std::unique_ptr<moco_test::Process>> loops;
    for (unsigned i = 0; i < 2 * std::thread::hardware_concurrency(); ++i) {
        loops.push_back(std::make_unique<moco_test::Process>(Words{ "sh", "-c", "while :; do :; done" }));
    }
    const auto told = bench_step(root, { "GOMP_SPINCOUNT=1000000" });
    const auto process = bench_step(root, { "-u", "GOMP_SPINCOUNT", "-u", "OMP_WAIT_POLICY" });
    ASSERT_TRUE(moco_test::waits_for([&] { return has_crowd(process->pid()); }));
    const long before = sleeps(process->pid());
    EXPECT_TRUE(moco_test::waits_for([&] { return sleeps(process->pid()) > before + 500; }));
    EXPECT_FALSE(has_crowd(told->pid())) << "the user has decided how threads wait";
}

TEST_F(CliMoves, SaysOnceThatOtherProgramsUseTheCores)
{
    ONLY_AMONG_ALL();
    std::vector<std::unique_ptr<moco_test::Process>> loops;
    for (int i = 0; i < 4; ++i) {
        loops.push_back(
            std::make_unique<moco_test::Process>(Words{ "taskset", "-c", "0", "sh", "-c", "while :; do :; done" }));
    }
    moco_test::Process process(joined({ "taskset", "-c", "0", cli::binary() }, train("busy", { "--epochs", "1000" })),
                               { root, "out.txt", "err.txt" });
    EXPECT_TRUE(moco_test::waits_for([&] { return has(read_file(root / "err.txt"), " and computed for "); }));
    const std::string said = read_file(root / "err.txt");
    EXPECT_HAS(said, "moco: warning: step ");
    EXPECT_HAS(said, "other programs use the cores");
    std::this_thread::sleep_for(std::chrono::seconds(5));
    EXPECT_EQ(read_file(root / "err.txt").find(" and computed for ", said.find(" and computed for ") + 1),
              std::string::npos);
}

// The losses of a run, as text.
static std::string losses(const fs::path &run)
{
    std::ifstream lines(run / "metrics.jsonl");
    std::string found;
    for (std::string line; std::getline(lines, line);) {
        const auto at = line.find("\"loss\"");
        found += at != std::string::npos ? line.substr(at, line.find(',', at) - at) + "\n" : "";
    }
    return found;
}

TEST_F(CliMoves, APrintedConfigurationTrainsTheSame)
{
    const Result printed = run({ "train", "--preset", "tiny", "--print-config" });
    ASSERT_EQ(printed.code, 0) << printed.err;
    EXPECT_HAS(
        printed.out,
        "\npolicy:\n- {operation: Size, parameters: [32]}\n- {operation: RandomResizedCrop, parameters: [0.08, ");
    std::ofstream(root / "printed.yaml") << printed.out;
    ASSERT_EQ(run(train("preset", { "--epochs", "1" })).code, 0);
    const Result again = run(train("printed", { "--epochs", "1", "--config", "printed.yaml" }));
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(losses(root / "preset"), losses(root / "printed"));
    EXPECT_NE(losses(root / "preset"), "");

    const Result bands = run({ "train", "--preset", "tiny", "--channels", "5", "--jitter", "0.5", "--print-config" });
    EXPECT_EQ(bands.code, 0) << bands.err;
    EXPECT_HAS(bands.out, "\nchannels: 5\n");
}

TEST_F(CliMoves, ViewsOfTheirOwnAreResumedExactly)
{
    const Words own = {
        "--jitter",     "0.5",
        "--crop-min",   "0.3",
        "--key-policy", "Size(32) Resize() CenterCrop() Normalize(0.4914, 0.4822, 0.4465, 0.2023, 0.1994, 0.201)"
    };
    ASSERT_EQ(run(train("whole", joined(own, { "--epochs", "2" }))).code, 0);
    ASSERT_EQ(run(train("part", joined(own, { "--epochs", "1" }))).code, 0);
    const Result resumed = run({ "resume", "part", "--epochs", "2" });
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(losses(root / "whole"), losses(root / "part"));
    ASSERT_EQ(run(train("other", { "--epochs", "2" })).code, 0);
    EXPECT_NE(losses(root / "whole"), losses(root / "other"));
    EXPECT_HAS(read_file(root / "part" / "config.yaml"), "\nkey_policy:\n- {operation: Size, parameters: [32]}\n");
    EXPECT_HAS(read_file(root / "part" / "config.yaml"), "\njitter: 0.5\n");
}
