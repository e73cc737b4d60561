// Tests which data a run continues on: its own, wherever they are, and not those that contain it.
#include "cli.hpp"

#include <csignal>
#include <fstream>

using namespace cli;

namespace {

std::string without_checksum(std::string checkpoint)
{
    const std::string kind = "moco-crc32:";
    return checkpoint.erase(checkpoint.find(kind) + kind.size(), 8);
}

// A checkpoint without its checksum, as an earlier version wrote it, in which a text stands for another.
std::string changed(std::string checkpoint, const std::string &from, const std::string &to)
{
    const std::string sum = "\"moco.checksum\":\"moco-crc32:";
    checkpoint.replace(checkpoint.find(sum), sum.size(), "\"some.unsummed\":\"here-other:");
    return checkpoint.replace(checkpoint.find(from), from.size(), to);
}

class CliRunData : public Cli {};

} // namespace

TEST_F(CliRunData, ARunContinuesOnItsOwnDataAlone)
{
    write_named("grown", { "a", "b" }, 12);
    const Words words = train_on("grown", "grown-run", { "--epochs", "3" });
    ASSERT_EQ(run(words).code, 0);
    const std::string last = read_file(root / "grown-run/checkpoints/step_0000000003.safetensors");
    ASSERT_FALSE(last.empty());
    ASSERT_EQ(run({ "resume", "grown-run" }).code, 0);
    write_named("grown", { "c" }, 12);
    for (const Words &refused : { Words{ "resume", "grown-run" }, joined(words, { "--resume", "auto" }) }) {
        const Result result = run(refused);
        EXPECT_EQ(result.code, 1);
        EXPECT_HAS(result.err, "24 images of 2 classes, and ");
        EXPECT_HAS(result.err, "has 36 of 3");
        EXPECT_HAS(result.err, "--data-changed");
    }
    EXPECT_TRUE(read_file(root / "grown-run/checkpoints/step_0000000003.safetensors") == last);
    // The next epochs are on the new data: two steps each.
    const Result changed = run({ "resume", "grown-run", "--data-changed", "--epochs", "5" });
    EXPECT_EQ(changed.code, 0) << changed.err;
    EXPECT_HAS(changed.err, "begins epoch 4 anew");
    EXPECT_TRUE(fs::exists(root / "grown-run/checkpoints/step_0000000007.safetensors"));
    EXPECT_HAS(read_file(root / "grown-run/metrics.jsonl"), "{\"step\": 5, \"epoch\": 4, ");
    EXPECT_EQ(run({ "resume", "grown-run" }).code, 0) << "these are its data now";
}

TEST_F(CliRunData, APlaceToWhichTheRunCannotHaveComeIsRefused)
{
    write_named("few", { "a", "b" }, 12);
    ASSERT_EQ(run(train_on("few", "placed", { "--epochs", "3" })).code, 0);
    const fs::path last = root / "placed/checkpoints/step_0000000003.safetensors";
    const std::string whole = read_file(last);
    for (const auto &[from, to] : std::vector<std::pair<std::string, std::string>>{
             { "epoch", "4" }, { "batch", "1" }, { "step", "2" }, { "step", "4" } }) {
        const std::string at = "\"" + from + "\":\"";
        moco_test::write_file(last, changed(whole, at + (from == "batch" ? "0" : "3"), at + to));
        const Result refused = run({ "resume", "placed" });
        EXPECT_EQ(refused.code, 1) << from << " " << to;
        EXPECT_HAS(refused.err, from == "step" && to == "4" ? "is of step 4, unlike its name; delete it"
                                                            : "cannot have come to step ");
    }
    moco_test::write_file(last, whole);
    EXPECT_EQ(run({ "resume", "placed" }).code, 0);
}

// In the end the run is, bit by bit, what it would have been at the old place; only the paths differ.
TEST_F(CliRunData, ARunFollowsItsDataToAnotherPlace)
{
    write_named("old/train", { "a", "b" }, 12);
    write_named("old/val", { "a", "b" }, 4);
    write_named("other", { "a", "b" }, 13);
    const Words words =
        train_on("old/train", "follow", { "--epochs", "12", "--val-data", "old/val", "--knn-every", "6" });
    const fs::path last = root / "follow/checkpoints/step_0000000012.safetensors";
    ASSERT_EQ(run(words).code, 0);
    std::string whole = read_file(last);
    for (size_t at = 0; (at = whole.find("/old/", at)) != std::string::npos;) {
        whole.replace(at, 5, "/new/");
    }
    fs::remove_all(root / "follow");
    ASSERT_EQ(run_until("step 1/", SIGTERM, words), 128 + SIGTERM) << read_file(root / "err.txt");
    ASSERT_FALSE(fs::exists(last));
    fs::rename(root / "old", root / "new");
    const Result lost = run({ "resume", "follow" });
    EXPECT_EQ(lost.code, 1);
    EXPECT_HAS(lost.err, "old/train: cannot open: No such file or directory; check the path; if the images were moved, "
                         "continue by moco resume and "
                         "give their new path by --data\n");
    fs::create_directories(root / "old/train");
    EXPECT_HAS(run({ "resume", "follow" }).err, "if the images were moved");
    moco_test::write_file(root / "broken.tar", std::string(2048, 'x'));
    const Result broken = run({ "resume", "follow", "--data", "broken.tar" });
    EXPECT_EQ(broken.code, 1);
    EXPECT_FALSE(has(broken.err, "if the images were moved")) << broken.err;
    const Result half = run({ "resume", "follow", "--data", "new/train" });
    EXPECT_EQ(half.code, 1);
    EXPECT_HAS(half.err, "give their new path by --val-data\n");
    const Result other = run({ "resume", "follow", "--data", "other", "--val-data", "new/val" });
    EXPECT_EQ(other.code, 1);
    EXPECT_HAS(other.err, "trained on other data");
    const Result moved = run({ "resume", "follow", "--data", "new/train", "--val-data", "new/val" });
    ASSERT_EQ(moved.code, 0) << moved.err;
    EXPECT_TRUE(without_checksum(read_file(last)) == without_checksum(whole)); // which was changed
    EXPECT_HAS(read_file(root / "follow/config.yaml"), "/new/train");
    EXPECT_EQ(run({ "resume", "follow" }).code, 0) << "it knows the new place";
}

TEST_F(CliRunData, ChangedImagesOfTheMonitorAreAWarning)
{
    write_named("watched/train", { "a", "b" }, 12);
    write_named("watched/val", { "a", "b" }, 4);
    ASSERT_EQ(run(train_on("watched", "watched-run", { "--epochs", "2", "--knn-every", "1" })).code, 0);
    const Result same = run({ "resume", "watched-run", "--epochs", "3" });
    EXPECT_EQ(same.code, 0);
    EXPECT_FALSE(has(same.err, "kNN monitor have changed")) << same.err;
    // Of the same number and classes, but one has another size.
    write_image(root / "watched/val/a/0.png", 0x123456, 44);
    const Result other = run({ "resume", "watched-run", "--epochs", "4" });
    EXPECT_EQ(other.code, 0);
    EXPECT_HAS(other.err,
               "the images of the kNN monitor have changed: they were 8 images of 2 classes, and are 8 of 2, "
               "or have other names, labels or sizes");
    EXPECT_HAS(other.err, "accuracies from before step 3, and the checkpoint best, are not comparable");
    fs::remove_all(root / "watched/val");
    write_named("watched", { "val" }, 4); // without classes
    const Result gone = run({ "resume", "watched-run", "--epochs", "5" });
    EXPECT_EQ(gone.code, 0);
    EXPECT_HAS(gone.err, "the kNN monitor had 8 images of 2 classes, and has none now");
    EXPECT_FALSE(has(run({ "resume", "watched-run", "--epochs", "6" }).err, "has none now"));
}

TEST_F(CliRunData, ARunIsNeitherInItsDataNorAroundThem)
{
    write_named("around/data", { "a", "b" }, 12);
    for (const char *out : { "around/data/run", "around/data", "around/data/a/new", "around" }) {
        const Result result = run(train_on("around/data", out));
        EXPECT_EQ(result.code, 1) << out;
        EXPECT_HAS(result.err, "the folder of the run is ");
    }
    const Result val = run(train_on("train", "around/data/run", { "--val-data", "around/data", "--knn-every", "1" }));
    EXPECT_EQ(val.code, 1);
    EXPECT_FALSE(fs::exists(root / "around/data/run"));
    // A run that was made there before is told how to go on.
    ASSERT_EQ(run(train_on("around/data", "moved-run")).code, 0);
    fs::rename(root / "moved-run", root / "around/data/a/moved-run");
    const Result moved = run({ "resume", "around/data/a/moved-run" });
    EXPECT_EQ(moved.code, 1);
    EXPECT_HAS(moved.err, "move it to another place");
}
