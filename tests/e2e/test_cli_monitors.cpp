// Tests the label-free monitors of a run.
#include "cli.hpp"

#include <jansson.h>

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
