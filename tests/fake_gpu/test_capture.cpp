// Tests the graphs of the pretended GPU by the plug-in's own functions: what is recorded, replayed, and refused.
#include "base/cuda_plugin.hpp"
#include "fake_gpu/fake_gpu.h"
#include "fake_gpu/guard.hpp"
#include "support/device.hpp"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>

#include <gtest/gtest.h>

#include <dlfcn.h>
#include <functional>
#include <optional>

using fake_test::cuda;
using fake_test::kGpu;

namespace {

template <typename Function> Function symbol(const char *name)
{
    return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

class Capture : public testing::Test {
  protected:
    void SetUp() override
    {
        (void)moco_test::device(); // loads the plug-in
        graph_ = symbol<moco::CudaPluginEntry *>("moco_cuda_plugin_of")(moco::cuda_plugin_version)->make_graph();
        side_.emplace(cuda().getStreamFromGlobalPool(kGpu));
        cuda().synchronizeDevice(0);
    }
    static at::Tensor gpu(float value) { return at::zeros({ 4 }, at::TensorOptions().device(kGpu)).add_(value); }
    static float first(const at::Tensor &t) { return t.select(0, 0).item<float>(); }

    void capture(const std::function<void()> &work)
    {
        cuda().synchronizeDevice(0); // what was made before the capture
        const c10::StreamGuard guard(*side_);
        graph_->begin();
        work();
        graph_->end();
    }
    void replay()
    {
        graph_->replay();
        cuda().synchronizeDevice(0);
    }
    // Expects that the work is refused during a capture, and that the capture is spoilt.
    void refused(const char *says, const std::function<void()> &work)
    {
        cuda().synchronizeDevice(0);
        const c10::StreamGuard guard(*side_);
        graph_->begin();
        for (const auto &step : { work, std::function<void()>([&] { graph_->end(); }) }) {
            try {
                step();
                ADD_FAILURE() << "not refused: " << says;
            } catch (const c10::Error &error) {
                EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
            }
        }
    }

    std::unique_ptr<moco::CudaGraph> graph_;
    std::optional<c10::Stream> side_;
};

TEST_F(Capture, APluginIsForItsOwnVersionAlone)
{
    const auto entry = symbol<moco::CudaPluginEntry *>("moco_cuda_plugin_of");
    EXPECT_NE(entry(moco::cuda_plugin_version), nullptr);
    EXPECT_EQ(entry({ "0.1.0", sizeof(moco::CudaPlugin) }), nullptr);
    EXPECT_EQ(entry({ MOCO_VERSION_STRING, sizeof(moco::CudaPlugin) - sizeof(void *) }), nullptr);
}

TEST_F(Capture, RecordsAndDoesNothing)
{
    const auto sum = gpu(1);
    const auto by = gpu(2);
    at::Tensor twice;
    capture([&] {
        sum.add_(by);
        twice = sum.mul(2);
    });
    cuda().synchronizeDevice(0);
    EXPECT_EQ(first(sum), 1);
    EXPECT_TRUE(std::isnan(first(twice)));
    for (const float expected : { 3.0F, 5.0F }) {
        replay();
        EXPECT_EQ(first(sum), expected);
        EXPECT_EQ(first(twice), 2 * expected);
    }
    by.fill_(10); // a replay reads what is there now
    replay();
    EXPECT_EQ(first(twice), 30);
}

TEST_F(Capture, AReplayIsOneLaunch)
{
    const auto a = gpu(1);
    capture([&] {
        for (int i = 0; i < 5; ++i) {
            at::_foreach_add_(at::TensorList(a), 1);
        }
    });
    symbol<fake_gpu_trace_reset_fn>("fake_gpu_trace_reset")();
    graph_->replay();
    fake_gpu_counts counts;
    symbol<fake_gpu_trace_read_fn>("fake_gpu_trace_read")(&counts);
    EXPECT_EQ(counts.launches, 0);
    EXPECT_EQ(counts.graph_launches, 1);
    EXPECT_EQ(counts.allocations, 0);
    cuda().synchronizeDevice(0);
    EXPECT_EQ(first(a), 6);
}

TEST_F(Capture, UploadsReadPinnedMemoryAtEachReplay)
{
    const auto host = at::ones({ 4 }, at::TensorOptions().pinned_memory(true));
    const auto a = gpu(0);
    capture([&] { a.copy_(host, true); });
    host.fill_(5);
    replay();
    EXPECT_EQ(first(a), 5);
}

TEST_F(Capture, SideStreamsJoin)
{
    const auto a = gpu(1);
    const c10::Stream other = cuda().getStreamFromGlobalPool(kGpu);
    const auto fork = [&](bool joins) {
        c10::Event forked(c10::DeviceType::CUDA);
        c10::Event joined(c10::DeviceType::CUDA);
        forked.record(*side_);
        forked.block(other);
        {
            const c10::StreamGuard guard(other);
            a.add_(1);
        }
        joined.record(other);
        if (joins) {
            joined.block(*side_);
        }
    };
    capture([&] { fork(true); });
    replay();
    EXPECT_EQ(first(a), 2);
    graph_ = symbol<moco::CudaPluginEntry *>("moco_cuda_plugin_of")(moco::cuda_plugin_version)->make_graph();
    EXPECT_THROW(capture([&] { fork(false); }), c10::Error);
}

TEST_F(Capture, WaitsOfTheHostAreRefused)
{
    refused("a wait of the host for a stream", [&] { cuda().synchronizeStream(*side_); });
}

TEST_F(Capture, EventsOfTheCaptureCannotBeWaitedFor)
{
    refused("a wait of the host for an event", [&] {
        c10::Event event(c10::DeviceType::CUDA);
        event.record(*side_);
        event.synchronize();
    });
}

TEST_F(Capture, ReadsOfValuesAreRefused)
{
    const auto a = gpu(1);
    refused("a read of a value", [&] { (void)a.sum().item<float>(); });
}

TEST_F(Capture, SizesThatTheDataSaysAreRefused)
{
    const auto a = gpu(1);
    refused("as many values as the data says", [&] { (void)at::nonzero(a); });
}

TEST_F(Capture, CopiesOfPageableMemoryAreRefused)
{
    const auto a = gpu(1);
    refused("a copy of pageable memory", [&] { a.copy_(at::ones({ 4 }), true); });
}

TEST_F(Capture, BlockingCopiesAreRefused)
{
    const auto a = gpu(1);
    refused("a blocking copy", [&] { a.copy_(at::ones({ 4 }, at::TensorOptions().pinned_memory(true))); });
}

TEST_F(Capture, MemoryOfOtherStreamsIsRefused)
{
    const c10::Stream other = cuda().getStreamFromGlobalPool(kGpu);
    refused("memory is taken outside of the graph's pool", [&] {
        const c10::StreamGuard guard(other);
        (void)at::empty({ 4 }, at::TensorOptions().device(kGpu));
    });
}

TEST_F(Capture, TheDefaultStreamIsRefused)
{
    EXPECT_THROW(graph_->begin(), c10::Error);
    EXPECT_THROW(graph_->replay(), c10::Error) << "nothing was captured";
}

TEST_F(Capture, MemoryThatIsGoneIsCaughtAtTheReplay)
{
    auto a = gpu(1);
    capture([&] { a.add_(1); });
    a.reset();
    EXPECT_DEATH(graph_->replay(), "graph: a replay uses memory that was freed after the capture");
}

TEST_F(Capture, MemoryOfTheGraphOutlivesIt)
{
    at::Tensor made;
    const auto a = gpu(1);
    capture([&] {
        made = a.add(1);
        (void)made.mul(3); // freed in the capture
    });
    replay();
    graph_.reset();
    EXPECT_EQ(first(made), 2);
}

} // namespace
