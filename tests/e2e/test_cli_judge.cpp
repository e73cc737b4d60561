// Tests how a run judges itself: its start, its best checkpoint, and weights that are no numbers.
#include "cli.hpp"

#include <cstring>
#include <fstream>
#include <limits>

using namespace cli;

namespace {

class CliJudge : public Cli {
  protected:
    static std::string metrics(const std::string &run) { return read_file(root / run / "metrics.jsonl"); }
    static const fs::path &best()
    {
        static const fs::path path = "checkpoints/best.safetensors";
        return path;
    }
};

} // namespace

TEST_F(CliJudge, ARunIsTestedBeforeItsFirstStepAndKeepsItsBest)
{
    ASSERT_EQ(trained().code, 0) << trained().err;
    EXPECT_HAS(metrics("run"), "{\"step\": 0, \"epoch\": 0, \"knn_acc1\": ");
    EXPECT_HAS(metrics("run"), ", \"knn_k\": 5}") << "half of 24 images, at most 5";
    EXPECT_HAS(trained().err, "before training: kNN accuracy ");
    EXPECT_HAS(trained().err, "(before training ");
    EXPECT_HAS(trained().err, "k 5, auto");
    EXPECT_HAS(trained().out, "(before training ");
    ASSERT_TRUE(fs::exists(root / "run" / best()));
    const Words knn{ "--train", "train", "--test", "test", "--threads", "1" };
    EXPECT_HAS(run(joined({ "knn", "run/best" }, knn)).out, "k 5 (auto)");
    EXPECT_HAS(run(joined({ "knn", "run/best", "--json" }, knn)).out, "checkpoints/best.safetensors");
    EXPECT_HAS(run(joined({ "knn", "run/last", "--json" }, knn)).out, "checkpoints/step_");
    for (const Words &words :
         { Words{ "linear", "run/best", "--train", "train", "--val", "test", "--cached", "--epochs", "2" },
           Words{ "embed", "run/best", "test", "--out", "best.npy" },
           Words{ "export", "run/best", "--out", "best.safetensors", "--format", "safetensors" },
           Words{ "info", "run/best" } }) {
        const Result result = run(words);
        EXPECT_EQ(result.code, 0) << result.err;
    }
    const Result resumed = run({ "resume", "run/best" });
    EXPECT_EQ(resumed.code, 1);
    EXPECT_HAS(resumed.err, "a run continues from its newest");
    ASSERT_EQ(run(train("unlabelled")).code, 0);
    const Result none = run(joined({ "knn", "unlabelled/best" }, knn));
    EXPECT_EQ(none.code, 1);
    EXPECT_HAS(none.err, "unlabelled has no best checkpoint");
}

TEST_F(CliJudge, ARunThatIsWorseThanItsStartSaysSo)
{
    ASSERT_EQ(run(train("worse", { "--val-data", "test", "--knn-every", "1", "--epochs", "1" })).code, 0);
    const std::string before = metrics("worse");
    const std::string key = "\"epoch\": 0, \"knn_acc1\": ";
    const size_t at = before.find(key);
    ASSERT_NE(at, std::string::npos);
    const size_t from = at + key.size();
    std::ofstream(root / "worse/metrics.jsonl")
        << before.substr(0, from) << "100.5" << before.substr(before.find(',', from));
    const Result result = run({ "resume", "worse", "--epochs", "3" });
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "is below that of the network before training, 100.50 %: so far the training has made");
    EXPECT_HAS(result.err, "before training, 100.50 %: the training has made its features worse");
    ASSERT_EQ(run({ "report", "worse", "--out", "worse.html" }).code, 0);
    EXPECT_HAS(read_file(root / "worse.html"), "the training has made its features worse");
}

TEST_F(CliJudge, TheBestCheckpointIsThatOfAnUninterruptedRun)
{
    ONLY_AMONG_ALL();
    const Words words{ "--val-data", "test", "--knn-every", "1", "--epochs", "5", "--keep-last", "9" };
    ASSERT_EQ(run(train("whole", words)).code, 0);
    std::vector<fs::path> steps;
    for (const auto &entry : fs::directory_iterator(root / "whole/checkpoints")) {
        if (has(entry.path().filename().string(), "step_")) {
            steps.push_back(entry.path().filename());
        }
    }
    ASSERT_EQ(steps.size(), 5U) << "no checkpoint is of the network before training";
    std::sort(steps.begin(), steps.end());
    // However many steps are taken again, the best file may be of one of them.
    for (size_t kept = 1; kept < steps.size(); ++kept) {
        fs::remove_all(root / "again");
        fs::copy(root / "whole", root / "again", fs::copy_options::recursive);
        for (size_t i = kept; i < steps.size(); ++i) {
            fs::remove(root / "again/checkpoints" / steps[i]);
        }
        ASSERT_EQ(run({ "resume", "again" }).code, 0);
        EXPECT_EQ(read_file(root / "whole" / best()), read_file(root / "again" / best())) << kept;
    }
    for (const auto &entry : fs::directory_iterator(root / "again/checkpoints")) {
        EXPECT_EQ(entry.path().extension(), ".safetensors") << "nothing is left over";
    }
}

TEST_F(CliJudge, WeightsThatAreNoNumbersAreRefusedByEveryCommand)
{
    ASSERT_EQ(trained().code, 0);
    ASSERT_EQ(run({ "export", "run", "--out", "good.safetensors", "--format", "safetensors" }).code, 0);
    moco_weights *file = nullptr;
    ASSERT_EQ(moco_weights_open(&file, (root / "good.safetensors").c_str()), MOCO_OK) << moco_error_message();
    const std::string name = moco_weights_get(file, 0)->name;
    moco_weights_free(file);
    std::string bytes = read_file(root / "good.safetensors");
    uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(&bytes[8 + header], &nan, sizeof nan);
    std::ofstream(root / "nan.safetensors") << bytes;
    const Words train_val{ "--train", "train", "--val", "test", "--threads", "1" };
    for (const Words &words : { joined({ "knn", "nan.safetensors" }, train_val),
                                joined({ "linear", "nan.safetensors", "--cached" }, train_val),
                                joined({ "finetune", "nan.safetensors" }, train_val),
                                Words{ "embed", "nan.safetensors", "test", "--out", "nan.npy" },
                                Words{ "export", "nan.safetensors", "--out", "nan.pth", "--format", "torchvision" } }) {
        const Result result = run(words);
        EXPECT_EQ(result.code, 1) << words[0];
        EXPECT_HAS(result.err, "nan.safetensors: tensor \"" + name + "\" holds NaN or infinite values");
    }
}
