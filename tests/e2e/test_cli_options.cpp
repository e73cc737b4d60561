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
