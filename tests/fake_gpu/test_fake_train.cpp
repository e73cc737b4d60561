// A run on the pretended GPU ends with the bytes of the same run on the CPU, whose kernels both use: in nchw and on one
// thread, since in nhwc the CPU has its own kernels.
#include "support/all_tests.hpp"
#include "support/device.hpp"
#include "support/fashion.hpp"
#include "support/process.hpp"

#include <gtest/gtest.h>
#include <jansson.h>

#include <cmath>
#include <cstring>

namespace {

namespace fs = std::filesystem;
using moco_test::joined;
using moco_test::Process;
using moco_test::read_file;
using moco_test::Words;
using Settings = std::map<std::string, std::string>;

class FakeTrain : public moco_test::WithFolder {
  protected:
    void SetUp() override
    {
        WithFolder::SetUp();
        moco_test::write_fashion(folder_, 100);
        (void)moco_test::device(); // loads the plug-in
        moco_log_set_callback(nullptr, nullptr);
    }

    [[nodiscard]] std::string images() const { return path(moco_test::fashion_images); }
    // Of 3 steps with 32 images each.
    [[nodiscard]] Settings settings(const std::string &device, const Settings &more) const
    {
        Settings all = { { "data", images() }, { "device", device },    { "image-size", "8" }, { "batch", "32" },
                         { "epochs", "1" },    { "queue-size", "200" }, { "threads", "1" },    { "workers", "1" },
                         { "layout", "nchw" }, { "precision", "fp32" }, { "knn-every", "0" },  { "plots", "false" },
                         { "print-freq", "1" } };
        for (const auto &[name, value] : more) {
            all[name] = value;
        }
        return all;
    }
    // Ends after `last_step` steps, as a signal would, if that is not 0.
    void train(const std::string &out, const std::string &device, const Settings &more = {},
               uint64_t last_step = 0) const
    {
        moco_train_options options = MOCO_TRAIN_OPTIONS_INIT;
        options.payload = &last_step;
        options.progress = [](const moco_progress *progress, void *payload) {
            return static_cast<int>(progress->step == *static_cast<uint64_t *>(payload));
        };
        moco_config config;
        moco_config_init(&config, sizeof config);
        ASSERT_EQ(moco_config_apply_preset(&config, "tiny"), MOCO_OK);
        ASSERT_EQ(moco_config_set(&config, "out", path(out).c_str()), MOCO_OK);
        for (const auto &[name, value] : settings(device, more)) {
            ASSERT_EQ(moco_config_set(&config, name.c_str(), value.c_str()), MOCO_OK) << moco_error_message();
        }
        ASSERT_EQ(moco_train(&config, &options), last_step == 0 ? MOCO_OK : MOCO_ESTOPPED) << moco_error_message();
    }
    void train_by_tool(const std::string &out, const std::string &device, int ranks, const Settings &more = {}) const
    {
        Words words = { MOCO_BINARY,          "train",
                        "--preset=tiny",      "--quiet",
                        "--out=" + path(out), "--nproc=" + std::to_string(ranks) };
        for (const auto &[name, value] : settings(device, more)) {
            if (name == "data") {
                words.push_back(value);
            } else if (value == "true" || value == "false") {
                words.push_back((value == "true" ? "--" : "--no-") + name);
            } else {
                words.push_back("--" + name + "=" + value);
            }
        }
        Process process(words, { folder_, "log.txt", "" }, { { "FAKE_GPU_TRACE", path("trace") } });
        EXPECT_EQ(process.wait(), 0) << process.said();
    }

    using Values = std::map<std::string, std::string>;
    [[nodiscard]] Values checkpoint(const std::string &run, int step) const
    {
        Values values;
        moco_weights *file = nullptr;
        char name[64];
        std::snprintf(name, sizeof name, "/checkpoints/step_%010d.safetensors", step);
        EXPECT_EQ(moco_weights_open(&file, path(run + name).c_str()), MOCO_OK) << moco_error_message();
        for (size_t i = 0; file != nullptr && i < moco_weights_count(file); ++i) {
            const auto *entry = moco_weights_get(file, i);
            std::string &bytes = values[entry->name];
            bytes.resize(entry->bytes);
            EXPECT_EQ(moco_weights_read(bytes.data(), entry->bytes, file, entry->name), MOCO_OK);
        }
        moco_weights_free(file);
        return values;
    }
    void expect_same(const std::string &a, const std::string &b, int step = 3) const
    {
        const auto left = checkpoint(a, step);
        EXPECT_GT(left.size(), 200U);
        size_t differ = 0;
        for (const auto &[name, bytes] : checkpoint(b, step)) {
            differ += left.at(name) != bytes ? 1 : 0;
        }
        EXPECT_EQ(differ, 0U) << "of " << left.size() << " tensors";
    }
    void expect_as_on_the_cpu(const Settings &more) const
    {
        train("cpu", "cpu", more);
        train("cuda", "cuda:1", more);
        expect_same("cpu", "cuda");
        fs::remove_all(path("cpu"));
        fs::remove_all(path("cuda"));
    }
    void expect_ranks_as_on_the_cpu(int ranks, const Settings &more) const
    {
        train_by_tool("cpu", "cpu", ranks, more);
        train_by_tool("cuda", "cuda", ranks, more);
        expect_same("cpu", "cuda");
        fs::remove_all(path("cpu"));
        fs::remove_all(path("cuda"));
    }
    // The graph is recorded in the twelfth step, with the operations between the ranks in it.
    void expect_a_graph_as_eager(const Settings &more) const
    {
        for (const char *graph : { "off", "on" }) {
            Settings all = more;
            all["epochs"] = "5";
            all["cuda-graph"] = graph;
            train_by_tool(graph, "cuda", 2, all);
        }
        json_t *last = json_loads(lines("trace.1").back().c_str(), 0, nullptr);
        EXPECT_EQ(json_integer_value(json_object_get(last, "graph_launches")), 1);
        json_decref(last);
        expect_same("off", "on", 15);
        fs::remove_all(path("off"));
        fs::remove_all(path("on"));
    }
    [[nodiscard]] std::vector<std::string> lines(const std::string &file) const
    {
        std::vector<std::string> all;
        std::ifstream stream(path(file));
        for (std::string line; std::getline(stream, line);) {
            all.push_back(line);
        }
        return all;
    }
    // The loss of each step.
    [[nodiscard]] std::vector<double> losses(const std::string &run) const
    {
        std::vector<double> values;
        for (const std::string &line : lines(run + "/metrics.jsonl")) {
            json_t *row = json_loads(line.c_str(), 0, nullptr);
            const json_t *loss = json_object_get(row, "loss");
            if (loss != nullptr) { // a line of its own has what features are worth
                values.push_back(json_number_value(loss));
            }
            json_decref(row);
        }
        return values;
    }
    // The floats of an .npy file.
    [[nodiscard]] std::vector<float> embed(const std::string &device) const
    {
        Process process({ MOCO_BINARY, "embed", path("run"), images(), "--out", path("f.npy"), "--limit", "50",
                          "--threads", "1", "--workers", "1", "--device", device },
                        { folder_, "log.txt", "" });
        EXPECT_EQ(process.wait(), 0) << process.said();
        const std::string bytes = read_file(path("f.npy"));
        const size_t start = bytes.find('\n') + 1;
        std::vector<float> values((bytes.size() - start) / sizeof(float));
        std::memcpy(values.data(), bytes.data() + start, values.size() * sizeof(float));
        return values;
    }
};

TEST_F(FakeTrain, IsTheCpusToTheBit)
{
    std::vector<Settings> settings{
        { { "precision", "bf16" } },
        { { "symmetric", "true" }, { "mlp", "true" }, { "accumulate", "2" }, { "bn-splits", "2" } }
    };
    if (moco_test::all_tests()) { // one by one
        settings.insert(settings.end(), { {},
                                          { { "symmetric", "true" } },
                                          { { "mlp", "true" }, { "bn-splits", "1" } },
                                          { { "accumulate", "2" }, { "bn-splits", "2" } } });
    }
    for (const Settings &more : settings) {
        SCOPED_TRACE(more.empty() ? "plain" : more.begin()->first);
        expect_as_on_the_cpu(more);
    }
}

TEST_F(FakeTrain, InNhwcIsNear)
{
    train("cpu", "cpu", { { "layout", "nhwc" } });
    train("cuda", "cuda", { { "layout", "nhwc" } });
    const auto a = losses("cpu");
    const auto b = losses("cuda");
    ASSERT_EQ(a.size(), 3U);
    ASSERT_EQ(b.size(), 3U);
    for (size_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(a[i], b[i], 2e-3) << "step " << i + 1;
    }
}

TEST_F(FakeTrain, ResumesExactly)
{
    train("whole", "cuda");
    train("broken", "cuda", {}, 1);
    ASSERT_FALSE(fs::exists(path("broken/checkpoints/step_0000000003.safetensors")));
    ASSERT_EQ(moco_resume(path("broken").c_str(), nullptr), MOCO_OK) << moco_error_message();
    expect_same("whole", "broken");
}

TEST_F(FakeTrain, OfTwoRanksIsTheCpusToTheBit)
{
    const Settings compressed{ { "gradient-compression", "bf16" }, { "symmetric", "true" } };
    if (moco_test::all_tests()) { // one by one
        expect_ranks_as_on_the_cpu(2, {});
        expect_ranks_as_on_the_cpu(2, { { "sync-bn", "true" } });
        expect_ranks_as_on_the_cpu(2, compressed);
        return;
    }
    Settings both = compressed;
    both["sync-bn"] = "true";
    expect_ranks_as_on_the_cpu(2, both);
}

TEST_F(FakeTrain, OfFourRanksIsTheCpusToTheBit)
{
    ONLY_AMONG_ALL();
    expect_ranks_as_on_the_cpu(4, {});
}

TEST_F(FakeTrain, AGraphOfTwoRanksIsEagerToTheBit)
{
    ONLY_AMONG_ALL();
    expect_a_graph_as_eager({ { "sync-bn", "true" } });
    expect_a_graph_as_eager({ { "gradient-compression", "bf16" }, { "bn-splits", "2" } });
}

TEST_F(FakeTrain, TheTraceHasALineForEachStepOfEachRank)
{
    train_by_tool("cuda", "cuda", 2);
    for (const char *rank : { "0", "1" }) {
        const auto steps = lines(std::string("trace.") + rank);
        for (const std::string &line : steps) {
            json_t *row = json_loads(line.c_str(), 0, nullptr);
            ASSERT_NE(row, nullptr) << line;
            EXPECT_GT(json_integer_value(json_object_get(row, "launches")), 100);
            EXPECT_GT(json_integer_value(json_object_get(row, "collectives")), 0);
            const json_t *operators = json_object_get(row, "operators");
            EXPECT_EQ(json_integer_value(json_object_get(operators, "aten::_fused_sgd_")), 1);
            json_decref(row);
        }
        EXPECT_EQ(steps.size(), 3U);
    }
}

TEST_F(FakeTrain, EmbedGivesTheCpusFeatures)
{
    train("run", "cpu");
    const auto cpu = embed("cpu");
    const auto cuda = embed("cuda");
    ASSERT_EQ(cpu.size(), cuda.size());
    ASSERT_GT(cpu.size(), 50U);
    double largest = 0;
    for (size_t i = 0; i < cpu.size(); ++i) {
        largest = std::max(largest, std::isnan(cuda[i]) ? INFINITY : static_cast<double>(std::abs(cpu[i] - cuda[i])));
    }
    EXPECT_LT(largest, 1e-5);
}

} // namespace
