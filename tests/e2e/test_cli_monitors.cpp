// Tests the label-free monitors of a run.
#include "cli.hpp"

#include <jansson.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

using namespace cli;

namespace {

class CliMonitors : public Cli {};

// The bytes of a checkpoint's tensors.
std::string tensors_of(const fs::path &checkpoint)
{
    const std::string bytes = read_file(checkpoint);
    uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    return bytes.substr(8 + header);
}

double last_of(const fs::path &run, const char *name)
{
    moco_series series = {};
    EXPECT_EQ(moco_series_read(&series, run.c_str(), name), MOCO_OK);
    EXPECT_GT(series.count, 0U) << name;
    const double last = series.count > 0 ? series.values[series.count - 1] : -1;
    moco_series_free(&series);
    return last;
}

} // namespace

TEST_F(CliMonitors, TheyMeasureAndChangeNothing)
{
    const Words more{ "--deterministic", "--val-data", "test", "--knn-every", "1", "--lidar" };
    const Result watched = run(train("watched", more));
    ASSERT_EQ(watched.code, 0) << watched.err;
    const Result blind = run(train("blind", joined(more, { "--no-monitors" })));
    ASSERT_EQ(blind.code, 0) << blind.err;
    EXPECT_EQ(tensors_of(root / "watched/checkpoints/step_0000000006.safetensors"),
              tensors_of(root / "blind/checkpoints/step_0000000006.safetensors"));
    EXPECT_HAS(watched.out, "  spread ");
    EXPECT_HAS(watched.out, "  rank ");
    EXPECT_FALSE(has(blind.out, "spread")) << blind.out;
    EXPECT_FALSE(has(read_file(root / "blind/metrics.jsonl"), "rankme"));
    EXPECT_GT(last_of(root / "watched", "spread"), 0);
    EXPECT_LT(last_of(root / "watched", "alignment"), 4);
    EXPECT_LT(last_of(root / "watched", "uniformity"), 0);
    for (const char *name : { "pooled_rankme", "output_rankme", "lidar" }) {
        EXPECT_GE(last_of(root / "watched", name), 1) << name;
    }
    EXPECT_GT(last_of(root / "watched", "pooled_spread"), 0);
    ASSERT_EQ(run({ "report", "watched" }).code, 0);
    const std::string page = read_file(root / "watched/report.html");
    EXPECT_HAS(page, "pooled features (RankMe)");
    EXPECT_HAS(page, "Alignment and uniformity");
    const Result table = run({ "runs", "watched", "--metrics", "pooled_rankme,spread" });
    EXPECT_HAS(table.out, "pooled_rankme  spread");
}

// Keys that change with every step, at a rate far too high, leave all embeddings equal.
TEST_F(CliMonitors, ACollapseIsNamed)
{
    const Result healthy = run(train("healthy", { "--epochs", "10", "--image-size", "8" }));
    ASSERT_EQ(healthy.code, 0) << healthy.err;
    EXPECT_FALSE(has(healthy.err, "collapsed")) << healthy.err;
    const Result result =
        run(train("collapsed", { "--epochs", "10", "--image-size", "8", "--momentum", "0", "--lr", "3" }));
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "for 10 steps the embeddings have been nearly equal (spread 0.0");
    EXPECT_HAS(result.err, " of 64 dimensions (RankMe): the run has collapsed to few directions");
    EXPECT_LT(last_of(root / "collapsed", "spread"), 0.1);
    EXPECT_LT(last_of(root / "collapsed", "output_rankme"), 2.28);
}

// Without augmentation and momentum a query equals its key, which teaches nothing.
TEST_F(CliMonitors, ALeakIsNamed)
{
    fs::create_directories(root / "waves");
    for (int i = 0; i < 48; ++i) {
        std::string pixels = "P6 8 8 255\n";
        for (int at = 0; at < 8 * 8 * 3; ++at) {
            const double x = at / 3 % 8;
            const double y = at / 24;
            const double wave = std::sin(0.7 * i + x * (0.2 + 0.11 * (i % 5)) + at % 3) +
                                std::cos(1.3 * i + y * (0.3 + 0.07 * (i % 7)) - at % 3);
            pixels += static_cast<char>(static_cast<uint8_t>(128 + 60 * wave));
        }
        std::ofstream(root / "waves" / (std::to_string(i) + ".ppm"), std::ios::binary) << pixels;
    }
    std::ofstream(root / "none.yaml") << "policy:\n- {operation: Size, parameters: [8]}\n- {operation: Resize}\n"
                                         "- {operation: CenterCrop}\n"
                                         "- {operation: Normalize, parameters: [0.5, 0.5, 0.5, 0.2, 0.2, 0.2]}\n";
    Words words = train_on("waves", "leak",
                           { "--config", "none.yaml", "--epochs", "6", "--momentum", "0", "--bn-splits", "1", "--lr",
                             "0.2", "--monitor-every", "1" });
    *std::find(words.begin(), words.end(), "32") = "16"; // so few that no key of an image is among its negatives
    const Result result = run(words);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "the contrastive accuracy is 100.00 %, while the rank of the features has fallen from ");
    EXPECT_HAS(result.err, "queries find their keys by something else than the image");
    EXPECT_HAS(read_file(root / "leak" / "train.log"), "the contrastive accuracy is 100.00 %");
    EXPECT_HAS(read_file(root / "leak" / "metrics.jsonl"), "{\"step\": 0, \"epoch\": 0, \"pooled_spread\": ");
}

TEST_F(CliMonitors, AgreementIsSpearmans)
{
    const auto write = [](const char *run, const std::vector<double> &knn, const std::vector<double> &rank) {
        fs::create_directories(root / "agree" / run);
        std::ofstream file(root / "agree" / run / "metrics.jsonl");
        for (size_t i = 0; i < knn.size(); ++i) {
            file << R"({"step": )" << i << R"(, "epoch": 0, "pooled_rankme": )" << rank[i] << "}\n"
                 << R"({"step": )" << i << R"(, "epoch": 0, "knn_acc1": )" << knn[i] << "}\n";
        }
    };
    write("a", { 1, 2, 3, 4 }, { 2, 4, 6, 8 });
    write("b", { 1, 2, 3, 4 }, { 4, 3, 2, 1 });
    write("c", { 1, 2, 2, 9 }, { 1, 2, 3, 4 }); // 0.9487, with a tie
    write("d", { 1, 2, 3 }, { 1, 2, 3 });       // too few points, but it has an end
    const Words words{ "runs", "agree", "--agree", "knn_acc1", "--metrics", "pooled_rankme,lidar" };
    const Result result = run(words);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.out, "\npooled_rankme   +0.95   -1.00   +1.00     3   +0.32     4\n"); // ends 4 4 9 3 and 8 1 4 3
    EXPECT_HAS(result.out, "\nlidar               -       -       -     0       -     0\n");
    EXPECT_HAS(result.out, "\nstep            +1.00   +0.95   +1.00     3       -     4\n");
    EXPECT_HAS(run(joined(words, { "--json" })).out, R"("within_runs": 3, "across": )");
    EXPECT_HAS(run({ "runs", "agree", "--agree", "nothing" }).err, "no run has the metric 'nothing'");
}
