// Tests the tool with files of other programs: info, knn, export, import.
#include "cli.hpp"

using cli::has;
using cli::Result;
using cli::fs::exists;

namespace {

class Files : public cli::Cli {
  protected:
    void SetUp() override { ASSERT_EQ(trained().code, 0) << trained().err; }
    static Result write(const std::string &format, const std::string &out, const cli::Words &more = {})
    {
        return run(cli::joined({ "export", "run", "--format", format, "--out", out }, more));
    }
};

} // namespace

TEST_F(Files, ExportsARunAndLooksAtTheResult)
{
    ASSERT_EQ(write("torchvision", "t.pth").code, 0);
    ASSERT_EQ(write("safetensors", "s.safetensors", { "--license", "CC0-1.0" }).code, 0);
    Result result = run({ "info", "t.pth", "--tensors" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.out, "PyTorch, zip");
    EXPECT_HAS(result.out, "network: resnet20, no head");
    EXPECT_HAS(result.out, "layer1.0.conv1.weight");
    result = run({ "info", "s.safetensors" });
    EXPECT_HAS(result.out, "network: resnet20, linear head of 64");
    EXPECT_HAS(result.out, "CC0-1.0");
    result = run({ "info", "t.pth", "--json" });
    EXPECT_HAS(result.out, "\"name\": \"conv1.weight\"");
    // The file says how its images were prepared, so the result is that of the run.
    const cli::Words data{ "--train", "train", "--test", "test", "--threads", "1", "--json" };
    cli::Words of_run{ "knn", "run" };
    cli::Words of_file{ "knn", "s.safetensors" };
    of_run.insert(of_run.end(), data.begin(), data.end());
    of_file.insert(of_file.end(), data.begin(), data.end());
    const std::string accuracy = "\"knn_acc1\": ";
    const auto figure = [&](const std::string &text) {
        return text.substr(text.find(accuracy), text.find(',') - text.find(accuracy));
    };
    const Result a = run(of_run);
    const Result b = run(of_file);
    ASSERT_EQ(b.code, 0) << b.err;
    EXPECT_EQ(figure(a.out), figure(b.out));
    EXPECT_FALSE(has(b.err, "prepared")) << b.err;
}

TEST_F(Files, ImportsAndGoesOn)
{
    ASSERT_EQ(write("reference", "r.pth.tar").code, 0);
    Result result = run({ "import",      "r.pth.tar", "--out",      "again",     "--data", "train",        "-b",
                          "16",          "--epochs",  "3",          "--augment", "cifar",  "--image-size", "32",
                          "--knn-every", "0",         "--no-plots", "--threads", "1",      "--workers",    "1" });
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "moco resume again");
    result = run({ "resume", "again" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.out, "done: 9 steps");
    result = run({ "import", "r.pth.tar", "--out", "again", "--data", "train", "-b", "16", "--epochs", "3" });
    EXPECT_EQ(result.code, 1);
    EXPECT_HAS(result.err, "not an empty folder");
}

TEST_F(Files, RefusesHostileFilesAndRunsNothing)
{
    for (const std::string name : { "hostile_zip.pth", "hostile_legacy.pth", "hostile_missing_storage.pth" }) {
        const std::string file = moco_test::tests_folder() + "/data/checkpoints/" + name;
        for (const cli::Words &words : { cli::Words{ "info", file },
                                         { "knn", file, "--train", "train", "--test", "test" },
                                         { "linear", file, "--train", "train", "--val", "test" },
                                         { "embed", file, "test", "--out", "hostile.npy" },
                                         { "export", file, "--format", "torchvision", "--out", "hostile.pth" },
                                         { "import", file, "--out", "hostile", "--data", "train" } }) {
            SCOPED_TRACE(words[0]);
            const Result result = run(words);
            EXPECT_EQ(result.code, 1);
            EXPECT_HAS(result.err, name);
            EXPECT_HAS(result.err, name == "hostile_missing_storage.pth" ? "storage" : "posix.system");
        }
    }
    for (const char *name : { "hostile.npy", "hostile.pth", "hostile", "PWNED" }) {
        EXPECT_FALSE(exists(root / name)) << name;
    }
}

TEST_F(Files, SaysWhatIsWrong)
{
    EXPECT_EQ(run({ "export", "run", "--format", "onnx", "--out", "x" }).code, 2);
    EXPECT_EQ(run({ "export", "run", "--format", "timm" }).code, 2);
    EXPECT_EQ(run({ "import", "none.pth", "--out", "x", "--data", "train" }).code, 1);
    EXPECT_EQ(write("detectron2", "none/x.pkl").code, 1);
    ASSERT_EQ(write("torchvision", "t.pth").code, 0);
    EXPECT_EQ(run({ "import", "t.pth", "--out", "x" }).code, 2);
    const Result plain = run({ "knn", "t.pth", "--train", "train", "--test", "test", "--threads", "1" });
    EXPECT_EQ(plain.code, 0) << plain.err;
    EXPECT_HAS(plain.err, "does not say how images were prepared");
    const Result output = run({ "knn", "t.pth", "--features", "output", "--train", "train", "--test", "test" });
    EXPECT_EQ(output.code, 1);
    EXPECT_HAS(output.err, "without a head");
    EXPECT_FALSE(exists(root / "x"));
}

TEST_F(Files, NamesWhatAFileIsInsteadOfACheckpoint)
{
    std::ofstream(root / "lfs.pth") << "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n";
    std::ofstream(root / "page.pth") << "<!DOCTYPE html><html><body>404</body></html>";
    std::ofstream(root / "packed.pth", std::ios::binary) << "\x1F\x8B\x08 and so on";
    for (const auto &[file, what] :
         { std::pair{ "lfs.pth", "run git lfs pull" }, std::pair{ "page.pth", "an HTML page" },
           std::pair{ "packed.pth", "unpack it by gunzip" } }) {
        for (const cli::Words &words :
             { cli::Words{ "info", file }, cli::Words{ "embed", file, "test", "--out", "never.npy" } }) {
            const Result result = run(words);
            EXPECT_EQ(result.code, 1);
            EXPECT_HAS(result.err, what);
        }
    }
    EXPECT_FALSE(exists(root / "never.npy"));
}

TEST_F(Files, InfoSaysWhatIsNotTaken)
{
    const std::string header = R"({"m":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},)"
                               R"("head.weight":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})";
    std::ofstream(root / "head.safetensors", std::ios::binary)
        << static_cast<char>(header.size()) << std::string(7, '\0') << header << std::string(12, '\0');
    const Result result = run({ "info", "head.safetensors" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.out, "network: not known to libmoco: holds no ResNet");
    EXPECT_HAS(result.out, "note: left out 1 tensor of other types than networks have: m (I16)");
}

TEST_F(Files, DataSaysWhatItLeavesOut)
{
    cli::fs::remove_all(root / "beside");
    cli::fs::copy(root / "test", root / "beside", cli::fs::copy_options::recursive);
    std::ofstream(root / "beside" / "notes.txt") << "text";
    std::ofstream(root / "beside" / ".DS_Store") << "x";
    const Result result = run({ "embed", "run", "beside", "--out", "beside.npy", "--threads", "1" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "beside: left out 1 file that is not an image: notes.txt, 1 hidden entry: .DS_Store");
    std::ofstream(root / "text") << "not an image";
    EXPECT_HAS(run({ "embed", "run", "text", "--out", "never.npy" }).err, "text is a text. It is neither");
}

TEST_F(Files, WritesNothingIntoTheData)
{
    for (const cli::Words &words :
         { cli::Words{ "embed", "run", "test", "--out", "test/light/f.npy" },
           cli::Words{ "embed", "run", "test", "--map", "test/map.png" },
           cli::Words{ "pack", "test", "--out", "test/x.tar" },
           cli::Words{ "knn", "run", "--train", "train", "--test", "test", "--features-out", "test/f.npy" } }) {
        const Result result = run(words);
        EXPECT_EQ(result.code, 1) << words[0];
        EXPECT_HAS(result.err, " is in the data test, of which it would become a part");
        EXPECT_FALSE(exists(root / words.back())) << words.back();
    }
}

TEST_F(Files, KnnTellsOfCopies)
{
    cli::fs::remove_all(root / "copied");
    cli::fs::copy(root / "test", root / "copied", cli::fs::copy_options::recursive);
    const Result result = run({ "knn", "run", "--train", "test", "--test", "copied", "-k", "1", "--threads", "1" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "have the features of a training image: either they are copies");
}

TEST_F(Files, DrawsOneMetricOfOneRun)
{
    const Result result = run({ "plot", "run", "--metric", "loss", "--out", "alone.svg" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.out, "plot: alone.svg");
    EXPECT_TRUE(exists(root / "alone.svg"));
}
