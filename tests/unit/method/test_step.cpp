// Tests the training step: what it computes, counts, gives out and refuses.
#include "support/model_options.hpp"
#include "support/tensors.hpp"

extern "C" {
#include "method/model_internal.h"
}

#include <algorithm>
#include <cmath>

using moco_test::device;
using moco_test::Owned;
using moco_test::sizes_of;
using moco_test::values_of;

namespace {

moco_test::ModelOptions small_model()
{
    moco_test::ModelOptions options;
    options.encoder.arch = "resnet20";
    options.encoder.device = device();
    options.encoder.dim = 16;
    options.encoder.bn_splits = 2;
    options.queue_size = 40;
    options.temperature = 0.2;
    return options;
}

class Step : public moco_test::TensorTest {
  protected:
    void SetUp() override
    {
        TensorTest::SetUp();
        ASSERT_OK(moco_threads_set(1)); // more would only wait for each other on networks this small
    }

    Owned<moco_model> make(moco_test::ModelOptions options)
    {
        moco_model *model = nullptr;
        EXPECT_OK(moco_model_create(&model, options.get()));
        return Owned<moco_model>(model);
    }

    moco_tensor *images(int64_t count, uint64_t seed) { return random({ count, 3, 16, 16 }, seed); }
};

// All that a step changes: the state of both encoders, SGD's momentum, the queue, and how many shuffles were drawn.
std::vector<float> state_of(const moco_model *model)
{
    std::vector<float> state;
    const moco_tensor_list *lists[] = { moco_encoder_state(moco_model_query_encoder(model)),
                                        moco_encoder_state(moco_model_key_encoder(model)),
                                        moco_sgd_momentum_buffers(moco_model_sgd(model)) };
    for (const auto *list : lists) {
        for (size_t i = 0; i < moco_tensor_list_count(list); ++i) {
            const moco_tensor *tensor = moco_tensor_list_get(list, i);
            if (moco_tensor_dtype(tensor) == MOCO_FLOAT32) {
                const auto values = values_of(tensor);
                state.insert(state.end(), values.begin(), values.end());
            }
        }
    }
    const auto keys = values_of(moco_queue_keys(moco_model_queue(model)));
    state.insert(state.end(), keys.begin(), keys.end());
    state.push_back(static_cast<float>(moco_queue_pointer(moco_model_queue(model))));
    state.push_back(static_cast<float>(moco__model_shuffles(model)));
    return state;
}

double item(const moco_tensor *tensor)
{
    double value = NAN;
    EXPECT_OK(moco_tensor_item(&value, tensor));
    return value;
}

} // namespace

TEST_F(Step, TrainsAndItsMeansAreRead)
{
    const auto model = make(small_model());
    moco_tensor *a = images(8, 1);
    moco_tensor *b = images(8, 2);
    double total = 0;
    for (int i = 0; i < 3; ++i) {
        moco_step step{};
        ASSERT_OK(moco_model_step(&step, model.get(), a, b, 0.05, 0.99));
        total += item(step.loss);
        EXPECT_EQ(sizes_of(step.q), (std::vector<int64_t>{ 8, 16 }));
        EXPECT_EQ(sizes_of(step.k), (std::vector<int64_t>{ 8, 16 }));
        EXPECT_EQ(sizes_of(step.logits), (std::vector<int64_t>{ 8, 41 }));
    }
    moco_model_means means{};
    ASSERT_OK(moco_model_read_means(&means, model.get()));
    EXPECT_EQ(means.steps, 3);
    EXPECT_NEAR(means.loss, total / 3, 1e-5);
    ASSERT_OK(moco_model_read_means(&means, model.get()));
    EXPECT_EQ(means.steps, 0);
    EXPECT_TRUE(std::isnan(means.loss));
    EXPECT_EQ(moco_queue_pointer(moco_model_queue(model.get())), 24);
    EXPECT_EQ(moco__model_shuffles(model.get()), 3U);
}

TEST_F(Step, ComputesABatchInParts)
{
    auto options = small_model();
    options.accumulate = 2;
    options.shuffle = MOCO_SHUFFLE_OFF;
    const auto model = make(options);
    moco_step step{};
    moco_model_means means{};
    ASSERT_OK(moco_model_step(&step, model.get(), images(8, 1), images(8, 2), 0.05, 0.99));
    EXPECT_EQ(sizes_of(step.q), (std::vector<int64_t>{ 4, 16 }));
    EXPECT_EQ(sizes_of(step.k), (std::vector<int64_t>{ 8, 16 }));
    ASSERT_OK(moco_model_read_means(&means, model.get()));
    EXPECT_EQ(means.steps, 1);
    EXPECT_EQ(moco__model_shuffles(model.get()), 0U) << "no permutation is drawn without shuffling";
    // Rows are laid out in two groups; the queue takes the samples in order.
    const auto k = values_of(step.k);
    const auto keys = values_of(moco_queue_keys(moco_model_queue(model.get())));
    for (size_t sample = 0; sample < 8; ++sample) {
        const size_t row = sample % 2 * 4 + sample / 2;
        EXPECT_EQ(std::vector<float>(&keys[sample * 16], &keys[sample * 16] + 16),
                  std::vector<float>(&k[row * 16], &k[row * 16] + 16));
    }
}

TEST_F(Step, LowersTheLoss)
{
    // Keys of the same images fill the queue, which raises the loss; so compare with a model that does not learn.
    std::vector<double> last(2);
    for (const size_t learns : { 0U, 1U }) {
        auto options = small_model();
        options.symmetric = true;
        const auto model = make(options);
        moco_tensor *a = images(8, 1);
        for (int i = 0; i < 12; ++i) {
            moco_step step{};
            ASSERT_OK(moco_model_step(&step, model.get(), a, a, learns == 1 ? 0.05 : 0, 0.9));
            last[learns] = item(step.loss);
        }
        EXPECT_EQ(moco_queue_pointer(moco_model_queue(model.get())), (12 * 16) % 40);
    }
    EXPECT_LT(last[1], 0.9 * last[0]);
}

TEST_F(Step, KeepsItsTensorsOnlyForACallerThatBorrowsThem)
{
    for (const bool symmetric : { false, true }) {
        for (const int64_t accumulate : { 1, 2 }) {
            auto options = small_model();
            options.symmetric = symmetric;
            options.accumulate = accumulate;
            const auto model = make(options);
            moco_tensor *a = images(8, 1);
            const size_t handles = moco_live_handles();
            ASSERT_OK(moco_model_step(nullptr, model.get(), a, a, 0.05, 0.9));
            EXPECT_EQ(moco_live_handles(), handles);
            moco_step step{};
            ASSERT_OK(moco_model_step(&step, model.get(), a, a, 0.05, 0.9));
            EXPECT_GT(moco_live_handles(), handles);
            EXPECT_GT(item(step.loss), 0);
            ASSERT_OK(moco_model_step(nullptr, model.get(), a, a, 0.05, 0.9));
            EXPECT_EQ(moco_live_handles(), handles);
        }
    }
}

// What autocast rounds may be rounded before: losses and parameters are bit-identical.
TEST_F(Step, OnBfloat16ImagesIsBitIdentical)
{
    std::vector<std::vector<float>> states;
    std::vector<double> losses;
    for (const auto dtype : { MOCO_FLOAT32, MOCO_BFLOAT16 }) {
        auto options = small_model();
        options.encoder.precision = MOCO_BF16;
        const auto model = make(options);
        const int64_t sizes[4] = { 8, 3, 16, 16 };
        moco_tensor *views[2];
        for (size_t v = 0; v < 2; ++v) {
            ASSERT_OK(moco_tensor_empty(&views[v], scope, dtype, device(), sizes, 4));
            ASSERT_OK(moco_tensor_copy(views[v], images(8, v + 1)));
        }
        losses.push_back(0);
        for (int i = 0; i < 3; ++i) {
            moco_step step{};
            ASSERT_OK(moco_model_step(&step, model.get(), views[0], views[1], 0.05, 0.9));
            losses.back() += item(step.loss);
        }
        states.push_back(state_of(model.get()));
    }
    EXPECT_EQ(losses[0], losses[1]);
    EXPECT_EQ(states[0], states[1]);
}

TEST_F(Step, RefusesAndChangesNothing)
{
    auto options = small_model();
    options.accumulate = 2;
    const auto owner = make(options);
    moco_model *model = owner.get();
    moco_tensor *eight = images(8, 1);
    ASSERT_OK(moco_model_step(nullptr, model, eight, eight, 0.1, 0.9));
    const auto before = state_of(model);
    moco_tensor *bf16 = nullptr;
    const int64_t sizes[4] = { 8, 3, 16, 16 };
    ASSERT_OK(moco_tensor_zeros(&bf16, scope, MOCO_BFLOAT16, device(), sizes, 4));
    const struct {
        const moco_tensor *im_q, *im_k;
        double lr, m;
        const char *says;
    } bad[] = {
        { eight, images(4, 1), 0.1, 0.9, "8 images of the first view, 4 of the second" },
        { images(7, 1), images(7, 1), 0.1, 0.9, "7 images do not give 2 equal parts" },
        { images(2, 1), images(2, 1), 0.1, 0.9, "1 images do not give 2 equal groups" },
        { images(6, 1), images(6, 1), 0.1, 0.9, "3 images do not give 2 equal groups" },
        { images(0, 1), images(0, 1), 0.1, 0.9, "0 images" },
        { nullptr, eight, 0.1, 0.9, "im_q" },
        { eight, nullptr, 0.1, 0.9, "im_k" },
        { random({ 8, 4, 16, 16 }, 1), eight, 0.1, 0.9, "N x 3 x H x W" },
        { eight, random({ 8, 3, 16 }, 1), 0.1, 0.9, "N x 3 x H x W" },
        { eight, bf16, 0.1, 0.9, "float32" },
        { eight, eight, -1, 0.9, "learning rate -1" },
        { eight, eight, NAN, 0.9, "learning rate" },
        { eight, eight, INFINITY, 0.9, "learning rate" },
        { eight, eight, 0.1, 1.5, "momentum 1.5" },
        { eight, eight, 0.1, NAN, "momentum" },
    };
    for (const auto &b : bad) {
        moco_step step{};
        EXPECT_EQ(moco_model_step(&step, model, b.im_q, b.im_k, b.lr, b.m), MOCO_EINVALID) << b.says;
        EXPECT_NE(std::string(moco_error_message()).find(b.says), std::string::npos) << moco_error_message();
        EXPECT_EQ(step.loss, nullptr);
    }
    EXPECT_EQ(moco_model_step(nullptr, nullptr, eight, eight, 0.1, 0.9), MOCO_EINVALID);
    moco_no_grad_begin();
    EXPECT_EQ(moco_model_step(nullptr, model, eight, eight, 0.1, 0.9), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("moco_no_grad_end"), std::string::npos) << moco_error_message();
    ASSERT_OK(moco_no_grad_end());
    moco_encoder_set_training(moco_model_query_encoder(model), false);
    EXPECT_EQ(moco_model_step(nullptr, model, eight, eight, 0.1, 0.9), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("evaluation mode"), std::string::npos) << moco_error_message();
    EXPECT_EQ(state_of(model), before);
}

TEST_F(Step, DivergenceIsToldWhereTheMeansAreRead)
{
    const auto model = make(small_model());
    moco_tensor *broken = images(8, 1);
    std::vector<float> values(8 * 3 * 16 * 16, NAN);
    ASSERT_OK(moco_tensor_set_from_host(broken, values.data(), values.size() * sizeof(float)));
    ASSERT_OK(moco_model_step(nullptr, model.get(), broken, broken, 0.1, 0.9));
    moco_model_means means{ 77, 0, 0, 0 };
    EXPECT_EQ(moco_model_read_means(&means, model.get()), MOCO_EDIVERGED);
    EXPECT_NE(std::string(moco_error_message()).find("not finite"), std::string::npos) << moco_error_message();
    EXPECT_EQ(means.steps, 77);
    ASSERT_OK(moco_model_read_means(&means, model.get())) << "new means have begun";
    EXPECT_EQ(means.steps, 0);
}

TEST_F(Step, RefusesAPermutationThatIsNotOne)
{
    auto options = small_model();
    options.permutation = [](int64_t *permutation, size_t n, uint64_t, void *) {
        std::fill(permutation, permutation + n, 3);
    };
    const auto model = make(options);
    const size_t handles = moco_live_handles();
    moco_tensor *a = images(8, 1);
    EXPECT_EQ(moco_model_step(nullptr, model.get(), a, a, 0.1, 0.9), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("row 3 is drawn twice"), std::string::npos);
    EXPECT_EQ(moco_live_handles(), handles + 1) << "the images";
    EXPECT_EQ(moco__model_shuffles(model.get()), 0U);
}

TEST_F(Step, ModelsRefuseBadOptions)
{
    moco_model *model = nullptr;
    auto bad = small_model();
    bad.encoder.arch = "resnet19";
    EXPECT_EQ(moco_model_create(&model, bad.get()), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("resnet19"), std::string::npos);
    bad = small_model();
    bad.temperature = 0;
    EXPECT_EQ(moco_model_create(&model, bad.get()), MOCO_EINVALID);
    bad = small_model();
    bad.accumulate = 0;
    EXPECT_EQ(moco_model_create(&model, bad.get()), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("accumulate 0"), std::string::npos);
    bad = small_model();
    bad.shuffle = static_cast<moco_shuffle_kind>(9);
    EXPECT_EQ(moco_model_create(&model, bad.get()), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("shuffle 9"), std::string::npos) << moco_error_message();
    bad = small_model();
    bad.temperature = INFINITY;
    EXPECT_EQ(moco_model_create(&model, bad.get()), MOCO_EINVALID);
    EXPECT_EQ(moco_model_create(nullptr, bad.get()), MOCO_EINVALID);
    EXPECT_EQ(model, nullptr);
    moco_model_free(nullptr);
}
