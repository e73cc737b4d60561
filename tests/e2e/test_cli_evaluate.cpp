// Tests moco linear, finetune and knn: text, JSON, files, several processes, and numbers of other libraries.
#include "cli.hpp"
#include "support/gpu.hpp"
#include "support/json.hpp"

#include <csignal>
#include <map>
#include <thread>

using namespace cli;
using moco_test::Json;

namespace {

const char *const fashion = "/usr/share/datasets/fashion-mnist";

class CliEvaluate : public Cli {
  protected:
    static Words base(const std::string &command)
    {
        return { command, "run", "--train", "train", "--val", "test", "--threads", "1", "--workers", "1" };
    }
    // Runs a command that prints JSON.
    static Json json_of(const Words &words)
    {
        const Result result = run(joined(words, { "--json" }));
        EXPECT_EQ(result.code, 0) << result.err;
        Json json(json_loads(result.out.c_str(), 0, nullptr));
        EXPECT_NE(json, nullptr) << result.out;
        return json;
    }
    static double number(const Json &json, const char *key)
    {
        const json_t *value = json_object_get(json.get(), key);
        EXPECT_TRUE(json_is_number(value)) << key;
        return json_number_value(value);
    }
    // The shapes of a file's tensors.
    static std::map<std::string, std::vector<int64_t>> shapes(const std::string &name)
    {
        std::map<std::string, std::vector<int64_t>> found;
        moco_weights *file = nullptr;
        EXPECT_EQ(moco_weights_open(&file, (root / name).c_str()), MOCO_OK) << moco_error_message();
        for (size_t i = 0; file != nullptr && i < moco_weights_count(file); ++i) {
            const auto *entry = moco_weights_get(file, i);
            found[entry->name] = std::vector<int64_t>(entry->sizes, entry->sizes + entry->ndim);
        }
        moco_weights_free(file);
        return found;
    }
    static bool has_fashion() { return fs::exists(fs::path(fashion)); }
};

} // namespace

TEST_F(CliEvaluate, LinearSweepsRatesOverCachedFeatures)
{
    ASSERT_EQ(trained().code, 0);
    const Words words = joined(base("linear"), { "--cached", "--lr", "0.1,1,1e38", "--epochs", "20", "--batch", "8",
                                                 "--out", "fc.safetensors", "--features-out", "features.safetensors" });
    const Json json = json_of(words);
    EXPECT_EQ(number(json, "train_images"), 48);
    EXPECT_EQ(number(json, "val_images"), 16);
    EXPECT_EQ(number(json, "classes"), 2);
    EXPECT_GT(number(json, "acc1"), 50);
    EXPECT_EQ(number(json, "acc5"), 100);
    const json_t *rates = json_object_get(json.get(), "rates");
    ASSERT_EQ(json_array_size(rates), 3U);
    EXPECT_TRUE(json_is_true(json_object_get(json_array_get(rates, 2), "diverged")));
    EXPECT_TRUE(json_is_null(json_object_get(json_array_get(rates, 2), "best_acc1")));
    EXPECT_EQ(number(json, "held_out_images"), 10) << "a fifth of 24, twice";
    EXPECT_GE(number(json, "best_acc1"), number(json, "acc1")) << "the result is that of the last epoch";
    const double chosen = number(json, "held_out_acc1");
    for (size_t i = 0; i < 2; ++i) {
        EXPECT_LE(json_number_value(json_object_get(json_array_get(rates, i), "held_out_acc1")), chosen);
    }
    EXPECT_FALSE(json_is_true(json_object_get(json_array_get(rates, 0), "diverged")));
    const auto fc = shapes("fc.safetensors");
    ASSERT_TRUE(fc.count("fc.weight"));
    EXPECT_EQ(fc.at("fc.weight")[0], 2);
    EXPECT_EQ(fc.at("fc.bias"), std::vector<int64_t>{ 2 });
    const auto features = shapes("features.safetensors");
    EXPECT_EQ(features.at("train.features")[0], 48);
    EXPECT_EQ(features.at("val.labels"), std::vector<int64_t>{ 16 });
    EXPECT_EQ(features.at("order"), (std::vector<int64_t>{ 20, 48 }));

    const Result text = run(joined(words, { "--baseline", "random" }));
    ASSERT_EQ(text.code, 0) << text.err;
    EXPECT_HAS(text.out, "diverged in the first epoch");
    EXPECT_HAS(text.out, "(frozen encoder, lr ");
    EXPECT_HAS(text.out, " chosen on 10 held-out training images: ");
    EXPECT_HAS(text.out, "untrained network");
    EXPECT_HAS(text.err, "lr 1e+38: the classifier's loss is no longer finite");
    EXPECT_HAS(text.err, "features have a mean norm of ");
}

TEST_F(CliEvaluate, LinearJudgesRawPixelsToo)
{
    ASSERT_EQ(trained().code, 0);
    const Words words = { "--baseline", "pixels", "--epochs", "3", "--lr", "0.1", "--cached" };
    const Json both = json_of(joined(base("linear"), words));
    EXPECT_GE(json_number_value(json_object_get(json_object_get(both.get(), "pixels"), "acc1")), 50);
    const Words sets = { "linear", "--preset", "tiny", "--train", "train", "--val", "test" };
    const Json alone = json_of(joined(sets, words));
    EXPECT_STREQ(json_string_value(json_object_get(alone.get(), "baseline")), "pixels");
    EXPECT_GE(number(alone, "acc1"), 50);
    const Result result = run(joined(base("linear"), { "--baseline", "pixels" }));
    EXPECT_EQ(result.code, 2);
    EXPECT_HAS(result.err, "--baseline pixels needs --cached");
}

TEST_F(CliEvaluate, LinearFollowsTheProtocolOnAnyNumberOfProcesses)
{
    SKIP_ON_FEWER_GPUS(2);
    ASSERT_EQ(trained().code, 0);
    for (const char *processes : { "1", "2" }) {
        const Json json = json_of(joined(base("linear"), { "--epochs", "3", "--lr", "1", "--batch", "16",
                                                           "--milestones", "2", "--nproc", processes }));
        EXPECT_FALSE(json_is_true(json_object_get(json.get(), "cached")));
        EXPECT_GE(number(json, "acc1"), 50);
        EXPECT_LE(number(json, "best_epoch"), 3);
    }
    const Json one = json_of(joined(base("linear"), { "--cached", "--epochs", "3", "--lr", "1" }));
    const Json two = json_of(joined(base("linear"), { "--cached", "--epochs", "3", "--lr", "1", "--nproc", "2" }));
    EXPECT_EQ(number(one, "acc1"), number(two, "acc1"));
    const json_t *a = json_array_get(json_object_get(one.get(), "rates"), 0);
    const json_t *b = json_array_get(json_object_get(two.get(), "rates"), 0);
    EXPECT_EQ(json_number_value(json_object_get(a, "train_loss")), json_number_value(json_object_get(b, "train_loss")));
}

TEST_F(CliEvaluate, ASignalEndsLinearCleanly)
{
    ASSERT_EQ(trained().code, 0);
    const Words words =
        joined(base("linear"), { "--cached", "--epochs", "1000000", "--lr", "0.1", "--out", "never.safetensors" });
    EXPECT_EQ(run_until("epoch 2/", SIGINT, words), 128 + SIGINT);
    EXPECT_HAS(read_file(root / "err.txt"), "stopped by SIGINT");
    EXPECT_FALSE(fs::exists(root / "never.safetensors"));
}

TEST_F(CliEvaluate, FinetuneLearnsFromAShare)
{
    ONLY_AMONG_ALL();
    SKIP_ON_FEWER_GPUS(2);
    ASSERT_EQ(trained().code, 0);
    const Words words = joined(base("finetune"), { "--fraction", "0.5", "--epochs", "2", "--batch", "8", "--head-lr",
                                                   "0.1", "--out", "tuned.safetensors" });
    const Json json = json_of(words);
    EXPECT_EQ(number(json, "train_images"), 24);
    EXPECT_EQ(number(json, "val_images"), 16);
    EXPECT_GE(number(json, "best_acc1"), number(json, "acc1"));
    EXPECT_EQ(number(json, "head_lr"), 0.1);
    EXPECT_EQ(json_array_size(json_object_get(json.get(), "trials")), 4U);
    EXPECT_EQ(number(json, "held_out_images"), 4) << "two of each class";
    const auto tuned = shapes("tuned.safetensors");
    EXPECT_EQ(tuned.at("fc.bias"), std::vector<int64_t>{ 2 });
    EXPECT_TRUE(tuned.count("conv1.weight"));
    EXPECT_TRUE(tuned.count("bn1.running_mean"));
    const Json again = json_of(words);
    EXPECT_EQ(number(json, "train_loss"), number(again, "train_loss"));
    const Json two = json_of(joined(words, { "--nproc", "2" }));
    EXPECT_EQ(number(two, "train_images"), 24);
    const Result text = run(joined(words, { "--baseline", "random" }));
    ASSERT_EQ(text.code, 0) << text.err;
    EXPECT_HAS(text.out, "fine-tuned accuracy ");
    EXPECT_HAS(text.out, "from an untrained network");
    EXPECT_HAS(text.out, "chosen on 4 held-out training images (");
    const Json given = json_of(joined(words, { "--encoder-lr", "0.01" }));
    EXPECT_EQ(json_object_get(given.get(), "trials"), nullptr) << "both rates are given";
}

TEST_F(CliEvaluate, KnnSweepsAndNamesConfusions)
{
    ASSERT_EQ(trained().code, 0);
    const Words words{ "knn", "run", "--train", "train", "--test", "test", "-k", "1,5", "--temperature", "0.05,0.1" };
    const Json json = json_of(joined(words, { "--per-class", "--confusion", "confusion.png" }));
    EXPECT_EQ(json_array_size(json_object_get(json.get(), "sweep")), 4U);
    const json_t *classes = json_object_get(json.get(), "classes");
    ASSERT_EQ(json_array_size(classes), 2U);
    EXPECT_STREQ(json_string_value(json_object_get(json_array_get(classes, 0), "name")), "dark");
    double right = 0;
    for (size_t c = 0; c < 2; ++c) {
        const json_t *row = json_array_get(json_object_get(json.get(), "confusion"), c);
        EXPECT_EQ(json_integer_value(json_array_get(row, 0)) + json_integer_value(json_array_get(row, 1)), 8);
        right += static_cast<double>(json_integer_value(json_array_get(row, c)));
    }
    EXPECT_NEAR(number(json, "knn_acc1"), 100 * right / 16, 1e-3);
    EXPECT_EQ(read_file(root / "confusion.png").substr(1, 3), "PNG");
    const Result text = run(joined(words, { "--per-class", "--confusion", "confusion.svg" }));
    EXPECT_HAS(read_file(root / "confusion.svg"), ">light</text>");
    ASSERT_EQ(text.code, 0) << text.err;
    EXPECT_HAS(text.out, "T 0.05");
    EXPECT_HAS(text.out, "most often confused with");
    EXPECT_HAS(text.out, "\nlight ");
    EXPECT_EQ(run({ "knn", "run", "--train", "train", "--test", "test", "-k", "1,two" }).code, 2);
}

TEST_F(CliEvaluate, WrongUsageIsNamed)
{
    struct Case {
        Words words;
        std::string message;
    };
    const std::vector<Case> cases{
        { { "linear", "run" }, "--train DATA is missing" },
        { { "linear", "run", "--train", "train" }, "--val DATA is missing" },
        { { "linear", "--train", "train", "--val", "test" }, "RUN or FILE is missing" },
        { joined(base("linear"), { "--lr", "1,,2" }), "--lr: '1,,2' is not a list of numbers" },
        { joined(base("linear"), { "--lr", "-1" }), "--lr: '-1' is not a list of numbers" },
        { joined(base("linear"), { "--features-out", "x" }), "--features-out needs --cached" },
        { joined(base("finetune"), { "--fraction", "2" }), "fraction" },
        { { "finetune", "run", "--train", "train" }, "--val DATA is missing" },
    };
    for (const auto &each : cases) {
        SCOPED_TRACE(each.message);
        const Result result = run(each.words);
        EXPECT_EQ(result.code, 2);
        EXPECT_EQ(result.out, "");
        EXPECT_HAS(result.err, each.message);
    }
    const Words data{ "--train", "train", "--val", "test", "--threads", "1" };
    ASSERT_EQ(trained().code, 0);
    for (const Words &words : { Words{ "linear", "run", "--out", "no/f.safetensors" },
                                Words{ "linear", "run", "--cached", "--features-out", "no/f.safetensors" },
                                Words{ "finetune", "run", "--out", "no/f.safetensors" },
                                Words{ "knn", "run", "--features-out", "no/f.safetensors" },
                                Words{ "knn", "run", "--confusion", "no/c.png" } }) {
        const Result result = run(joined(words, data));
        EXPECT_EQ(result.code, 1);
        EXPECT_HAS(result.err, "cannot be written: there is no folder no; make it first");
        EXPECT_FALSE(has(result.out, "accuracy") || has(result.out, "epoch")) << "the work came before the mistake";
    }
    EXPECT_HAS(run(joined({ "knn", "run", "--confusion", "c.gif" }, data)).err, "has an unknown ending");
    EXPECT_HAS(run(joined({ "knn", "run", "--features-out", "test" }, data)).err, "test is a folder");
    EXPECT_HAS(run(joined({ "knn", "run", "--features-out", "/dev/null" }, data)).err, "/dev/null is a device");
    const std::string network =
        fs::directory_iterator(root / "run/checkpoints")->path().lexically_relative(root).string();
    for (const Words &words :
         { Words{ "linear", "run", "--cached", "--out", "f.safetensors", "--features-out", "f.safetensors" },
           Words{ "linear", network, "--out", network }, Words{ "finetune", network, "--out", network },
           Words{ "knn", network, "--features-out", "./" + network } }) {
        const Result result = run(joined(words, data));
        EXPECT_EQ(result.code, 1);
        EXPECT_HAS(result.err, "is also the file of ");
    }
    EXPECT_HAS(run({ "export", network, "--format", "safetensors", "--out", network }).err, "is also the file of ");
    EXPECT_HAS(run({ "embed", network, "test", "--out", network }).err, "is also the file of ");
    const Result nowhere = run({ "linear", "nowhere", "--train", "train", "--val", "test" });
    EXPECT_EQ(nowhere.code, 1);
    EXPECT_HAS(nowhere.err, "nowhere");
}

TEST_F(CliEvaluate, KnnIsScikitLearns)
{
    if (!has_fashion()) {
        GTEST_SKIP() << "needs " << fashion << "; Debian: apt install dataset-fashion-mnist";
    }
    if (python("knn_reference.py", { "--help" }) < 0) {
        GTEST_SKIP() << read_file(root / "python.txt") << "(MOCO_PYTHON names another interpreter)";
    }
    const Result result = run({ "knn",       "--preset", "fashion-mnist",  "--baseline",    "random",
                                "--train",   fashion,    "--test",         fashion,         "--limit",
                                "1000",      "-k",       "1,5,20,200",     "--temperature", "0.05,0.1",
                                "--threads", "1",        "--features-out", "f.safetensors", "--json" });
    ASSERT_EQ(result.code, 0) << result.err;
    std::ofstream(root / "knn.json") << result.out;
    EXPECT_EQ(python("knn_reference.py", { "f.safetensors", "knn.json" }), 0) << read_file(root / "python.txt");
}

TEST_F(CliEvaluate, LinearIsPyTorchs)
{
    if (!has_fashion()) {
        GTEST_SKIP() << "needs " << fashion << "; Debian: apt install dataset-fashion-mnist";
    }
    if (python("linear_reference.py", { "--help" }) < 0) {
        GTEST_SKIP() << read_file(root / "python.txt") << "(MOCO_PYTHON names another interpreter)";
    }
    const Result result = run({ "linear", "--preset", "fashion-mnist", "--train", fashion, "--val", fashion, "--limit",
                                "1000", "--cached", "--lr", "0.01,0.1", "--epochs", "10", "--threads", "1",
                                "--features-out", "f.safetensors", "--json" });
    ASSERT_EQ(result.code, 0) << result.err;
    std::ofstream(root / "linear.json") << result.out;
    EXPECT_EQ(python("linear_reference.py",
                     { "f.safetensors", "--lr", "0.01,0.1", "--epochs", "10", "--json", "linear.json" }),
              0)
        << read_file(root / "python.txt");
}
