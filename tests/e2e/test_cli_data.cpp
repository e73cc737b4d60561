// Tests what commands say and refuse of their data, who may train in a folder, and what streams and signals do.
#include "cli.hpp"

#include <csignal>
#include <fstream>
#include <sstream>

using namespace cli;

namespace {

class CliData : public Cli {
  protected:
    // Runs a line of the shell, in which $M is the tool.
    static Result shell(const std::string &line)
    {
        const int code = Process({ "sh", "-c", line }, { root, "out.txt", "err.txt" }, { { "M", binary() } }).wait();
        return { code, read_file(root / "out.txt"), read_file(root / "err.txt") };
    }
    static std::string line_of(const Words &words)
    {
        std::string line = "exec \"$M\"";
        for (const std::string &word : on_device(words)) {
            line += " '" + word + "'";
        }
        return line;
    }
};

} // namespace

TEST_F(CliData, TheMonitorAsksForEqualClassesBeforeTheRun)
{
    write_named("three", { "a", "b", "c" }, 6);
    write_named("two", { "b", "c" }, 6);
    const Result other = run(train_on("three", "monitor", { "--val-data", "two", "--knn-every", "1" }));
    EXPECT_EQ(other.code, 1);
    EXPECT_HAS(other.err, "three has 3 classes and ");
    EXPECT_HAS(other.err, "--knn-every 0");
    const Result none = run(train_on("three", "monitor", { "--val-data", "two/b", "--knn-every", "3" }));
    EXPECT_EQ(none.code, 1);
    EXPECT_HAS(none.err, "two/b has no labels");
    EXPECT_FALSE(fs::exists(root / "monitor"));
    fs::create_directories(root / "kaggle");
    fs::copy(root / "three", root / "kaggle/train", fs::copy_options::recursive);
    fs::copy(root / "two/b", root / "kaggle/test");
    const Result flat = run(train_on("kaggle", "kaggle-run", { "--knn-every", "1" }));
    EXPECT_EQ(flat.code, 0) << flat.err;
    EXPECT_HAS(flat.err, "kaggle/test has no labels, so that no kNN monitor can test on it");
}

TEST_F(CliData, EveryCommandNamesItsData)
{
    write_named("splits/Train", { "a", "b" }, 12);
    write_named("splits/valid", { "a", "b" }, 4);
    const std::string of_train = "24 images of ";
    const std::string split = "splits/Train: 2 classes, format folder, split train (beside it: valid)";
    const Result trained = run(train_on("splits", "splits-run", { "--knn-every", "1" }));
    ASSERT_EQ(trained.code, 0) << trained.err;
    EXPECT_HAS(trained.err, of_train);
    EXPECT_HAS(trained.err, split);
    EXPECT_HAS(trained.err, "kNN monitor: 8 images of ");
    for (const Words &words :
         { Words{ "knn", "splits-run", "--train", "splits", "--test", "splits", "-k", "1" },
           Words{ "linear", "splits-run", "--train", "splits", "--val", "splits", "--cached", "--epochs", "1", "--lr",
                  "1" },
           Words{ "embed", "splits-run", "splits", "--out", "s.npy" }, Words{ "pack", "splits", "--out", "s.tar" } }) {
        const Result result = run(words);
        EXPECT_EQ(result.code, 0) << result.err;
        EXPECT_HAS(result.err, split);
        EXPECT_FALSE(has(result.err, "training image too")) << result.err;
    }
    const Result named = run({ "embed", "splits-run", "splits", "--split", "Valid", "--out", "v.npy" });
    EXPECT_EQ(named.code, 0) << named.err;
    EXPECT_HAS(named.out, "8 images");
    EXPECT_EQ(run({ "pack", "splits", "--split", "dev", "--out", "d.tar" }).code, 1);
}

TEST_F(CliData, NoImageVotesOnItself)
{
    ASSERT_EQ(trained().code, 0);
    // Every image has a copy of another class, which is its nearest neighbour if it is not its own.
    for (int i = 0; i < 4; ++i) {
        fs::create_directories(root / "same" / "a");
        fs::create_directories(root / "same" / "b");
        write_image(root / "same" / "a" / (std::to_string(i) + ".png"), 0x302010U * static_cast<uint32_t>(i + 1));
        fs::copy_file(root / "same" / "a" / (std::to_string(i) + ".png"),
                      root / "same" / "b" / (std::to_string(i) + ".png"));
    }
    fs::create_directory_symlink(root / "same", root / "same-link");
    for (const char *test : { "same", "same/", "same-link" }) {
        const Result result = run({ "knn", "run", "--train", "same", "--test", test, "-k", "1" });
        ASSERT_EQ(result.code, 0) << result.err;
        EXPECT_HAS(result.out, "kNN accuracy 0.00 %");
        EXPECT_HAS(result.err, "8 of the 8 test images are each a training image too");
    }
    const Result linear =
        run({ "linear", "run", "--train", "same", "--val", "same-link", "--cached", "--epochs", "1", "--lr", "1" });
    EXPECT_HAS(linear.err, "8 of the 8 test images are each a training image too");
}

TEST_F(CliData, AFolderHasOneRunAtATime)
{
    write_named("locked", { "a", "b" }, 12);
    const Words words = train_on("locked", "locked-run", { "--epochs", "4000", "--resume", "auto" });
    Process first = start(words, "first.txt", "first-err.txt");
    ASSERT_TRUE(waits_for([&] { return fs::exists(root / "locked-run/metrics.jsonl"); }));
    for (const Words &second : { Words{ "resume", "locked-run" }, words }) {
        const Result result = run(second);
        EXPECT_EQ(result.code, 1);
        EXPECT_HAS(result.err, "process " + std::to_string(first.pid()) + " on ");
    }
    first.send(SIGUSR1);
    EXPECT_EQ(first.wait(), 128 + SIGUSR1);
    EXPECT_HAS(read_file(root / "locked-run/train.log"), "with a checkpoint; continue with: moco resume");
    // The lock is gone with the process that had it, whatever ended that.
    Process again = start({ "resume", "locked-run" }, "first.txt", "first-err.txt");
    ASSERT_TRUE(waits_for([&] { return has(read_file(root / "locked-run/train.log"), "continues from"); }));
    again.send(SIGKILL);
    EXPECT_EQ(again.wait(), 128 + SIGKILL);
    EXPECT_EQ(run_until("step ", SIGTERM, { "resume", "locked-run" }), 128 + SIGTERM);
}

// The rank that hears of the stop from another one knows no signal, but the tool does.
TEST_F(CliData, ASignalIsTheExitCodeOfAllRanks)
{
    write_named("ranks", { "a", "b" }, 12);
    Process both = start(train_on("ranks", "ranks-run", { "--epochs", "4000", "--nproc", "2" }), "out.txt", "err.txt");
    ASSERT_TRUE(waits_for([&] { return fs::exists(root / "ranks-run/metrics.jsonl"); }));
    both.send(SIGUSR1);
    EXPECT_EQ(both.wait(), 128 + SIGUSR1);
}

TEST_F(CliData, ClosedStreamsTakeNoMessages)
{
    for (const char *closed : { " >&- 2>&-", " <&- >&- 2>&-", " 2>&-" }) {
        fs::remove_all(root / "closed");
        EXPECT_EQ(shell(line_of(train("closed")) + closed).code, 0) << closed;
        EXPECT_EQ(shell("grep -rl 'moco: ' closed").code, 1) << closed;
        EXPECT_EQ(read_file(root / "closed/metrics.jsonl").substr(0, 9), "{\"step\": ");
    }
}

TEST_F(CliData, LinesOfSeveralProcessesDoNotMix)
{
    const Result result = run(train("mixed", { "--nproc", "3" }));
    EXPECT_NE(result.code, 0);
    std::istringstream lines(result.err);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_EQ(line.rfind("moco: ", 0), 0U) << line;
        EXPECT_EQ(line.find("moco: ", 1), std::string::npos) << line;
    }
}

TEST_F(CliData, AScriptOfSlurmIsToldToUseSrun)
{
    const Result result =
        run_with({ "SLURM_JOB_ID=5", "SLURM_NTASKS=4", "SLURM_PROCID=0", "SLURM_LOCALID=0" }, train("script"));
    EXPECT_EQ(result.code, 1);
    EXPECT_HAS(result.err, "srun");
    EXPECT_HAS(result.err, "--launcher none");
}

TEST_F(CliData, AWarningOfSlurmRequeuesTheJob)
{
    std::ofstream(root / "scontrol") << "#!/bin/sh\necho \"$@\" >requeued.txt\n";
    fs::permissions(root / "scontrol", fs::perms::owner_all);
    const Words words = train("requeue", { "--on-signal", "requeue", "--epochs", "4000" });
    EXPECT_EQ(run_with({ "SLURM_JOB_ID=77" }, words).code, 2) << "the job could not continue its run";
    EXPECT_EQ(run(joined(words, { "--resume", "auto" })).code, 2) << "no job";
    Process job(joined({ "env", "SLURM_JOB_ID=77", "PATH=" + root.string(), binary() },
                       on_device(joined(words, { "--resume", "auto" }))),
                { root, "out.txt", "err.txt" });
    ASSERT_TRUE(waits_for([&] { return fs::exists(root / "requeue/metrics.jsonl"); }));
    job.send(SIGUSR2);
    EXPECT_EQ(job.wait(), 128 + SIGUSR2) << read_file(root / "err.txt");
    EXPECT_EQ(read_file(root / "requeued.txt"), "requeue 77\n");
    EXPECT_HAS(read_file(root / "err.txt"), "job 77 is in the queue again");
}

TEST_F(CliData, ATestStopsAtOnceAndLosesNothing)
{
    ONLY_AMONG_ALL();
    write_named("long", { "a", "b" }, 12);
    write_named("long-val", { "a", "b" }, 1000);
    const Words words =
        train_on("long", "long-run", { "--val-data", "long-val", "--knn-every", "1", "--checkpoint-every", "9" });
    Process process = start(words);
    const fs::path saved = root / "long-run/checkpoints/step_0000000001.safetensors";
    ASSERT_TRUE(waits_for([&] { return fs::exists(saved) || !process.runs(); }));
    process.send(SIGKILL);
    EXPECT_EQ(process.wait(), 128 + SIGKILL);
    ASSERT_TRUE(fs::exists(saved)) << "the checkpoint comes before the test";
    EXPECT_FALSE(has(read_file(root / "long-run/metrics.jsonl"), "\"epoch\": 1, \"knn_acc1\""));
    // The test is made up for, and a signal in it ends the run without another step.
    Process resumed = start({ "resume", "long-run" });
    ASSERT_TRUE(waits_for([&] { return has(read_file(root / "long-run/train.log"), "continues from"); }));
    resumed.send(SIGTERM); // a shell may have started the tests with SIGINT ignored
    EXPECT_EQ(resumed.wait(), 128 + SIGTERM);
    EXPECT_FALSE(has(read_file(root / "long-run/metrics.jsonl"), "\"epoch\": 1, \"knn_acc1\""));
    EXPECT_TRUE(fs::exists(saved));
    ASSERT_EQ(run({ "resume", "long-run" }).code, 0);
    EXPECT_HAS(read_file(root / "long-run/metrics.jsonl"), "{\"step\": 1, \"epoch\": 1, \"knn_acc1\"");
    EXPECT_HAS(read_file(root / "long-run/metrics.jsonl"), "{\"step\": 2, \"epoch\": 2, \"knn_acc1\"");
}

// A list of files goes wherever a folder goes.
TEST_F(CliData, EveryCommandTakesAList)
{
    for (const std::string split : { "train", "test" }) {
        std::ofstream list(root / (split + "-files.txt"));
        for (const std::string name : { "dark", "light" }) {
            for (int i = 0; i < (split == "train" ? 24 : 8); ++i) {
                list << split << '/' << name << '/' << i << ".png\t" << name << '\n';
            }
        }
    }
    Words words = train("listed", { "--epochs", "1", "--knn-every", "1", "--val-data", "test-files.txt" });
    words[1] = "train-files.txt";
    const Result trained = run(words);
    ASSERT_EQ(trained.code, 0) << trained.err;
    EXPECT_HAS(trained.err, "48 images of ");
    EXPECT_HAS(trained.err, "2 classes, format list, no splits");
    const Words both = { "--train", "train-files.txt", "--test", "test-files.txt" };
    const Result by_list = run(joined({ "knn", "listed", "--json" }, both));
    const Result by_folder = run({ "knn", "listed", "--json", "--train", "train", "--test", "test" });
    EXPECT_EQ(by_list.code, 0) << by_list.err;
    EXPECT_EQ(by_list.out.substr(0, by_list.out.find("seconds")),
              by_folder.out.substr(0, by_folder.out.find("seconds")));
    const Result linear = run(joined({ "linear", "listed", "--cached", "--epochs", "2" }, both));
    EXPECT_EQ(linear.code, 0) << linear.err;
    const Result embedded = run({ "embed", "listed", "test-files.txt", "--out", "listed.npy" });
    EXPECT_EQ(embedded.code, 0) << embedded.err;
    const Result packed = run({ "pack", "test-files.txt", "--out", "listed.tar" });
    EXPECT_EQ(packed.code, 0) << packed.err;
    const Result of_pack = run({ "knn", "listed", "--train", "train-files.txt", "--test", "listed.tar" });
    EXPECT_EQ(of_pack.code, 0) << of_pack.err;
    std::ofstream(root / "train-files.txt", std::ios::app) << "train/dark/nothing.png\tdark\n";
    const Result broken = run({ "resume", "listed", "--epochs", "2" });
    EXPECT_EQ(broken.code, 1);
    EXPECT_HAS(broken.err, "train-files.txt:49: ");
    EXPECT_HAS(broken.err, "or use --skip-broken to leave such images out");
    const Result skipped =
        run(joined({ "knn", "listed", "--skip-broken" }, { "--train", "train-files.txt", "--test", "test-files.txt" }));
    EXPECT_EQ(skipped.code, 0) << skipped.err;
    EXPECT_HAS(skipped.err, "(line 49 of train-files.txt)");
    EXPECT_HAS(skipped.err, "skipped 1 of 49 images; it could not be read: ");
    const Result again = run({ "pack", "train-files.txt", "--out", "rest.tar", "--skip-broken" });
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_HAS(again.out, "packed and verified 48 images");
    EXPECT_HAS(again.err, "skipped 1 of 49 images; it could not be read: ");
}
