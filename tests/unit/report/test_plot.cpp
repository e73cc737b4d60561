// The pictures of a run: real PNG files with something on them.
#include "support/temporary_folder.hpp"
#include "support/toy_dataset.hpp"

#include <set>

namespace fs = std::filesystem;
using moco_test::toy_dataset;
using moco_test::write_file;

namespace {

struct Picture {
    int32_t width = 0, height = 0;
    std::set<uint32_t> colours;
};

Picture look_at(const std::string &path)
{
    Picture picture;
    moco_image *image = nullptr;
    EXPECT_EQ(moco_image_create(&image), MOCO_OK);
    EXPECT_EQ(moco_image_read(image, path.c_str()), MOCO_OK) << moco_error_message();
    picture.width = moco_image_width(image);
    picture.height = moco_image_height(image);
    const uint8_t *pixels = moco_image_pixels(image);
    for (int32_t i = 0; i < picture.width * picture.height; ++i) {
        picture.colours.insert(static_cast<uint32_t>(pixels[3 * i] << 16 | pixels[3 * i + 1] << 8 | pixels[3 * i + 2]));
    }
    moco_image_free(image);
    return picture;
}

constexpr uint32_t kBlue = 0x1F6FB5;
constexpr uint32_t kOrange = 0xE07B1A;
constexpr uint32_t kGreen = 0x2E9E4F;

using Plot = moco_test::WithFolder;

} // namespace

TEST_F(Plot, CurvesOfNoOneAndManyPoints)
{
    std::string lines;
    EXPECT_NE(moco_plot_curves(folder_.c_str()), MOCO_OK) << "no run's folder";
    write_file(path("metrics.jsonl"), lines);
    ASSERT_EQ(moco_plot_curves(folder_.c_str()), MOCO_OK) << moco_error_message();
    EXPECT_FALSE(fs::exists(path("plots/loss.png"))) << "nothing to draw";
    for (int step = 1; step <= 200; ++step) {
        lines += R"({"step": )" + std::to_string(step) + R"(, "epoch": )" + std::to_string(step / 100.0) +
                 R"(, "loss": )" + std::to_string(8 - step / 50.0) + R"(, "acc1": 3, "acc5": )" +
                 std::to_string(step / 4.0) + R"(, "lr": 0})" + "\n";
        if (step == 1 || step == 200) {
            write_file(path("metrics.jsonl"), lines);
            ASSERT_EQ(moco_plot_curves(folder_.c_str()), MOCO_OK) << moco_error_message();
            for (const char *name : { "plots/loss.png", "plots/accuracy.png", "plots/lr.png" }) {
                const auto picture = look_at(path(name));
                EXPECT_EQ(picture.width, 960);
                EXPECT_EQ(picture.height, 560);
                EXPECT_TRUE(picture.colours.count(kBlue)) << name;
            }
            EXPECT_TRUE(look_at(path("plots/accuracy.png")).colours.count(kOrange)) << "two lines";
        }
    }
    EXPECT_FALSE(fs::exists(path("plots/knn.png"))) << "the run had no labels";
}

TEST_F(Plot, RunsAreComparedInOneChart)
{
    for (const char *run : { "a", "b" }) {
        std::string lines;
        for (int step = 1; step <= 9; ++step) {
            lines += R"({"step": )" + std::to_string(step) + R"(, "epoch": 1, "loss": )" + std::to_string(step) + "}\n";
        }
        fs::create_directory(path(run));
        write_file(path(run) + "/metrics.jsonl", lines);
    }
    const std::string a = path("a/");
    const std::string b = path("b");
    const char *runs[] = { a.c_str(), b.c_str() };
    const std::string out = path("both.png");
    ASSERT_EQ(moco_plot_compare(out.c_str(), runs, 2, "loss", 5), MOCO_OK) << moco_error_message();
    const auto colours = look_at(out).colours;
    EXPECT_TRUE(colours.count(kBlue) != 0 && colours.count(kOrange) != 0) << "a line a run";
    EXPECT_EQ(moco_plot_compare(path("no.png").c_str(), runs, 2, "knn_acc1", 0), MOCO_ENOTFOUND);
    EXPECT_TRUE(moco_test::message_has("knn_acc1")) << moco_error_message();
    EXPECT_FALSE(fs::exists(path("no.png")));
    EXPECT_EQ(moco_plot_compare(out.c_str(), runs, MOCO_PLOT_MAX_RUNS + 1, "loss", 0), MOCO_EINVALID);
}

TEST_F(Plot, SheetsShowImages)
{
    moco_config config;
    moco_config_init(&config);
    ASSERT_EQ(moco_config_apply_preset(&config, "fashion-mnist"), MOCO_OK);
    moco_dataset *dataset = toy_dataset(30);
    ASSERT_EQ(moco_plot_pairs(path("pairs.png").c_str(), dataset, &config), MOCO_OK) << moco_error_message();
    EXPECT_GT(look_at(path("pairs.png")).colours.size(), 100U);

    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    options.kind = MOCO_FEATURE_PIXELS;
    options.augment = "plain";
    options.image_size = moco_test::kToySide;
    moco_features *features = nullptr;
    ASSERT_EQ(moco_features_extract(&features, dataset, nullptr, &options), MOCO_OK);
    ASSERT_EQ(moco_plot_neighbours(path("near.png").c_str(), dataset, features, dataset, features), MOCO_OK)
        << moco_error_message();
    EXPECT_TRUE(look_at(path("near.png")).colours.count(kGreen)) << "frames of the right class";
    EXPECT_NE(moco_plot_pairs(path("none/pairs.png").c_str(), dataset, &config), MOCO_OK);
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
    EXPECT_TRUE(colours.count(0x1F6FB5)) << "all of a class in one cell";
    EXPECT_TRUE(colours.count(0x8FB7DA)) << "half of a class";
    std::vector<int64_t> many(500 * 500, 1);
    EXPECT_EQ(moco_plot_confusion(path("many.png").c_str(), many.data(), 500, nullptr), MOCO_OK);
    EXPECT_EQ(moco_plot_confusion(path("none/c.png").c_str(), matrix.data(), 3, nullptr), MOCO_EIO);
    EXPECT_EQ(moco_plot_confusion(path("c.png").c_str(), matrix.data(), 0, nullptr), MOCO_EINVALID);
}
