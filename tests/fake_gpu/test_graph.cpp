// A step that a CUDA graph replays computes the bits of a step that the host starts operation by operation.
#include "fake_gpu/fake_gpu.h"
#include "support/model_options.hpp"
#include "support/tensors.hpp"

#include <dlfcn.h>

namespace {

using moco_test::device;
using moco_test::Owned;
using moco_test::state_of;
using moco_test::values_of;

constexpr int kSteps = 16; // the graph is recorded in the twelfth
constexpr int64_t kBatch = 8;

moco_test::ModelOptions small_model()
{
    moco_test::ModelOptions options;
    options.encoder.arch = "resnet20";
    options.encoder.dim = 16;
    options.encoder.bn_splits = 2;
    options.encoder.device = device();
    options.queue_size = 40; // the batches wrap around
    options.temperature = 0.2;
    return options;
}

class Graph : public moco_test::TensorTest {
  protected:
    Owned<moco_model> make(moco_test::ModelOptions options)
    {
        EXPECT_OK(moco_threads_set(1));
        moco_model *model = nullptr;
        EXPECT_OK(moco_model_create(&model, options.get()));
        return Owned<moco_model>(model);
    }

    // Takes a step with its own learning rate and momentum.
    moco_status step(moco_step *result, moco_model *model, int number, int64_t batch = kBatch)
    {
        const auto seed = static_cast<uint64_t>(number);
        return moco_model_step(result, model, random({ batch, 3, 8, 8 }, 2 * seed),
                               random({ batch, 3, 8, 8 }, 2 * seed + 1), 0.1 / (1 + number), 0.9 + 0.005 * number);
    }

    struct Outcome {
        std::vector<std::vector<char>> query, key;
        std::vector<float> queue, loss, logits;
        std::vector<double> losses;
        int64_t pointer;
    };

    Outcome train(moco_test::ModelOptions options, bool graph)
    {
        options.cuda_graph = graph;
        const auto model = make(options);
        Outcome o{};
        for (int i = 0; i < kSteps; ++i) {
            moco_step result;
            EXPECT_OK(step(&result, model.get(), i));
            o.loss = values_of(result.loss);
            o.logits = values_of(result.logits);
            moco_model_means means;
            EXPECT_OK(moco_model_read_means(&means, model.get()));
            EXPECT_EQ(means.steps, 1);
            o.losses.push_back(means.loss);
            moco_scope_clear(scope);
        }
        o.query = state_of(moco_model_query_encoder(model.get()));
        o.key = state_of(moco_model_key_encoder(model.get()));
        o.queue = values_of(moco_queue_keys(moco_model_queue(model.get())));
        o.pointer = moco_queue_pointer(moco_model_queue(model.get()));
        return o;
    }

    void expect_same(const moco_test::ModelOptions &options)
    {
        const Outcome eager = train(options, false);
        const Outcome replayed = train(options, true);
        EXPECT_EQ(eager.losses, replayed.losses);
        EXPECT_EQ(eager.loss, replayed.loss);
        EXPECT_EQ(eager.logits, replayed.logits);
        EXPECT_EQ(eager.query, replayed.query);
        EXPECT_EQ(eager.key, replayed.key);
        EXPECT_EQ(eager.queue, replayed.queue);
        EXPECT_EQ(eager.pointer, replayed.pointer);
        EXPECT_NE(eager.losses[13], eager.losses[14]) << "nothing changes from step to step";
    }
};

TEST_F(Graph, ComputesTheSameBits)
{
    expect_same(small_model());
}

TEST_F(Graph, ComputesTheSameBitsOfOneGroup)
{
    auto options = small_model();
    options.encoder.bn_splits = 1;
    expect_same(options);
}

TEST_F(Graph, ComputesTheSameBitsInBf16)
{
    auto options = small_model();
    options.encoder.precision = MOCO_BF16;
    options.encoder.layout = MOCO_NHWC;
    expect_same(options);
}

TEST_F(Graph, ComputesTheSameBitsInPartsAndBothDirections)
{
    auto options = small_model();
    options.symmetric = true;
    options.accumulate = 2;
    expect_same(options);
}

TEST_F(Graph, IsStartedByAFewLaunches)
{
    auto options = small_model();
    options.cuda_graph = true;
    const auto model = make(options);
    for (int i = 0; i < kSteps; ++i) {
        ASSERT_OK(step(nullptr, model.get(), i));
    }
    moco_tensor *const query = random({ kBatch, 3, 8, 8 }, 1);
    moco_tensor *const key = random({ kBatch, 3, 8, 8 }, 2);
    reinterpret_cast<fake_gpu_trace_reset_fn>(dlsym(RTLD_DEFAULT, "fake_gpu_trace_reset"))();
    ASSERT_OK(moco_model_step(nullptr, model.get(), query, key, 0.1, 0.9));
    fake_gpu_counts counts;
    reinterpret_cast<fake_gpu_trace_read_fn>(dlsym(RTLD_DEFAULT, "fake_gpu_trace_read"))(&counts);
    EXPECT_EQ(counts.graph_launches, 1);
    EXPECT_LE(counts.launches, 12);
    EXPECT_EQ(counts.blocking_uploads + counts.event_waits + counts.stream_waits + counts.device_waits, 0);
}

TEST_F(Graph, RefusesABatchOfAnotherSize)
{
    auto options = small_model();
    options.cuda_graph = true;
    const auto model = make(options);
    ASSERT_OK(step(nullptr, model.get(), 0));
    EXPECT_EQ(step(nullptr, model.get(), 1, 2 * kBatch), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("cuda-graph off"), std::string::npos);
}

TEST_F(Graph, NeedsAGpuAndAQueueThatStays)
{
    auto options = small_model();
    options.cuda_graph = true;
    options.encoder.device = { MOCO_CPU, 0 };
    moco_model *model = nullptr;
    EXPECT_EQ(moco_model_create(&model, options.get()), MOCO_EINVALID);
    options = small_model();
    options.cuda_graph = true;
    options.queue_filled_only = true;
    EXPECT_EQ(moco_model_create(&model, options.get()), MOCO_EINVALID);
}

} // namespace
