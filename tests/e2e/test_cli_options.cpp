// Tests options on the command line: the table's names and aliases, and choices.
#include "cli.hpp"

using namespace cli;

namespace {

class CliOptions : public Cli {};

} // namespace

TEST_F(CliOptions, AliasesAndNamesAreTheTables)
{
    for (size_t i = 0; const moco_option *option = moco_config_option(i); ++i) {
        if (option->kind == MOCO_OPTION_PATH || option->kind == MOCO_OPTION_TEXT || option->aliases[0] == nullptr) {
            continue;
        }
        for (const char *alias : option->aliases) {
            if (alias == nullptr) {
                continue;
            }
            const std::string dashes = std::string(alias).size() == 1 ? "-" : "--";
            const Result result = run({ "train", dashes + alias, "no-such" });
            EXPECT_EQ(result.code, 2) << alias;
            EXPECT_HAS(result.err, std::string("error: ") + option->name + ": ");
            EXPECT_HAS(result.err, "'no-such'");
        }
    }
}

TEST_F(CliOptions, UnknownChoicesAreRefused)
{
    for (const char *name : { "schedule", "precision", "augment", "knn-features" }) {
        const Result result = run({ "train", std::string("--") + name, "no-such" });
        EXPECT_EQ(result.code, 2);
        EXPECT_HAS(result.err, std::string(name) + ": there is no 'no-such'; choose one of ");
    }
}

TEST_F(CliOptions, ThatChangeNothingAreNamed)
{
    const Words words{ "train", "train", "--out", "x", "--preset", "tiny", "--print-config", "--mechanism" };
    const Result result =
        run(joined(words, { "end-to-end", "--queue-size", "64", "--momentum", "0.9", "--no-monitors", "--lidar",
                            "--bank-momentum", "0.1", "--lr-decay", "0.5", "--max-steps", "9", "--epochs", "1" }));
    ASSERT_EQ(result.code, 0) << result.err;
    for (const char *option : { "queue-size", "momentum", "lidar", "bank-momentum", "lr-decay", "epochs" }) {
        EXPECT_HAS(result.err, std::string("warning: --") + option + " has no effect: ");
    }
    const Result fine = run(joined(words, { "moco", "--queue-size", "64", "--momentum", "0.99", "--lidar" }));
    EXPECT_FALSE(has(fine.err, "has no effect")) << fine.err;
    EXPECT_HAS(run(joined(words, { "moco", "--max-steps", "1e+12" })).err, "give 0 to 1000000000000");
}
