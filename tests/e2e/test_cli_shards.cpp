// Tests the tool on tar shards: packing, indexing, and training that gives the same bytes as on the folder.
#include "cli.hpp"

#include "support/tar_builder.hpp"

#include <chrono>
#include <csignal>
#include <thread>

using namespace cli;

namespace {

class CliShards : public Cli {
  protected:
    // The images of the folder "train", packed; made once.
    static std::string packed()
    {
        static const Result result = run({ "pack", "train", "--out", "packed.tar" });
        EXPECT_EQ(result.code, 0) << result.err;
        return read_file(root / "packed.tar");
    }
    // Puts something in the one place that runs train from, so that their settings are the same.
    static void place(const fs::path &source)
    {
        fs::remove_all(root / "data");
        fs::copy(source, root / "data", fs::copy_options::recursive);
    }
    static Words train_there(const std::string &out, const Words &more = {})
    {
        fs::remove_all(root / out);
        Words words = joined(train(out, { "--epochs", "4" }), more);
        words[1] = "data";
        return words;
    }
    // The last checkpoint of a run that goes to its end.
    static std::string checkpoint_of(const Words &words, const std::string &out)
    {
        const Result result = run(words);
        EXPECT_EQ(result.code, 0) << result.err;
        return read_file(root / out / "checkpoints" / "step_0000000012.safetensors");
    }
    // The same, stopped by SIGTERM after its first step and resumed.
    static std::string resumed_checkpoint(const std::string &out, const Words &more)
    {
        EXPECT_EQ(run_until("step 1/", SIGTERM, train_there(out, more)), 128 + SIGTERM) << read_file(root / "err.txt");
        EXPECT_FALSE(fs::exists(root / out / "checkpoints" / "step_0000000012.safetensors"));
        EXPECT_EQ(run({ "resume", out }).code, 0) << read_file(root / "err.txt");
        return read_file(root / out / "checkpoints" / "step_0000000012.safetensors");
    }
};

} // namespace

TEST_F(CliShards, TrainingOnATarIsTrainingOnTheFolder)
{
    std::ofstream(root / "whole.tar", std::ios::binary) << packed();
    place(root / "train");
    const std::string folder = checkpoint_of(train_there("run-data"), "run-data");
    ASSERT_GT(folder.size(), 10000U);
    place(root / "whole.tar"); // a file without an ending is recognised by its content
    EXPECT_TRUE(checkpoint_of(train_there("run-data"), "run-data") == folder) << "one tar";
    EXPECT_TRUE(resumed_checkpoint("run-data", {}) == folder) << "resumed";
    fs::remove_all(root / "data");
    fs::create_directories(root / "data");
    ASSERT_EQ(run({ "pack", "train", "--out", "data/s.tar", "--shard-size", "10k" }).code, 0);
    ASSERT_TRUE(fs::exists(root / "data" / "s-000001.tar"));
    EXPECT_TRUE(checkpoint_of(train_there("run-data"), "run-data") == folder) << "several tars";
}

TEST_F(CliShards, CompressedShardsGiveTheBytesOfPlainOnes)
{
    ONLY_AMONG_ALL();
    const Words window{ "--shuffle-window", "20" };
    const auto shard = [&](const std::string &ending) {
        fs::remove_all(root / "data");
        fs::create_directories(root / "data");
        for (const auto &part : fs::directory_iterator(root / "parts")) {
            if (part.path().extension() != ".tar") {
                continue;
            }
            const std::string bytes = read_file(part.path());
            const std::string name = (root / "data" / part.path().stem()).string() + ending;
            if (ending == ".tar") {
                std::ofstream(name, std::ios::binary) << bytes;
            } else {
                moco_test::write_packed(name, bytes);
            }
        }
    };
    fs::create_directories(root / "parts");
    ASSERT_EQ(run({ "pack", "train", "--out", "parts/s.tar", "--shard-size", "20k" }).code, 0);
    ASSERT_TRUE(fs::exists(root / "parts" / "s-000004.tar"));
    shard(".tar");
    const std::string plain = checkpoint_of(train_there("run-data", window), "run-data");
    EXPECT_TRUE(resumed_checkpoint("run-data", window) == plain);
    for (const char *ending : { ".tar.gz", ".tar.zst" }) {
        shard(ending);
        EXPECT_TRUE(checkpoint_of(train_there("run-data", window), "run-data") == plain) << ending;
        EXPECT_TRUE(resumed_checkpoint("run-data", window) == plain) << ending << ", resumed";
    }
    const Result indexed = run({ "index", "data" });
    ASSERT_EQ(indexed.code, 0) << indexed.err;
    EXPECT_HAS(indexed.out, "s-000002.tar.zst: ");
    EXPECT_HAS(indexed.out, "shard 3 of ");
    EXPECT_TRUE(checkpoint_of(train_there("run-data", window), "run-data") == plain) << "with an index";
}

TEST_F(CliShards, ARangeIsFoundFromAnywhere)
{
    fs::create_directories(root / "range");
    ASSERT_EQ(run({ "pack", "train", "--out", "range/s.tar", "--shard-size", "20k" }).code, 0);
    Words words = train("run-range");
    words[1] = "range/s-{000000..000002}.tar";
    ASSERT_EQ(run(words).code, 0);
    EXPECT_HAS(read_file(root / "run-range" / "config.yaml"), (fs::canonical(root / "range") / "s-{").string());
    words[1] = "range/s-{000000..000009}.tar";
    words[3] = "run-missing";
    const Result missing = run(words);
    EXPECT_EQ(missing.code, 1);
    EXPECT_HAS(missing.err, "s-{000000..000009}.tar is missing");
}

TEST_F(CliShards, PackSaysWhatItDoes)
{
    (void)packed();
    const Result again = run({ "pack", "train", "--out", "packed.tar" });
    EXPECT_EQ(again.code, 0) << "what is done is done";
    const Result other = run({ "pack", "train", "--out", "packed.tar", "--short-side", "16" });
    EXPECT_EQ(other.code, 1);
    EXPECT_HAS(other.err, "packed.tar is there already");
    const Result small = run({ "pack", "packed.tar", "--out", "small.tar", "--short-side", "16", "--quality", "50" });
    EXPECT_EQ(small.code, 0) << small.err;
    EXPECT_HAS(small.out, "packing small.tar: 48 of 48 images");
    EXPECT_HAS(small.out, "verifying small.tar: 48 of 48 images");
    EXPECT_HAS(small.out, "done: packed and verified 48 images");
    EXPECT_FALSE(has(small.out, "\r") || has(small.out, "\x1b")) << "a pipe gets plain lines";
    EXPECT_LT(read_file(root / "small.tar").size(), 150000U);
    const Result quiet = run({ "pack", "test", "--out", "quiet.tar", "-q", "--no-verify" });
    EXPECT_EQ(quiet.code, 0) << quiet.err;
    EXPECT_EQ(quiet.out, "");
    for (const auto &[words, part] : std::vector<std::pair<Words, std::string>>{
             { { "pack", "train" }, "--out F.tar is missing" },
             { { "pack", "train", "--out", "a.tar", "--shard-size", "big" }, "--shard-size big is not a size" },
             { { "pack", "train", "--out", "a.tar", "--shard-size", "1Q" }, "--shard-size 1Q is not a size" },
             { { "pack", "train", "--out", "a.tar", "--quality", "101" }, "quality" },
             { { "index" }, "an argument is missing" } }) {
        const Result result = run(words);
        EXPECT_EQ(result.code, 2) << part;
        EXPECT_HAS(result.err, part);
    }
    EXPECT_EQ(run({ "index", "nowhere" }).code, 1);
    const Result zip = run({ "pack", "train", "--out", "a.zip" });
    EXPECT_EQ(zip.code, 1);
    EXPECT_HAS(zip.err, "must end in .tar");
}

TEST_F(CliShards, AStaleIndexAndACutShardAreNamed)
{
    std::ofstream(root / "cut.tar", std::ios::binary) << packed();
    ASSERT_EQ(run({ "index", "cut.tar" }).code, 0);
    fs::resize_file(root / "cut.tar", 5000);
    Words words = train("run-cut");
    words[1] = "cut.tar";
    const Result stale = run(words);
    EXPECT_EQ(stale.code, 1);
    EXPECT_HAS(stale.err, "cut.tar.idx: the index is stale");
    fs::remove(root / "cut.tar.idx");
    const Result cut = run(words);
    EXPECT_EQ(cut.code, 1);
    EXPECT_HAS(cut.err, "cut.tar: at offset ");
    EXPECT_HAS(cut.err, "truncated");
    EXPECT_FALSE(fs::exists(root / "run-cut"));
}

TEST_F(CliShards, KnnTakesShards)
{
    (void)packed();
    const auto knn = [](const std::string &data) {
        return run({ "knn", "--preset", "tiny", "--baseline", "pixels", "--train", data, "--test", "test", "-k", "5",
                     "--json" });
    };
    const Result folder = knn("train");
    const Result tar = knn("packed.tar");
    ASSERT_EQ(tar.code, 0) << tar.err;
    const auto accuracy = [](const std::string &json) { return json.substr(0, json.find(',')); };
    EXPECT_EQ(accuracy(tar.out), accuracy(folder.out));
}

TEST_F(CliShards, PatternsAndFoldersBesideShards)
{
    fs::remove_all(root / "many");
    fs::create_directories(root / "many" / "meta");
    for (const char *name : { "x-0.tar", "x-1.tar" }) {
        std::ofstream(root / "many" / name, std::ios::binary) << packed();
    }
    std::ofstream(root / "many" / "README.md") << "text";
    ASSERT_EQ(trained().code, 0);
    for (const char *data : { "many", "many/x-{0,1}.tar", "many/x-*.tar" }) {
        const Result result = run({ "embed", "run", data, "--out", "many.npy", "--threads", "1" });
        EXPECT_EQ(result.code, 0) << result.err;
        EXPECT_EQ(has(result.err, "many: left out 2 entries that are not shards, like "), data == std::string("many"))
            << result.err;
    }
}

// Commands that write shards are run for who types them, and not for files.
TEST_F(CliShards, ACommandIsTrainedOnAndResumedExactly)
{
    (void)packed();
    const std::string command = "pipe:cat packed.tar";
    const auto words = [&](const std::string &out) {
        Words all = train(out, { "--epochs", "4" });
        all[1] = command;
        return all;
    };
    const std::string whole = checkpoint_of(words("piped"), "piped");
    EXPECT_EQ(run_until("step 1/", SIGTERM, words("broken")), 128 + SIGTERM) << read_file(root / "err.txt");
    const Result refused = run({ "resume", "broken" });
    EXPECT_EQ(refused.code, 1);
    EXPECT_HAS(refused.err, "commands are not taken from files");
    EXPECT_HAS(refused.err, "moco resume RUN --data 'pipe:cat packed.tar'");
    EXPECT_EQ(run({ "resume", "broken", "--data", "pipe:cat other.tar" }).code, 1);
    EXPECT_TRUE(checkpoint_of({ "resume", "broken", "--data", command }, "broken") == whole);
    const Result knn = run({ "knn", "piped", "--train", command, "--test", command });
    EXPECT_EQ(knn.code, 0) << knn.err;
    const Result failing = run({ "embed", "piped", "pipe:cat packed.tar; exit 9", "--out", "piped.npy" });
    EXPECT_EQ(failing.code, 1);
    EXPECT_HAS(failing.err, "the command failed with exit status 9");
}

TEST_F(CliShards, ACommandInAFileIsNotRun)
{
    std::ofstream(root / "evil.yaml") << "data: \"pipe:touch evil\"\nval_data: \"pipe:touch evil\"\n";
    Words words = train("of_file", { "--epochs", "1", "--config", "evil.yaml" });
    words.erase(words.begin() + 1);
    const Result result = run(words);
    EXPECT_EQ(result.code, 2);
    EXPECT_HAS(result.err, "commands are not taken from files; if you trust it, give it as DATA");
    words.insert(words.begin() + 1, "train");
    EXPECT_HAS(run(words).err, "give it by --val-data");
    EXPECT_EQ(run(joined(words, { "--val-data", "test" })).code, 0);
    EXPECT_FALSE(fs::exists(root / "evil"));
}
