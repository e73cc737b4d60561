// Tests the commands on images of one channel and of five, of 16 bits and floats.
#include "cli.hpp"

#include <fstream>

using namespace cli;

namespace {

class CliBands : public Cli {
  protected:
    // Copies the files of tests/data/bands to two classes of each split, each file four times.
    static void make(const std::string &place, const Words &files)
    {
        for (const char *split : { "train", "test" }) {
            for (const char *label : { "a", "b" }) {
                const fs::path folder = root / place / split / label;
                fs::create_directories(folder);
                for (int i = 0; i < 16; ++i) {
                    const std::string &file = files[static_cast<size_t>(i) % files.size()];
                    fs::copy_file(moco_test::tests_folder() + "/data/bands/" + file,
                                  folder / (std::to_string(i) + fs::path(file).extension().string()));
                }
            }
        }
    }
    static Result train(const std::string &data, const std::string &out, const Words &more)
    {
        return run(joined({ "train",
                            data,
                            "--out",
                            out,
                            "--preset",
                            "tiny",
                            "--image-size",
                            "16",
                            "--batch",
                            "16",
                            "--queue-size",
                            "32",
                            "--knn-every",
                            "1",
                            "--knn-k",
                            "3",
                            "--threads",
                            "1",
                            "-j1",
                            "--print-freq",
                            "1",
                            "--keep-last",
                            "10" },
                          more));
    }
    static std::string last(const std::string &run)
    {
        return read_file(root / run / "checkpoints/step_0000000004.safetensors");
    }
};

} // namespace

TEST_F(CliBands, FiveOfSixteenBits)
{
    ONLY_AMONG_ALL();
    make("five", { "contig.tif", "planar.tif", "pages.tif", "tiles.tif" });
    const Result trained = train("five", "run5", { "--channels", "5", "--augment", "v2" });
    ASSERT_EQ(trained.code, 0) << trained.err;
    EXPECT_HAS(trained.err, "5 channels, normalised by the means/standard deviations ");
    EXPECT_HAS(trained.err, "colour jitter changes brightness and contrast alone, and grey is the mean");
    const std::string config = read_file(root / "run5/config.yaml");
    EXPECT_HAS(config, "channels: 5\n");
    EXPECT_HAS(config, "normalize: \"0.0");
    EXPECT_FALSE(has(config, "auto/"));

    // A run that is broken off and continued ends with the same bytes.
    ASSERT_EQ(train("five", "half5", { "--channels", "5", "--augment", "v2", "--epochs", "1" }).code, 0);
    const Result resumed = run({ "resume", "half5", "--epochs", "2" });
    ASSERT_EQ(resumed.code, 0) << resumed.err;

    const Result embedded = run({ "embed", "run5", "five", "--out", "f.npy", "--threads", "1", "-j1", "--query",
                                  "five/train/a/0.tif", "--plot", "near.png" });
    ASSERT_EQ(embedded.code, 0) << embedded.err;
    EXPECT_HAS(embedded.out, "32 images");
    const Result knn = run({ "knn", "run5", "--train", "five", "--val", "five", "--threads", "1", "-j1", "-k", "3" });
    EXPECT_EQ(knn.code, 0) << knn.err;
    const Result linear = run({ "linear", "run5", "--train", "five", "--val", "five", "--epochs", "1", "--batch", "16",
                                "--threads", "1", "-j1" });
    EXPECT_EQ(linear.code, 0) << linear.err;
    const Result finetune = run({ "finetune", "run5", "--train", "five", "--val", "five", "--epochs", "1", "--batch",
                                  "16", "--threads", "1", "-j1" });
    EXPECT_EQ(finetune.code, 0) << finetune.err;
    const Result pixels = run({ "knn", "run5", "--train", "five", "--val", "five", "--baseline", "pixels", "--threads",
                                "1", "-j1", "-k", "3" });
    EXPECT_EQ(pixels.code, 0) << pixels.err;
    EXPECT_HAS(run({ "info", "run5/checkpoints/step_0000000004.safetensors" }).out, "network: resnet20, 5 channels, ");
    const Result report = run({ "report", "run5" });
    EXPECT_EQ(report.code, 0) << report.err;

    const Result exported = run({ "export", "run5", "--out", "e.safetensors", "--format", "safetensors" });
    ASSERT_EQ(exported.code, 0) << exported.err;
    moco_config read;
    moco_config_init(&read, sizeof read);
    moco_weights *weights = nullptr;
    ASSERT_EQ(moco_weights_open(&weights, (root / "e.safetensors").c_str()), MOCO_OK) << moco_error_message();
    EXPECT_EQ(moco_weights_config(&read, weights), MOCO_OK) << moco_error_message();
    moco_weights_free(weights);
    EXPECT_EQ(read.channels, 5);
    EXPECT_HAS(config, std::string("normalize: \"") + read.normalize + "\"\n");
    const Result torchvision = run({ "export", "run5", "--out", "e.pth", "--format", "timm" });
    EXPECT_EQ(torchvision.code, 0) << torchvision.err;
    EXPECT_HAS(torchvision.err, "in_chans=5");
    EXPECT_HAS(torchvision.err, "a .pth file cannot say so");
}

TEST_F(CliBands, ResumeWithTheBytesOfOneRun)
{
    make("bytes", { "first_f4.npy", "columns_f8.npy" });
    const Words how = { "--channels", "5", "--checkpoint-every", "1" };
    ASSERT_EQ(train("bytes", "whole", how).code, 0);
    ASSERT_EQ(train("bytes", "again", how).code, 0);
    ASSERT_FALSE(last("whole").empty());
    EXPECT_TRUE(last("whole") == last("again"));
    fs::remove(root / "again/checkpoints/step_0000000004.safetensors");
    const Result resumed = run({ "resume", "again" });
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_TRUE(last("whole") == last("again"));
}

// What has no checkpoint must be told the channels.
TEST_F(CliBands, UntrainedNetworksTakeChannels)
{
    make("untrained", { "contig.tif", "planar.tif" });
    const Words cheap{ "--channels", "5", "--threads", "1", "-j1" };
    const Words untrained =
        joined({ "--preset", "tiny", "--train", "untrained", "--test", "untrained", "--image-size", "16" }, cheap);
    for (const Words &words :
         { Words{ "knn", "--baseline", "random", "-k", "3" }, Words{ "knn", "--baseline", "pixels" },
           Words{ "linear", "--cached", "--epochs", "1" }, Words{ "finetune", "--epochs", "1" } }) {
        const Result told = run(joined(words, untrained));
        EXPECT_EQ(told.code, 0) << told.err;
        EXPECT_HAS(told.err, "5 channels, normalised by the means/standard deviations ");
    }
    const Words step = joined({ "--arch", "resnet20", "--image-size", "16", "--batch", "8", "--queue-size", "16",
                                "--steps", "1", "--repeats", "1", "--warmup", "0" },
                              cheap);
    for (const Words &words : { Words{ "bench", "step" }, Words{ "bench", "train", "untrained" } }) {
        const Result timed = run(joined(words, step));
        EXPECT_EQ(timed.code, 0) << timed.err;
    }
    const Result loaded =
        run({ "bench", "loader", "untrained", "--channels", "5", "--image-size", "16", "-n", "64", "-j1" });
    EXPECT_EQ(loaded.code, 0) << loaded.err;
    const Result both = run({ "knn", "run", "--train", "untrained", "--test", "untrained", "--channels", "5" });
    EXPECT_EQ(both.code, 2);
    EXPECT_HAS(both.err, "--channels is for a baseline without a run; a run has its own settings");
}

TEST_F(CliBands, OneChannelFromARunOfThree)
{
    make("grey", { "grey16.png", "grey8.png" });
    const Result wrong = train("grey", "wrong", { "--channels", "2" });
    EXPECT_EQ(wrong.code, 1);
    EXPECT_HAS(wrong.err, "has 1 band, but 2 channels are asked for; give images of 2 bands");
    const Result trained = train("grey", "run1", { "--channels", "1" });
    ASSERT_EQ(trained.code, 0) << trained.err;
    EXPECT_HAS(trained.err, "1 channel, normalised by");
    ASSERT_EQ(Cli::trained().code, 0);
    ASSERT_EQ(run({ "export", "run", "--out", "rgb.safetensors", "--format", "safetensors" }).code, 0);
    const Result imported = run({ "import",       "rgb.safetensors",
                                  "--out",        "from3",
                                  "--data",       "grey",
                                  "--channels",   "1",
                                  "--image-size", "16",
                                  "--batch",      "16",
                                  "--queue-size", "32",
                                  "--epochs",     "3",
                                  "--schedule",   "cosine",
                                  "--augment",    "cifar",
                                  "--threads",    "1",
                                  "-j1" });
    ASSERT_EQ(imported.code, 0) << imported.err;
    EXPECT_HAS(imported.err, "summed over them");
    EXPECT_EQ(run({ "resume", "from3" }).code, 0);
}
