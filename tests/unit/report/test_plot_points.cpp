// Tests charts of points: where their numbers go, error bars, lines, and any locale.
#include "support/german.hpp"
#include "support/pictures.hpp"
#include "support/temporary_folder.hpp"

#include <cmath>
#include <regex>

extern "C" {
#include "report/points_axis_internal.h"
}

namespace fs = std::filesystem;
using moco_test::has;
using moco_test::kBlue;
using moco_test::kOrange;
using moco_test::look_at;
using moco_test::message_has;
using moco_test::read_file;

namespace {
using PlotPoints = moco_test::WithFolder;
} // namespace

TEST(PointsAxis, NumbersGoWhereTheirTextsHaveRoom)
{
    const auto place = [](const std::vector<const char *> &texts) {
        moco__points_axis axis = {};
        const std::vector<double> widths(texts.size(), 0.1);
        for (const char *text : texts) {
            (void)moco__points_axis_add(&axis, text);
        }
        moco__points_axis_place(&axis, widths.data());
        return axis;
    };
    const moco__points_axis linear = place({ "0", "0.5", "1" });
    EXPECT_EQ(linear.spacing, MOCO__LINEAR);
    EXPECT_DOUBLE_EQ(linear.places[1], 0.5);
    const moco__points_axis queues = place({ "65536", "256", "4096" });
    EXPECT_EQ(queues.spacing, MOCO__LOGARITHMIC);
    EXPECT_DOUBLE_EQ(queues.places[0], 1);
    EXPECT_DOUBLE_EQ(queues.places[1], 0);
    EXPECT_NEAR(queues.places[2], 0.5, 1e-12);
    const moco__points_axis momenta = place({ "0.999", "0", "0.9", "0.99" });
    EXPECT_EQ(momenta.spacing, MOCO__EVEN);
    EXPECT_DOUBLE_EQ(momenta.places[0], 1);
    EXPECT_DOUBLE_EQ(momenta.places[1], 0);
    EXPECT_NEAR(momenta.places[2], 1.0 / 3, 1e-12);
    const moco__points_axis words = place({ "memory-bank", "moco" });
    EXPECT_EQ(words.spacing, MOCO__EVEN);
    EXPECT_DOUBLE_EQ(words.places[1], 1);
    EXPECT_DOUBLE_EQ(place({ "one" }).places[0], 0.5);
}

TEST_F(PlotPoints, AreTheSameInEveryLocale)
{
    const moco_plot_point points[] = { { "moco", "0.5", 71.5, 0.5 }, { "moco", "4.5", 74.25, 0.25 } };
    ASSERT_EQ(moco_plot_points(path("c.svg").c_str(), points, 2, nullptr), MOCO_OK) << moco_error_message();
    const moco_test::German german(folder_);
    if (!german.is_set()) {
        GTEST_SKIP() << "there is no German locale";
    }
    ASSERT_EQ(moco_plot_points(path("de.svg").c_str(), points, 2, nullptr), MOCO_OK) << moco_error_message();
    const std::regex id("surface[0-9]+"); // a number of the process
    EXPECT_EQ(std::regex_replace(read_file(path("c.svg")), id, ""),
              std::regex_replace(read_file(path("de.svg")), id, ""));
}

TEST_F(PlotPoints, HaveErrorBarsAndLines)
{
    const moco_plot_point points[] = { { "moco", "256", 71, 0.5 },
                                       { "moco", "4096", 74, 0.25 },
                                       { "memory-bank", "256", 70, NAN } };
    moco_points_options options = MOCO_POINTS_OPTIONS_INIT;
    options.title = "kNN by queue";
    options.x_label = "queue-size";
    options.label = "accuracy (%)";
    ASSERT_EQ(moco_plot_points(path("points.svg").c_str(), points, 3, &options), MOCO_OK) << moco_error_message();
    const std::string svg = read_file(path("points.svg"));
    for (const char *text :
         { "kNN by queue", "queue-size", "accuracy (%)", ">256<", ">4096<", ">moco<", ">memory-bank<" }) {
        EXPECT_TRUE(has(svg, text)) << text;
    }
    ASSERT_EQ(moco_plot_points(path("points.png").c_str(), points, 3, nullptr), MOCO_OK);
    const auto picture = look_at(path("points.png"));
    EXPECT_TRUE(picture.colours.count(kBlue) == 1 && picture.colours.count(kOrange) == 1);
    EXPECT_EQ(moco_plot_points(path("none.png").c_str(), points, 0, nullptr), MOCO_EINVALID);
    const moco_plot_point broken = { "moco", "1", NAN, 0 };
    EXPECT_EQ(moco_plot_points(path("none.png").c_str(), &broken, 1, nullptr), MOCO_EINVALID);
    std::vector<std::string> names;
    for (int i = 0; i <= MOCO_PLOT_MAX_LINES; ++i) {
        names.push_back("line " + std::to_string(i));
    }
    std::vector<moco_plot_point> many;
    for (const std::string &name : names) {
        many.push_back({ name.c_str(), "1", 1, 0 });
    }
    EXPECT_EQ(moco_plot_points(path("none.png").c_str(), many.data(), many.size(), nullptr), MOCO_EINVALID);
    EXPECT_TRUE(message_has("more than 8 lines"));
    EXPECT_FALSE(fs::exists(path("none.png")));
}
