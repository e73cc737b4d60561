// Tests moco embed and moco report on a small run.
#include "cli.hpp"

#include <jansson.h>

using namespace cli;

namespace {

class CliEmbed : public Cli {};

} // namespace

TEST_F(CliEmbed, WritesFeaturesOfAllImages)
{
    ASSERT_EQ(trained().code, 0) << trained().err;
    const Result npy = run({ "embed", "run", "test", "--out", "f.npy", "--threads", "1", "-j1", "--map", "map.png" });
    ASSERT_EQ(npy.code, 0) << npy.err;
    EXPECT_HAS(npy.out, "16 images, ");
    EXPECT_HAS(npy.out, " images/s: ");
    EXPECT_HAS(npy.out, "f.labels.npy");
    const std::string bytes = read_file(root / "f.npy");
    EXPECT_HAS(bytes, "'<f4', 'fortran_order': False, 'shape': (16, ");
    EXPECT_HAS(read_file(root / "f.labels.npy"), "'<i8'");
    std::istringstream names(read_file(root / "f.txt"));
    std::vector<std::string> lines;
    for (std::string line; std::getline(names, line);) {
        lines.push_back(line);
    }
    ASSERT_EQ(lines.size(), 16U);
    EXPECT_HAS(lines.front(), "test/dark/0.png");
    EXPECT_HAS(lines.back(), "test/light/7.png");
    EXPECT_TRUE(fs::file_size(root / "map.png") > 1000);

    const Result tsne = run({ "embed", "run", "train", "--map", "tsne.svg", "--map-method", "tsne", "--perplexity", "5",
                              "--threads", "1", "-j1" });
    ASSERT_EQ(tsne.code, 0) << tsne.err;
    EXPECT_HAS(read_file(root / "tsne.svg"), "48 images by t-SNE of their features (perplexity 5)");
    EXPECT_HAS(read_file(root / "tsne.svg"), "light");

    const Result other = run({ "embed", "run", "test", "-o", "f.safetensors", "--features", "output", "--no-normalise",
                               "--limit", "6", "--json", "--threads", "1", "-j1" });
    ASSERT_EQ(other.code, 0) << other.err;
    json_t *json = json_loads(other.out.c_str(), 0, nullptr);
    ASSERT_NE(json, nullptr) << other.out;
    EXPECT_EQ(json_integer_value(json_object_get(json, "images")), 6);
    EXPECT_TRUE(json_is_false(json_object_get(json, "normalised")));
    EXPECT_TRUE(json_is_real(json_object_get(json, "data_wait")));
    const json_int_t dim = json_integer_value(json_object_get(json, "dim"));
    json_decref(json);
    moco_weights *file = nullptr;
    ASSERT_EQ(moco_weights_open(&file, (root / "f.safetensors").c_str()), MOCO_OK) << moco_error_message();
    const moco_weights_entry *features = moco_weights_find(file, "features");
    ASSERT_NE(features, nullptr);
    EXPECT_EQ(features->sizes[0], 6);
    EXPECT_EQ(features->sizes[1], dim);
    EXPECT_NE(moco_weights_find(file, "labels"), nullptr);
    for (const char *key : { "arch", "checkpoint", "image_size" }) {
        EXPECT_NE(moco_weights_metadata(file, key), nullptr) << key;
    }
    moco_weights_free(file);
}

TEST_F(CliEmbed, FindsWhatIsNear)
{
    ASSERT_EQ(trained().code, 0) << trained().err;
    const Result found = run({ "embed", "run", "train", "--query", "train/light/3.png", "-k", "3", "--plot", "near.png",
                               "--json", "--no-normalise", "--threads", "1", "-j1" });
    ASSERT_EQ(found.code, 0) << found.err;
    json_t *json = json_loads(found.out.c_str(), 0, nullptr);
    ASSERT_NE(json, nullptr) << found.out;
    const json_t *query = json_array_get(json_object_get(json, "queries"), 0);
    const json_t *near = json_object_get(query, "neighbours");
    ASSERT_EQ(json_array_size(near), 3U);
    EXPECT_NEAR(json_real_value(json_object_get(json_array_get(near, 0), "cosine")), 1, 1e-4);
    EXPECT_STREQ(json_string_value(json_object_get(json_array_get(near, 0), "class")), "light");
    json_decref(json);
    EXPECT_TRUE(fs::exists(root / "near.png"));
    const Result folder = run({ "embed", "run", "train", "--query", "test/dark", "-k", "1", "--threads", "1", "-j1" });
    EXPECT_EQ(folder.code, 0) << folder.err;
    EXPECT_HAS(folder.out, "nearest to test/dark/7.png");
}

TEST_F(CliEmbed, SaysWhatIsWrong)
{
    ASSERT_EQ(trained().code, 0) << trained().err;
    EXPECT_HAS(run({ "embed", "run", "test" }).err, "there is nothing to do: give --out FILE");
    EXPECT_HAS(run({ "embed", "run", "test", "--plot", "x.png", "--map", "m.png" }).err, "give --query IMAGE too");
    const Result ending = run({ "embed", "run", "test", "--out", "f.csv" });
    EXPECT_EQ(ending.code, 1);
    EXPECT_HAS(ending.err, "the name ends neither in .npy nor in .safetensors");
    EXPECT_HAS(run({ "embed", "run", "nowhere", "--out", "f.npy" }).err, "nowhere");
    EXPECT_HAS(run({ "embed", "run", "test", "--query", "nowhere.png" }).err,
               "cannot read the query nowhere.png: No such");
    EXPECT_HAS(run({ "embed", "run", "test", "--out", "none/f.npy" }).err, "none/f.npy");
    moco_test::write_file(root / "old.labels.npy", "");
    fs::create_directories(root / "flat");
    fs::copy(fs::directory_iterator(fs::directory_iterator(root / "test")->path())->path(), root / "flat");
    const Result stale = run({ "embed", "run", "flat", "--out", "old.npy" });
    EXPECT_EQ(stale.code, 1);
    EXPECT_HAS(stale.err, "these images have no labels, but old.labels.npy is there; delete it");
    EXPECT_FALSE(exists(root / "old.npy"));
    const Result nowhere = run({ "report", "nowhere" });
    EXPECT_HAS(nowhere.err, "give the folder of a run");
    EXPECT_FALSE(has(nowhere.err, "sheets")) << "one mistake, one message";
}

TEST_F(CliEmbed, ReportsOnARunWithAndWithoutItsData)
{
    Words words = train("plotted", { "--val-data", "test", "--knn-every", "1" });
    words.erase(std::find(words.begin(), words.end(), "--no-plots"));
    const Result result = run(words);
    ASSERT_EQ(result.code, 0) << result.err;
    const std::string own = read_file(root / "plotted" / "report.html");
    EXPECT_HAS(own, ">finished<");
    EXPECT_HAS(own, "done: 6 steps");
    EXPECT_FALSE(has(own, "Missing:"));
    EXPECT_FALSE(has(own, "https:") || has(own, "http:"));

    ASSERT_EQ(trained().code, 0) << trained().err; // without plots
    const Result drawn = run({ "report", "run", "--limit", "20", "-j1" });
    ASSERT_EQ(drawn.code, 0) << drawn.err;
    EXPECT_EQ(drawn.out, "report: run/report.html\n");
    EXPECT_FALSE(has(read_file(root / "run" / "report.html"), "Missing:"));

    fs::rename(root / "test", root / "moved");
    fs::remove_all(root / "plotted" / "plots");
    const Result moved = run({ "report", "plotted", "--out", "page.html" });
    fs::rename(root / "moved", root / "test");
    EXPECT_EQ(moved.code, 0) << moved.err;
    EXPECT_HAS(moved.err, "cannot draw the sheets of images");
    EXPECT_HAS(read_file(root / "page.html"), "Missing: pairs.png, neighbours.png, map.png");
}
