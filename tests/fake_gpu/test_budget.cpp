// Bounds what a training step asks of a GPU: the host starts few operations, and waits for none.
#include "support/all_tests.hpp"
#include "support/device.hpp"
#include "support/fashion.hpp"
#include "support/process.hpp"

#include <gtest/gtest.h>
#include <jansson.h>

#include <sstream>

namespace {

using moco_test::Process;
using moco_test::read_file;
using moco_test::Words;

struct Setting {
    const char *name;
    const char *arch;
    int ranks, groups;
    const char *precision, *layout;
    bool graph;
    int64_t launches, allocations, collectives; // at most, in a step of one rank
    bool always;                                // else among all tests alone
};

void PrintTo(const Setting &s, std::ostream *out)
{
    *out << s.name;
}

class Budget : public moco_test::WithFolder, public testing::WithParamInterface<Setting> {
  protected:
    // Trains until the step that is counted, which is steady: it reads no metrics, and what is made once has been made.
    std::string train(const Setting &s) const
    {
        const auto data = (moco_test::fashion_folder() / moco_test::fashion_images).string();
        const Words words = { MOCO_BINARY,
                              "train",
                              data,
                              "--preset=tiny",
                              "--quiet",
                              "--no-plots",
                              "--no-monitors",
                              "--device=cuda",
                              "--workers=1",
                              "--threads=1",
                              s.graph ? "--epochs=2" : "--epochs=1",
                              "--knn-every=0",
                              "--print-freq=1000",
                              "--image-size=33",
                              "--queue-size=256",
                              "--out=" + path("run"),
                              "--nproc=" + std::to_string(s.ranks),
                              "--arch=" + std::string(s.arch),
                              "--batch=" + std::to_string(2 * s.groups),
                              "--bn-splits=" + std::to_string(s.groups),
                              "--precision=" + std::string(s.precision),
                              "--layout=" + std::string(s.layout),
                              "--cuda-graph=" + std::string(s.graph ? "on" : "off") };
        Process process(words, { folder_, "log.txt", "" },
                        { { "FAKE_GPU_TRACE", path("trace") }, { "FAKE_GPUS", "4" }, { "FAKE_GPU_WIDE", "1" } });
        const size_t number = s.graph ? 14 : 1; // an epoch has 12 steps; a checkpoint is written after its last one
        std::vector<std::string> steps;
        const bool counted = moco_test::waits_for([&] {
            steps = lines(path("trace") + (s.ranks > 1 ? ".0" : ""));
            return steps.size() > number || !process.runs();
        });
        kill(-process.pid(), SIGKILL); // all ranks; by a signal that they catch they would write a checkpoint
        (void)process.wait();
        EXPECT_TRUE(counted && steps.size() > number) << process.said();
        return steps.size() > number ? steps[number] : "";
    }

    // Of a file that is still written to.
    static std::vector<std::string> lines(const std::string &name)
    {
        std::vector<std::string> all;
        std::istringstream file(std::filesystem::exists(name) ? read_file(name) : "");
        for (std::string line; std::getline(file, line) && !file.eof();) {
            all.push_back(line);
        }
        return all;
    }

    static int64_t count(const json_t *step, const char *name)
    {
        return json_integer_value(json_object_get(step, name));
    }
};

TEST_P(Budget, OfAStep)
{
    const Setting &s = GetParam();
    if (!s.always) {
        ONLY_AMONG_ALL();
    }
    json_t *step = json_loads(train(s).c_str(), 0, nullptr);
    ASSERT_NE(step, nullptr);
    const int64_t uploads = count(step, "blocking_uploads") + count(step, "pageable_uploads");
    int64_t waits = 0;
    for (const char *name :
         { "blocking_downloads", "scalar_reads", "hidden_waits", "event_waits", "stream_waits", "device_waits" }) {
        waits += count(step, name);
    }
    std::printf("%-24s %5lld launches, %lld graphs, %lld blocking uploads, %lld waits, %5lld allocations, %lld "
                "collectives\n",
                s.name, static_cast<long long>(count(step, "launches")),
                static_cast<long long>(count(step, "graph_launches")), static_cast<long long>(uploads),
                static_cast<long long>(waits), static_cast<long long>(count(step, "allocations")),
                static_cast<long long>(count(step, "collectives")));
    EXPECT_LE(count(step, "launches"), s.launches);
    EXPECT_EQ(count(step, "graph_launches"), s.graph ? 1 : 0);
    EXPECT_EQ(uploads, 0);
    EXPECT_EQ(waits, 0);
    EXPECT_LE(count(step, "allocations"), s.allocations);
    EXPECT_LE(count(step, "collectives"), s.collectives);
    json_decref(step);
}

INSTANTIATE_TEST_SUITE_P(
    Settings, Budget,
    testing::Values(Setting{ "R50_1_gpu_8_groups", "resnet50", 1, 8, "bf16", "nhwc", false, 430, 740, 0, false },
                    Setting{ "R50_1_gpu_8_groups_nchw", "resnet50", 1, 8, "fp32", "nchw", false, 640, 950, 0, false },
                    Setting{ "R50_1_gpu_1_group", "resnet50", 1, 1, "bf16", "nhwc", false, 425, 740, 0, false },
                    Setting{ "R50_2_gpus_2_groups", "resnet50", 2, 2, "bf16", "nhwc", false, 590, 740, 10, true },
                    Setting{ "R18_4_gpus_4_groups", "resnet18", 4, 4, "bf16", "nhwc", false, 285, 340, 10, false },
                    Setting{ "R18_1_gpu_graph", "resnet18", 1, 2, "bf16", "nhwc", true, 10, 10, 0, false },
                    Setting{ "R18_2_gpus_graph", "resnet18", 2, 2, "bf16", "nhwc", true, 10, 10, 10, false },
                    Setting{ "R20_2_gpus_graph", "resnet20", 2, 2, "bf16", "nhwc", true, 10, 10, 10, true }),
    [](const auto &info) { return std::string(info.param.name); });

} // namespace
