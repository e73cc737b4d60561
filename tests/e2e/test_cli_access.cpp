// Tests what is said of files and folders that the user may not read.
#include "cli.hpp"

#include <sys/stat.h>

using namespace cli;

namespace {

class CliAccess : public Cli {
  protected:
    // Root may read everything, unless it gives that right away.
    static bool can_lack_rights()
    {
        return geteuid() != 0 || Process({ "sh", "-c", "command -v setpriv" }).wait() == 0;
    }
    static Result run_without_rights(const Words &words)
    {
        const char *const rights = "-dac_override,-dac_read_search";
        const Words drop = { "setpriv", "--bounding-set", rights, "--inh-caps", rights };
        const int code = Process(joined(joined(geteuid() == 0 ? drop : Words{}, { binary() }), words),
                                 { root, "out.txt", "err.txt" })
                             .wait();
        return { code, read_file(root / "out.txt"), read_file(root / "err.txt") };
    }
    // Expects a failure with a message, while a path has other rights.
    static void refused(const Words &words, const fs::path &path, mode_t mode, const std::string &message)
    {
        struct stat before = {};
        ASSERT_EQ(stat((root / path).c_str(), &before), 0);
        ASSERT_EQ(chmod((root / path).c_str(), mode), 0);
        const Result result = run_without_rights(words);
        EXPECT_EQ(chmod((root / path).c_str(), before.st_mode), 0);
        EXPECT_EQ(result.code, 1) << words[0] << " with " << path;
        EXPECT_HAS(result.err, message);
    }
};

} // namespace

TEST_F(CliAccess, AFolderOfDataIsNamed)
{
    if (!can_lack_rights()) {
        GTEST_SKIP() << "needs setpriv, or another user than root";
    }
    const std::string place = fs::canonical(root).string();
    const std::string end = ": Permission denied; check the permissions";
    for (const mode_t mode : { 0000U, 0444U, 0311U }) {
        refused(train("none"), "train", mode, place + "/train: cannot list the folder" + end);
    }
    refused(train("none", { "--val-data", "test", "--knn-every", "1" }), "test", 0,
            place + "/test: cannot list the folder" + end);
    fs::create_directories(root / "shards");
    ASSERT_EQ(run({ "pack", "train", "--out", "shards/s.tar" }).code, 0);
    const auto train_on = [](const std::string &data) {
        Words words = train("none");
        words[1] = data;
        return words;
    };
    refused(train_on("shards"), "shards", 0, place + "/shards: cannot list the folder" + end);
    refused(train_on("shards/s.tar"), "shards", 0, place + "/shards/s.tar: cannot open" + end);
    refused(train_on("shards/*.tar"), "shards", 0, place + "/shards/*.tar: cannot open" + end);
    EXPECT_FALSE(fs::exists(root / "none"));
}

TEST_F(CliAccess, AFolderInTheDataIsLeftOutAndTold)
{
    if (!can_lack_rights()) {
        GTEST_SKIP() << "needs setpriv, or another user than root";
    }
    write_named("closed", { "a", "b" }, 12);
    ASSERT_EQ(chmod((root / "closed/b").c_str(), 0), 0);
    // One class is left, so that the images have no labels.
    const Result result = run_without_rights(train_on("closed", "closed-run", { "--epochs", "1", "-b", "8" }));
    ASSERT_EQ(chmod((root / "closed/b").c_str(), 0755), 0);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "left out 1 folder that cannot be read: b\n");
    EXPECT_FALSE(has(result.err, "without images")) << result.err;
}

// A restarted job must not take a run that it cannot read for none, and begin anew.
TEST_F(CliAccess, ARunIsNotTakenForNone)
{
    if (!can_lack_rights()) {
        GTEST_SKIP() << "needs setpriv, or another user than root";
    }
    ASSERT_EQ(trained().code, 0);
    const std::string log = read_file(root / "run/train.log");
    const std::string message = "run/checkpoints: cannot list the folder: Permission denied; check the permissions";
    const Words again = train("run", { "--val-data", "test", "--knn-every", "1", "--resume", "auto" });
    refused(again, "run/checkpoints", 0, message);
    EXPECT_EQ(read_file(root / "run/train.log"), log);
    refused({ "resume", "run" }, "run/checkpoints", 0, message);
    refused({ "info", "run" }, "run", 0, message);
    for (const mode_t mode : { 0000U, 0444U }) {
        refused({ "runs", "run" }, "run", mode, "run/metrics.jsonl: cannot read: Permission denied");
    }
}

TEST_F(CliAccess, RunsAndResultsAreNotLeftOutSilently)
{
    if (!can_lack_rights()) {
        GTEST_SKIP() << "needs setpriv, or another user than root";
    }
    ASSERT_EQ(trained().code, 0);
    fs::create_directories(root / "two");
    fs::copy(root / "run", root / "two/a", fs::copy_options::recursive);
    refused({ "runs", "two" }, "two/a", 0444, "1 of 1 runs cannot be read");
    refused({ "runs", "two" }, "two", 0444, "two/metrics.jsonl: cannot read: Permission denied");
    refused({ "runs", "two" }, "two", 0311, "two: cannot list the folder: Permission denied");
    refused({ "runs", "two" }, "two", 0311, "no run was found, but there are folders that cannot be read");
    fs::create_directories(root / "two/a/eval");
    refused({ "report", "two/a", "--as-is" }, "two/a/eval", 0, "eval: cannot list the folder: Permission denied");
    ASSERT_EQ(chmod((root / "two/a/checkpoints").c_str(), 0), 0);
    const Result closed = run_without_rights({ "runs", "two" });
    ASSERT_EQ(chmod((root / "two/a/checkpoints").c_str(), 0755), 0);
    EXPECT_EQ(closed.code, 0);
    EXPECT_HAS(closed.err, "cannot tell whether this checkpoint is there: Permission denied");
}
