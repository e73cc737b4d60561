// Tests the pictures of a run: PNG, SVG and PDF files with lines, labels and units.
#include "support/pictures.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_dataset.hpp"

#include <vector>

extern "C" {
#include "report/chart_axis_internal.h"
#include "report/plot_pairs_internal.h"
#include "report/series_values_internal.h"
}

namespace fs = std::filesystem;
using moco_test::has;
using moco_test::kBlue;
using moco_test::kOrange;
using moco_test::look_at;
using moco_test::message_has;
using moco_test::read_file;
using moco_test::text_of_xml;
using moco_test::toy_dataset;
using moco_test::write_file;

namespace {

// The metrics of a run of some steps, 100 steps per epoch.
std::string metrics(int steps)
{
    std::string lines;
    for (int step = 1; step <= steps; ++step) {
        lines += R"({"step": )" + std::to_string(step) + R"(, "epoch": )" + std::to_string(step / 100.0) +
                 R"(, "loss": )" + std::to_string(8 - step / 50.0) + R"(, "acc1": 3, "acc5": )" +
                 std::to_string(step / 4.0) + R"(, "lr": 0.00002})" + "\n";
    }
    return lines;
}

using Plot = moco_test::WithFolder;

} // namespace

TEST_F(Plot, CurvesOfNoOneAndManyPoints)
{
    EXPECT_EQ(moco_plot_curves(folder_.c_str(), MOCO_PICTURE_AUTO), MOCO_ENOTFOUND) << "not the folder of a run";
    write_file(path("metrics.jsonl"), "");
    ASSERT_EQ(moco_plot_curves(folder_.c_str(), MOCO_PICTURE_AUTO), MOCO_OK) << moco_error_message();
    EXPECT_FALSE(fs::exists(path("plots/loss.png"))) << "nothing to draw";
    for (const int steps : { 1, 200, 1000 }) {
        write_file(path("metrics.jsonl"), metrics(steps));
        ASSERT_EQ(moco_plot_curves(folder_.c_str(), MOCO_PICTURE_PNG), MOCO_OK) << moco_error_message();
        for (const char *name : { "plots/loss.png", "plots/accuracy.png", "plots/lr.png" }) {
            const auto picture = look_at(path(name));
            EXPECT_EQ(picture.width, 1280);
            EXPECT_EQ(picture.height, 800);
            EXPECT_TRUE(picture.colours.count(kBlue)) << name;
        }
        EXPECT_TRUE(look_at(path("plots/accuracy.png")).colours.count(kOrange)) << "two lines";
    }
    EXPECT_FALSE(fs::exists(path("plots/knn.png"))) << "the run had no labels";
    EXPECT_EQ(moco_plot_curves(folder_.c_str(), static_cast<moco_picture>(9)), MOCO_EINVALID);
}

TEST_F(Plot, CurvesHaveLabelsUnitsAndLinesToCompareWith)
{
    write_file(path("metrics.jsonl"), metrics(200) + R"({"step": 0, "epoch": 0, "knn_acc1": 43, "knn_k": 20})" + "\n");
    write_file(path("config.yaml"), "queue_size: 512\ndim: 64\ntemperature: 0.2\nsymmetric: false\n");
    fs::create_directory(path("eval"));
    write_file(path("eval/pixels.json"), R"({"knn_acc1": 71.5, "k": 20, "baseline": "pixels", "classes": 10})");
    ASSERT_EQ(moco_plot_curves(folder_.c_str(), MOCO_PICTURE_SVG), MOCO_OK) << moco_error_message();
    const std::string loss = text_of_xml(read_file(path("plots/loss.svg")));
    for (const char *part : { "InfoNCE loss", "loss (nats)", "epoch", "chance 6.24", "expected floor 1.65" }) {
        EXPECT_TRUE(has(loss, part)) << part << " in " << loss;
    }
    EXPECT_TRUE(has(read_file(path("plots/loss.svg")), "stroke-dasharray")) << "guides are dashed";
    EXPECT_TRUE(has(text_of_xml(read_file(path("plots/accuracy.svg"))), "accuracy (%)"));
    EXPECT_TRUE(has(text_of_xml(read_file(path("plots/lr.svg"))), "learning rate (×10⁻⁵)"));
    const std::string knn = text_of_xml(read_file(path("plots/knn.svg")));
    for (const char *part : { "kNN accuracy on test images", "kNN (k 20)", "raw pixels (k 20) 71.50",
                              "untrained network 43.00", "chance 10.00" }) {
        EXPECT_TRUE(has(knn, part)) << part << " in " << knn;
    }
    write_file(path("config.yaml"), "queue_size: 512\ndim: 64\ntemperature: 0.2\nsymmetric: true\n");
    ASSERT_EQ(moco_plot_curves(folder_.c_str(), MOCO_PICTURE_PDF), MOCO_OK) << moco_error_message();
    EXPECT_EQ(read_file(path("plots/loss.pdf")).substr(0, 5), "%PDF-");
    ASSERT_EQ(moco_plot_curves(folder_.c_str(), MOCO_PICTURE_SVG), MOCO_OK) << moco_error_message();
    EXPECT_TRUE(has(text_of_xml(read_file(path("plots/loss.svg"))), "chance 12.48")) << "the sum of two losses";
}

TEST_F(Plot, ShortIntervalsAreMerged)
{
    double steps[] = { 10, 20, 23, 33, 43, 45 };
    double epochs[] = { 1, 2, 2.3, 3.3, 4.3, 4.5 };
    double values[] = { 5, 4, 17, 3, 2, 8 };
    moco_series series = { 6, steps, epochs, values };
    moco__series_merge(&series, MOCO__POINTS);
    EXPECT_EQ(series.count, 6U) << "points are not means";
    moco__series_merge(&series, MOCO__MEANS);
    ASSERT_EQ(series.count, 4U);
    EXPECT_EQ(series.steps[1], 23);
    EXPECT_EQ(series.epochs[1], 2.3);
    EXPECT_DOUBLE_EQ(series.values[1], (10 * 4 + 3 * 17) / 13.0);
    EXPECT_EQ(series.values[2], 3);
    EXPECT_EQ(series.steps[3], 45);
    EXPECT_DOUBLE_EQ(series.values[3], (10 * 2 + 2 * 8) / 12.0);
    double rate_steps[] = { 10, 20, 22 };
    double rates[] = { 100, 100, 50 };
    moco_series speed = { 3, rate_steps, epochs, rates };
    moco__series_merge(&speed, MOCO__RATES);
    ASSERT_EQ(speed.count, 2U);
    EXPECT_DOUBLE_EQ(speed.values[1], 12 / (10 / 100.0 + 2 / 50.0)) << "the time is the sum of both times";
    moco_series none = { 0, nullptr, nullptr, nullptr };
    moco__series_merge(&none, MOCO__MEANS);
    EXPECT_EQ(none.count, 0U);
}

TEST_F(Plot, TicksAreRound)
{
    const auto ticks = [](double min, double max) {
        const moco__axis axis = moco__axis_make(min, max, 6);
        std::string all;
        double value = 0;
        char text[32];
        for (int i = 0; moco__axis_tick(&value, &axis, i); ++i) {
            moco__axis_text(text, sizeof text, &axis, value);
            all += std::string(all.empty() ? "" : " ") + text;
        }
        moco__axis_label(text, sizeof text, &axis, "");
        return all + text;
    };
    EXPECT_EQ(ticks(0.1, 9.2), "0 2 4 6 8 10");
    EXPECT_EQ(ticks(-0.4, 1), "-0.5 0.0 0.5 1.0");
    EXPECT_EQ(ticks(0, 0.00045), "0 1 2 3 4 5 (×10⁻⁴)");
    EXPECT_EQ(ticks(0, 3e7), "0.0 0.5 1.0 1.5 2.0 2.5 3.0 (×10⁷)");
    EXPECT_EQ(ticks(5, 5), "2 3 4 5 6 7 8") << "a single value";
    EXPECT_EQ(ticks(0, 0), "0.0 0.2 0.4 0.6 0.8 1.0") << "few values are negative";
}

TEST_F(Plot, ValuesInALegendHaveEqualDecimals)
{
    const auto text = [](double max, double value) {
        const moco__axis axis = moco__axis_make(0, max, 6);
        char written[32];
        moco__axis_value(written, sizeof written, &axis, value);
        return std::string(written);
    };
    EXPECT_EQ(text(80, 71.875), "71.88");
    EXPECT_EQ(text(80, 10), "10.00");
    EXPECT_EQ(text(5, 4.8598), "4.86");
    EXPECT_EQ(text(5, 0.0086), "0.01");
    EXPECT_EQ(text(0.2, 0.05), "0.050");
    EXPECT_EQ(text(100, 0.0015), "0.0015") << "chance among 65536 keys is not 0";
    EXPECT_EQ(text(80, 0), "0.00");
}

TEST_F(Plot, RunsAreComparedInOneChart)
{
    for (const char *run : { "a", "b & <c>", "empty" }) {
        fs::create_directory(path(run));
        write_file(path(run) + "/metrics.jsonl", run == std::string("empty") ? "" : metrics(9));
    }
    const std::string a = path("a/");
    const std::string b = path("b & <c>");
    const std::string empty = path("empty");
    const char *runs[] = { a.c_str(), b.c_str(), empty.c_str() };
    const std::string out = path("both.png");
    moco_compare_options options = MOCO_COMPARE_OPTIONS_INIT;
    options.last_step = 5;
    ASSERT_EQ(moco_plot_compare(out.c_str(), runs, 2, &options), MOCO_OK) << moco_error_message();
    const auto colours = look_at(out).colours;
    EXPECT_TRUE(colours.count(kBlue) != 0 && colours.count(kOrange) != 0) << "one line per run";
    ASSERT_EQ(moco_plot_compare(path("both.svg").c_str(), runs, 3, &options), MOCO_OK) << moco_error_message();
    const std::string text = text_of_xml(read_file(path("both.svg")));
    EXPECT_TRUE(has(text, "b &amp; &lt;c&gt;")) << text;
    EXPECT_FALSE(has(text, "empty")) << "a run without the metric is left out";
    options.format = MOCO_PICTURE_PDF;
    ASSERT_EQ(moco_plot_compare(path("both.other").c_str(), runs, 2, &options), MOCO_OK) << moco_error_message();
    EXPECT_EQ(read_file(path("both.other")).substr(0, 5), "%PDF-");
    options.format = MOCO_PICTURE_AUTO;
    EXPECT_EQ(moco_plot_compare(path("both.gif").c_str(), runs, 2, &options), MOCO_EINVALID);
    EXPECT_TRUE(message_has("both.gif")) << moco_error_message();
    options.metric = "knn_acc1";
    EXPECT_EQ(moco_plot_compare(path("no.png").c_str(), runs, 2, &options), MOCO_ENOTFOUND);
    EXPECT_TRUE(message_has("knn_acc1")) << moco_error_message();
    EXPECT_FALSE(fs::exists(path("no.png")));
    EXPECT_EQ(moco_plot_compare(out.c_str(), runs, MOCO_PLOT_MAX_RUNS + 1, nullptr), MOCO_EINVALID);
}

TEST_F(Plot, SheetsShowImages)
{
    moco_config config;
    moco_config_init(&config, sizeof config);
    ASSERT_EQ(moco_config_apply_preset(&config, "fashion-mnist"), MOCO_OK);
    moco_dataset *dataset = toy_dataset(30);
    ASSERT_EQ(moco__plot_pairs(path("pairs.png").c_str(), dataset, &config), MOCO_OK) << moco_error_message();
    EXPECT_GT(look_at(path("pairs.png")).colours.size(), 100U);

    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    options.kind = MOCO_FEATURE_PIXELS;
    options.augment = "plain";
    options.image_size = moco_test::kToySide;
    moco_features *features = nullptr;
    ASSERT_EQ(moco_features_extract(&features, dataset, nullptr, &options), MOCO_OK);
    ASSERT_EQ(moco_plot_neighbours(path("near.png").c_str(), dataset, features, dataset, features), MOCO_OK)
        << moco_error_message();
    const auto near = look_at(path("near.png")).colours;
    EXPECT_TRUE(near.count(kBlue)) << "frames of the same class";
    ASSERT_EQ(moco_plot_map(path("map.svg").c_str(), dataset, features, nullptr), MOCO_OK) << moco_error_message();
    const std::string map = text_of_xml(read_file(path("map.svg")));
    EXPECT_TRUE(has(map, "component 1 (") && has(map, "class 3")) << map;
    moco_map_options how = MOCO_MAP_OPTIONS_INIT;
    how.method = MOCO_MAP_TSNE;
    how.limit = 24;
    how.perplexity = 5;
    ASSERT_EQ(moco_plot_map(path("tsne.svg").c_str(), dataset, features, &how), MOCO_OK) << moco_error_message();
    const std::string tsne = text_of_xml(read_file(path("tsne.svg")));
    EXPECT_TRUE(has(tsne, "24 of 30 images by t-SNE of their features (perplexity 5)")) << tsne;
    EXPECT_FALSE(has(tsne, "component"));
    how.perplexity = 30;
    ASSERT_EQ(moco_plot_map(path("few.svg").c_str(), dataset, features, &how), MOCO_OK) << moco_error_message();
    EXPECT_TRUE(has(text_of_xml(read_file(path("few.svg"))), "(perplexity 7.67)")) << "at most a third of 23";
    EXPECT_NE(tsne.find("class 3"), tsne.rfind("class 3")) << "in the legend and on the map";
    how.method = static_cast<moco_map_method>(7);
    EXPECT_EQ(moco_plot_map(path("tsne.svg").c_str(), dataset, features, &how), MOCO_EINVALID);
    EXPECT_NE(moco__plot_pairs(path("none/pairs.png").c_str(), dataset, &config), MOCO_OK);
    EXPECT_TRUE(moco_test::message_has("none/pairs.png")) << moco_error_message();
    moco_features_free(features);
    moco_dataset_free(dataset);
}

TEST_F(Plot, ConfusionsAreShadedByTheirShare)
{
    const std::vector<int64_t> matrix{ 10, 0, 0, 5, 5, 0, 0, 0, 0 };
    const std::vector<const char *> names{ "cat", nullptr, "a name that is longer than its place" };
    ASSERT_EQ(moco_plot_confusion(path("confusion.png").c_str(), matrix.data(), 3, names.data()), MOCO_OK)
        << moco_error_message();
    const auto colours = look_at(path("confusion.png")).colours;
    EXPECT_TRUE(colours.count(kBlue)) << "all of a class in one cell";
    ASSERT_EQ(moco_plot_confusion(path("confusion.svg").c_str(), matrix.data(), 3, names.data()), MOCO_OK)
        << moco_error_message();
    const std::string text = text_of_xml(read_file(path("confusion.svg")));
    for (const char *part : { "predicted class", "true class", "100 %", "cat", "a name that is longer", ">50" }) {
        EXPECT_TRUE(has(part[0] == '>' ? read_file(path("confusion.svg")) : text, part)) << part;
    }
    const std::vector<const char *> odd{ "caf\xC3\xA9", "\xFF\x01", "<&" };
    ASSERT_EQ(moco_plot_confusion(path("odd.pdf").c_str(), matrix.data(), 3, odd.data()), MOCO_OK)
        << "not UTF-8: " << moco_error_message();
    ASSERT_EQ(moco_plot_confusion(path("odd.svg").c_str(), matrix.data(), 3, odd.data()), MOCO_OK);
    EXPECT_TRUE(has(text_of_xml(read_file(path("odd.svg"))), "caf\xC3\xA9"));
    std::vector<int64_t> many(500 * 500, 1);
    EXPECT_EQ(moco_plot_confusion(path("many.png").c_str(), many.data(), 500, nullptr), MOCO_OK);
    EXPECT_EQ(moco_plot_confusion(path("none/c.png").c_str(), matrix.data(), 3, nullptr), MOCO_ENOTFOUND);
    EXPECT_EQ(moco_plot_confusion(path("c.png").c_str(), matrix.data(), 0, nullptr), MOCO_EINVALID);
}
