// The tool on a GPU, real or pretended.
#include "cli.hpp"
#include "support/gpu.hpp"

#include <cmath>
#include <cstring>
#include <fstream>

using cli::has;
using cli::Result;
using moco_test::joined;
using moco_test::read_file;
using moco_test::Words;

namespace {

class CliGpu : public cli::Cli {
  protected:
    void SetUp() override { SKIP_WITHOUT_GPUS(1); }

    static Words train(const std::string &out, const Words &more = {})
    {
        return cli::Cli::train(out, joined({ "--epochs", "1", "--schedule", "constant", "--device", "cuda" }, more));
    }
};

} // namespace

TEST_F(CliGpu, EmbeddingsAreNumbers)
{
    ASSERT_EQ(run(train("embedded")).code, 0);
    const Result result = run({ "embed", "embedded", "train", "--device", "cuda", "--out", "e.npy" });
    ASSERT_EQ(result.code, 0) << result.err;
    const std::string bytes = read_file(root / "e.npy");
    const size_t header = 10 + static_cast<unsigned char>(bytes.at(8)) + 256 * static_cast<unsigned char>(bytes.at(9));
    std::vector<float> values((bytes.size() - header) / sizeof(float));
    std::memcpy(values.data(), bytes.data() + header, values.size() * sizeof(float));
    ASSERT_FALSE(values.empty());
    EXPECT_EQ(std::count_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); }), 0);
}

// The time in the network was that of queueing its work.
TEST_F(CliGpu, TheTimeOfFeaturesAddsUp)
{
    ASSERT_EQ(run(train("timed")).code, 0);
    const Result result = run({ "embed", "timed", "train", "--device", "cuda", "--out", "t.npy", "--json" });
    ASSERT_EQ(result.code, 0) << result.err;
    const auto number = [&](const std::string &key) {
        return std::stod(result.out.substr(result.out.find("\"" + key + "\": ") + key.size() + 4));
    };
    EXPECT_NEAR(number("data_wait") + number("forward"), 1, 0.001) << result.out;
}

TEST_F(CliGpu, ARunMovesToTheCpuAndBack)
{
    Result result = run(train("moving", { "--cuda-graph", "on" })); // which a CPU has not
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "steps by a CUDA graph");
    result = run({ "resume", "moving", "--device", "cpu", "--epochs", "2" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "the run moves from a GPU to a CPU");
    result = run({ "resume", "moving", "--device", "cuda", "--epochs", "3" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "the run moves from a CPU to a GPU");
    result = run({ "resume", "moving", "--epochs", "4" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, "without --deterministic");
}

// It went on wherever "auto" led to.
TEST_F(CliGpu, ARunStaysOnTheKindOfDeviceThatAutoChose)
{
    ASSERT_EQ(run_with({ "CUDA_VISIBLE_DEVICES=0" }, train("chosen", { "--device", "auto" })).code, 0);
    Result result = run_with({ "CUDA_VISIBLE_DEVICES=" }, { "resume", "chosen", "--epochs", "2" });
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_FALSE(has(result.err, "the run moves")) << result.err;
}

TEST_F(CliGpu, ProcessesDoNotShareAGpu)
{
    const Result result = run(train("shared", { "--nproc", "2", "--device", "cuda:0" }));
    EXPECT_EQ(result.code, 1);
    EXPECT_HAS(result.err, "device cuda:0 is one GPU, but there are 2 processes");
}

TEST_F(CliGpu, AutoTakesTheGpuAndSaysSo)
{
    const Result result = run_with({ "CUDA_VISIBLE_DEVICES=0" }, train("auto", { "--device", "auto" }));
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err.substr(0, result.err.find('\n')), " (auto), ");
}

TEST_F(CliGpu, OneProcessPerGpu)
{
    SKIP_WITHOUT_GPUS(2);
    const Result result = run_with({ "CUDA_VISIBLE_DEVICES=0,1" }, train("each", { "--nproc", "auto" }));
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_HAS(result.err, std::to_string(moco_device_cuda_count(nullptr)) + " processes, each with");
}

TEST_F(CliGpu, SgdNeedsNoMomentum)
{
    EXPECT_EQ(run(train("plain", { "--sgd-momentum", "0" })).code, 0) << read_file(root / "err.txt");
}

TEST_F(CliGpu, DeterministicRunsAreTheSameToTheBit)
{
    ASSERT_EQ(run(train("one", { "--deterministic" })).code, 0) << read_file(root / "err.txt");
    ASSERT_EQ(run(train("two", { "--deterministic" })).code, 0);
    const auto last = std::filesystem::path("checkpoints") / "step_0000000003.safetensors";
    ASSERT_FALSE(read_file(root / "one" / last).empty());
    EXPECT_TRUE(read_file(root / "one" / last) == read_file(root / "two" / last));
    const Result result = run_with({ "CUBLAS_WORKSPACE_CONFIG=:0:0" }, train("three", { "--deterministic" }));
    EXPECT_EQ(result.code, 1);
    EXPECT_HAS(result.err, "CUBLAS_WORKSPACE_CONFIG");
}

TEST_F(CliGpu, Tf32IsAskedFor)
{
    ASSERT_EQ(run(train("tf32", { "--tf32", "--precision", "fp32" })).code, 0) << read_file(root / "err.txt");
    EXPECT_HAS(read_file(root / "tf32" / "config.yaml"), "layout: nhwc\n");
    ASSERT_EQ(run(train("fp32", { "--precision", "fp32" })).code, 0);
    EXPECT_HAS(read_file(root / "fp32" / "config.yaml"), "layout: nchw\n");
}
