// Tests the tool's help, errors and exit codes.
#include "cli.hpp"

using namespace cli;

namespace {
class CliUsage : public Cli {};

// Returns the commands that the tool's help lists.
Words commands_of(const std::string &help)
{
    Words commands;
    std::istringstream lines(help.substr(help.find("\nCommands:\n") + 1));
    std::string line;
    for (std::getline(lines, line); std::getline(lines, line) && !line.empty();) {
        if (line.rfind("  ", 0) == 0 && line[2] != ' ') {
            commands.push_back(line.substr(2, line.find(' ', 2) - 2));
        }
    }
    return commands;
}
} // namespace

TEST_F(CliUsage, HelpOfEachCommand)
{
    const Result tool = run({ "--help" });
    EXPECT_EQ(tool.code, 0);
    EXPECT_EQ(tool.err, "");
    const Words commands = commands_of(tool.out);
    EXPECT_GT(commands.size(), 10U) << tool.out;
    for (const std::string &command : commands) {
        SCOPED_TRACE(command);
        const Result result = run({ command, "--help" });
        EXPECT_EQ(result.code, 0);
        EXPECT_EQ(result.err, "");
        EXPECT_EQ(result.out.rfind("Usage: moco " + command, 0), 0U) << result.out;
        std::istringstream lines(result.out);
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(line.size(), 80U) << line;
            EXPECT_FALSE(has(line, "\x1b")) << line;
            EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
        }
    }
    EXPECT_EQ(run({ "help" }).out, tool.out);
    EXPECT_EQ(run({ "help", "knn" }).out, run({ "knn", "-h" }).out);
}

TEST_F(CliUsage, HelpOfTrainHasEveryOption)
{
    const std::string help = run({ "train", "--help" }).out;
    for (size_t i = 0; const moco_option *option = moco_config_option(i); ++i) {
        const std::string dashes = option->kind == MOCO_OPTION_BOOL ? "--[no-]" : "--";
        EXPECT_HAS(help, dashes + option->name);
        EXPECT_HAS(help, std::string("\n") + option->group + ":\n");
    }
    EXPECT_HAS(help, "default 0.07]");
    EXPECT_HAS(help, "[resnet18, resnet34");
}

TEST_F(CliUsage, VersionNamesBothLibraries)
{
    const Result result = run({ "--version" });
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(result.out, std::string("moco ") + moco_version() + " (libtorch " + moco_libtorch_version() + ")\n");
}

TEST_F(CliUsage, WrongUsageIsNamedWithAnExitCodeOfTwo)
{
    struct Case {
        Words words;
        std::string message;
    };
    const std::vector<Case> cases{
        { {}, "give a command" },
        { { "trian" }, "did you mean 'train'?" },
        { { "xyzzy" }, "there is no command 'xyzzy'" },
        { { "--frob" }, "there is no option --frob" },
        { { "train" }, "DATA is missing" },
        { { "train", "train" }, "--out RUN is missing" },
        { { "train", "train", "--out", "x", "more" }, "'more' is one argument too many" },
        { { "train", "train", "--out", "x", "--bacth", "3" }, "did you mean --batch?" },
        { { "train", "train", "--out", "x", "--queue", "3" }, "did you mean --queue-size?" },
        { { "train", "train", "--out", "x", "--no-plot" }, "did you mean --no-plots?" },
        { { "train", "train", "--out", "x", "--no-lr" }, "--lr takes a value" },
        { { "train", "train", "--out", "x", "--lr" }, "option --lr needs a value" },
        { { "train", "train", "--out", "x", "--lr", "--mlp" }, "option --lr needs a value" },
        { { "train", "train", "--out", "x", "-Z" }, "there is no option -Z" },
        { { "train", "train", "--out", "x", "--lr", "fast" }, "lr: 'fast' is not a number in range" },
        { { "train", "train", "--out", "x", "--epochs", "0" }, "epochs: '0' is not a whole number in range" },
        { { "train", "train", "--out", "x", "--mlp=perhaps" }, "neither true nor false" },
        { { "train", "train", "--out", "x", "--no-mlp=yes" }, "takes no value" },
        { { "train", "train", "--out", "x", "--arch", "resnet19" }, "did you mean 'resnet18'?" },
        { { "train", "train", "--out", "x", "--preset", "cifra" }, "did you mean 'cifar'?" },
        { { "train", "train", "--out", "x", "--bn-splits", "3" }, "use bn-splits 2 or batch 258" },
        { { "train", "train", "--out", "x", "--device", "tpu" }, "device: there is no 'tpu'" },
        { { "train", "train", "--out", "x", "--resume", "y" }, "moco resume RUN" },
        { { "train", "train", "--out", "x", "--gpu", "0" }, "--device cuda:N" },
        { { "resume" }, "an argument is missing" },
        { { "knn", "run" }, "--train DATA is missing" },
        { { "knn", "run", "--train", "train" }, "--test DATA is missing" },
        { { "knn", "--train", "train", "--test", "test" }, "RUN or CHECKPOINT is missing" },
        { { "info" }, "an argument is missing" },
        { { "doctor", "x" }, "one argument too many" },
        { { "completion", "fish" }, "the only shell is bash" },
    };
    for (const auto &each : cases) {
        const Result result = run(each.words);
        SCOPED_TRACE(each.message);
        EXPECT_EQ(result.code, 2);
        EXPECT_EQ(result.out, "");
        EXPECT_EQ(result.err.rfind("moco: error: ", 0), 0U) << result.err;
        EXPECT_HAS(result.err, each.message);
        EXPECT_HAS(result.err, "--help'\n");
        EXPECT_FALSE(fs::exists(root / "x"));
    }
}

TEST_F(CliUsage, MissingFilesAreErrorsAndLeaveNothing)
{
    std::ofstream(root / "notes.txt") << "this is not a checkpoint\n";
    struct Case {
        Words words;
        std::string message;
    };
    const std::vector<Case> cases{
        { { "train", "nowhere", "--out", "x" }, "nowhere" },
        { { "train", "train", "--out", "x", "--config", "none.yaml" }, "none.yaml" },
        { { "resume", "nowhere" }, "nowhere" },
        { { "resume", "train" }, "train" },
        { { "knn", "nowhere", "--train", "train", "--test", "test" }, "nowhere" },
        { { "info", "nowhere" }, "nowhere" },
        { { "info", "notes.txt" }, "notes.txt" },
        { { "plot", "nowhere" }, "nowhere" },
    };
    for (const auto &each : cases) {
        SCOPED_TRACE(each.words[0] + " " + each.words[1]);
        const Result result = run(each.words);
        EXPECT_EQ(result.code, 1);
        EXPECT_EQ(result.out, "");
        EXPECT_HAS(result.err, "moco: error: ");
        EXPECT_HAS(result.err, each.message);
        EXPECT_FALSE(fs::exists(root / "x"));
    }
    EXPECT_FALSE(fs::exists(root / "nowhere"));
}

TEST_F(CliUsage, ConfigFilesAreRefusedWithTheirLine)
{
    std::ofstream(root / "bad.yaml") << "epochs: 2\nbacth: 4\n";
    const Result result = run({ "train", "train", "--out", "x", "--config", "bad.yaml" });
    EXPECT_EQ(result.code, 1);
    EXPECT_HAS(result.err, "bad.yaml:2: there is no option 'bacth'; did you mean 'batch'?");
}

TEST_F(CliUsage, AReaderThatLeavesIsNoError)
{
    const std::string shell = "cd '" + root.string() + "' && { '" + binary() +
                              "' train --help; echo code $? >&2; } 2>err.txt | head -n 1 >out.txt";
    ASSERT_EQ(std::system(shell.c_str()), 0);
    EXPECT_EQ(read_file(root / "out.txt"), "Usage: moco train DATA --out RUN [options]\n");
    EXPECT_EQ(read_file(root / "err.txt"), "code 0\n");
}

TEST_F(CliUsage, ALostOutputIsAnError)
{
    if (!fs::exists("/dev/full")) {
        GTEST_SKIP() << "needs /dev/full";
    }
    EXPECT_EQ(start({ "train", "--help" }, "/dev/full").wait(), 1);
    EXPECT_HAS(read_file(root / "err.txt"), "standard output cannot be written");
}

TEST_F(CliUsage, DoctorSaysWhatIsThere)
{
    const Result result = run({ "doctor" });
    EXPECT_EQ(result.code, 0) << result.err;
    for (const char *row : { "libtorch", "processor", "cores", "memory", "cuda", "Fashion-MNIST" }) {
        EXPECT_HAS(result.out, std::string("\n") + row);
    }
}

TEST_F(CliUsage, CompletionAndManPage)
{
    const std::string shell = std::string("'") + binary() + "' completion bash > '" + (root / "c.sh").string() +
                              "' && bash -c 'source " + (root / "c.sh").string() +
                              "; COMP_WORDS=(moco train --queue-s); COMP_CWORD=2; _moco 2>/dev/null; "
                              "test \"${COMPREPLY[*]}\" = --queue-size'";
    EXPECT_EQ(std::system(shell.c_str()), 0);
    const Result page = run({ "man" });
    EXPECT_EQ(page.code, 0);
    EXPECT_EQ(page.out.rfind(".TH MOCO 1", 0), 0U);
    EXPECT_HAS(page.out, "queue\\-size");
}
