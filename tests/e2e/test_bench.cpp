// Tests what `moco bench` prints on a network that takes milliseconds.
#include "cli.hpp"
#include "support/json.hpp"

#include <algorithm>
#include <cmath>

namespace {

using namespace cli;
using moco_test::Json;

double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    EXPECT_TRUE(json_is_number(value)) << key;
    return json_number_value(value);
}

class CliBench : public Cli {
  protected:
    static Words words(const Words &part, const Words &more)
    {
        const Words tiny{ "--arch", "resnet20",  "--size", "16",      "--batch", "8",         "-k", "64",       "--dim",
                          "16",     "--threads", "1",      "--steps", "2",       "--repeats", "3",  "--warmup", "1" };
        return joined(joined(joined({ "bench" }, part), tiny), more);
    }
};

// The summary is that of the repeats, which are all there.
void expect_summary(const json_t *times)
{
    ASSERT_TRUE(json_is_object(times));
    const json_t *repeats = json_object_get(times, "repeats");
    ASSERT_EQ(json_array_size(repeats), 3U);
    std::vector<double> values;
    for (size_t i = 0; i < 3; ++i) {
        values.push_back(json_number_value(json_array_get(repeats, i)));
    }
    std::sort(values.begin(), values.end());
    EXPECT_GT(values[0], 0);
    EXPECT_NEAR(number(times, "min"), values[0], 1e-3);
    EXPECT_NEAR(number(times, "median"), values[1], 1e-3);
    EXPECT_NEAR(number(times, "max"), values[2], 1e-3);
    EXPECT_NEAR(number(times, "spread"), (values[2] - values[0]) / 2 / values[1], 1e-3);
}

// The phases make up the step: nothing is left out, and nothing counts twice.
void expect_phases(json_t *phases)
{
    ASSERT_EQ(json_object_size(phases), MOCO_PHASE_COUNT + 3U);
    const double total = number(phases, "total");
    double sum = number(phases, "data wait") + number(phases, "other");
    for (int i = 0; i < MOCO_PHASE_COUNT; ++i) {
        const double phase = number(phases, moco_phase_name(static_cast<moco_phase>(i)));
        EXPECT_GE(phase, 0) << moco_phase_name(static_cast<moco_phase>(i));
        sum += phase;
    }
    EXPECT_NEAR(sum, total, 1e-2);
    EXPECT_LT(std::abs(number(phases, "other")), 0.2 * total);
    for (const char *name : { "query", "key", "backward" }) {
        EXPECT_GT(number(phases, name), 0.02 * total) << name;
    }
}

TEST_F(CliBench, StepIsTimedAndDividedIntoPhases)
{
    const Result result = run(words({ "step" }, { "--splits", "2", "--mlp", "--layout", "nhwc", "--json" }));
    ASSERT_EQ(result.code, 0) << result.err;
    const Json json(json_loads(result.out.c_str(), 0, nullptr));
    ASSERT_NE(json, nullptr) << result.out;
    EXPECT_STREQ(json_string_value(json_object_get(json.get(), "part")), "step");
    EXPECT_STREQ(json_string_value(json_object_get(json.get(), "layout")), "nhwc");
    EXPECT_EQ(number(json.get(), "bn_splits"), 2);
    EXPECT_EQ(number(json.get(), "threads"), 1);
    EXPECT_EQ(number(json.get(), "data_wait_ms"), 0);
    EXPECT_GT(number(json.get(), "peak_bytes"), 1e6);
    EXPECT_EQ(number(json.get(), "device_peak_bytes") > 0, moco_test::device_name() != "cpu");
    const json_t *wall = json_object_get(json.get(), "wall_ms");
    expect_summary(wall);
    expect_summary(json_object_get(json.get(), "cpu_ms"));
    EXPECT_NEAR(number(json.get(), "images_per_second"), 8e3 / number(wall, "median"), 0.5);
    expect_phases(json_object_get(json.get(), "phases_wall_ms"));
    expect_phases(json_object_get(json.get(), "phases_cpu_ms"));
}

TEST_F(CliBench, TrainHasTheLoaderInFront)
{
    const Result json = run(words({ "train", "train" }, { "--workers", "1", "--precision", "bf16", "--json" }));
    ASSERT_EQ(json.code, 0) << json.err;
    const Json parsed(json_loads(json.out.c_str(), 0, nullptr));
    ASSERT_NE(parsed, nullptr) << json.out;
    EXPECT_STREQ(json_string_value(json_object_get(parsed.get(), "part")), "train");
    EXPECT_EQ(number(parsed.get(), "image_size"), 16);
    EXPECT_GE(number(parsed.get(), "data_wait_ms"), 0);
    expect_summary(json_object_get(parsed.get(), "wall_ms"));
    const Result text = run(words({ "train", "train" }, {}));
    EXPECT_EQ(text.code, 0) << text.err;
    for (const char *part :
         { "resnet20 with its loader, 16 pixels, batch 8, K 64", "images/s", "data wait", "momentum" }) {
        EXPECT_HAS(text.out, part);
    }
}

TEST_F(CliBench, RefusesWhatItCannotMeasure)
{
    const Result extra = run({ "bench", "step", "train" });
    EXPECT_EQ(extra.code, 2);
    EXPECT_HAS(extra.err, "bench step takes no DATA");
    const Result missing = run({ "bench", "train" });
    EXPECT_EQ(missing.code, 2);
    EXPECT_HAS(missing.err, "DATA is missing");
    const Result groups = run(words({ "step" }, { "--splits", "3" }));
    EXPECT_EQ(groups.code, 1);
    EXPECT_HAS(groups.err, "bn-splits");
}

} // namespace

TEST_F(CliBench, BrokenImagesAreSkippedAndCounted)
{
    fs::copy(root / "train", root / "gaps", fs::copy_options::recursive);
    std::ofstream(root / "gaps" / "dark" / "7.png", std::ios::binary) << "not an image";
    for (const Words &words : { Words{ "bench", "loader", "gaps", "-b16", "-n48" }, words({ "train", "gaps" }, {}) }) {
        const Result stopped = run(words);
        EXPECT_EQ(stopped.code, 1);
        EXPECT_HAS(stopped.err, "use --skip-broken");
        const Result skipped = run(joined(words, { "--skip-broken" }));
        EXPECT_EQ(skipped.code, 0) << skipped.err;
        EXPECT_HAS(skipped.err, "skipped 1 of 48 images; it could not be read: ");
    }
}
