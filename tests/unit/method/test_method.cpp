// The method: queue against a model ring, momentum update, shuffle, InfoNCE, schedules, means, the step.
#include "support/tensor_values.hpp"

#include <gtest/gtest.h>
#include <moco.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

using moco_test::values_of;

namespace {

constexpr moco_device kCpu = { MOCO_CPU, 0 };

void ok(moco_status status)
{
    ASSERT_EQ(status, MOCO_OK) << moco_error_message();
}

moco_tensor *matrix(int64_t rows, int64_t columns, const std::vector<float> &values)
{
    moco_tensor *tensor = nullptr;
    const int64_t sizes[] = { rows, columns };
    EXPECT_EQ(moco_tensor_from_host(&tensor, nullptr, MOCO_FLOAT32, kCpu, sizes, 2, values.data()), MOCO_OK);
    return tensor;
}

class Method : public ::testing::Test {
  protected:
    void SetUp() override { before_ = moco_live_handles(); }
    void TearDown() override { EXPECT_EQ(moco_live_handles(), before_); }

  private:
    size_t before_ = 0;
};

moco_model_options small_model()
{
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    options.encoder.arch = "resnet20";
    options.encoder.dim = 16;
    options.encoder.bn_splits = 2;
    options.queue_size = 40;
    options.temperature = 0.2;
    return options;
}

moco_tensor *random_images(int64_t count, int64_t size, uint64_t seed)
{
    moco_tensor *images = nullptr;
    const int64_t sizes[] = { count, 3, size, size };
    EXPECT_EQ(moco_tensor_randn(&images, nullptr, kCpu, sizes, 4, seed), MOCO_OK);
    return images;
}

} // namespace

RC_GTEST_PROP(Queue, IsARing, ())
{
    const auto size = *rc::gen::inRange<int64_t>(1, 20);
    moco_queue_options options = MOCO_QUEUE_OPTIONS_INIT;
    options.size = size;
    options.dim = 2;
    moco_queue *queue = nullptr;
    RC_ASSERT(moco_queue_create(&queue, &options) == MOCO_OK);
    std::vector<float> ring = values_of(moco_queue_keys(queue));
    int64_t pointer = 0;
    int64_t total = 0;
    float next = 0;
    for (const auto batch : *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(1, 30))) {
        std::vector<float> keys;
        for (int64_t i = 0; i < batch; ++i, next += 1) {
            keys.insert(keys.end(), { next, -next });
            ring[static_cast<size_t>(2 * pointer)] = next;
            ring[static_cast<size_t>(2 * pointer + 1)] = -next;
            pointer = (pointer + 1) % size;
        }
        total += batch;
        moco_tensor *tensor = matrix(batch, 2, keys);
        RC_ASSERT(moco_queue_enqueue(queue, tensor) == MOCO_OK);
        moco_tensor_free(tensor);
        RC_ASSERT(values_of(moco_queue_keys(queue)) == ring);
        RC_ASSERT(moco_queue_pointer(queue) == pointer);
        RC_ASSERT(moco_queue_filled(queue) == std::min(total, size));
    }
    moco_queue_free(queue);
}

TEST_F(Method, QueueStartsWithNormalisedKeysAndCanHideThem)
{
    moco_queue_options options = MOCO_QUEUE_OPTIONS_INIT;
    options.size = 10;
    options.dim = 4;
    options.filled_only = true;
    moco_queue *queue = nullptr;
    ok(moco_queue_create(&queue, &options));
    const auto keys = values_of(moco_queue_keys(queue));
    for (size_t row = 0; row < 10; ++row) {
        double norm = 0;
        for (size_t d = 0; d < 4; ++d) {
            norm += static_cast<double>(keys[row * 4 + d]) * static_cast<double>(keys[row * 4 + d]);
        }
        EXPECT_NEAR(norm, 1, 1e-6);
    }
    moco_tensor *negatives = nullptr;
    ok(moco_queue_negatives(&negatives, nullptr, queue));
    EXPECT_EQ(moco_tensor_size(negatives, 0), 0);
    moco_tensor_free(negatives);
    moco_tensor *three = matrix(3, 4, std::vector<float>(12, 0.5F));
    ok(moco_queue_enqueue(queue, three));
    ok(moco_queue_negatives(&negatives, nullptr, queue));
    EXPECT_EQ(moco_tensor_size(negatives, 0), 3);
    moco_tensor_free(negatives);
    moco_tensor_free(three);
    moco_tensor *wrong = matrix(4, 3, std::vector<float>(12, 0.5F));
    EXPECT_EQ(moco_queue_enqueue(queue, wrong), MOCO_EINVALID);
    moco_tensor_free(wrong);
    EXPECT_EQ(moco_queue_restore(queue, 10, 0), MOCO_EINVALID);
    ok(moco_queue_restore(queue, 9, 10));
    moco_queue_free(queue);
}

TEST_F(Method, QueueRefusesBadSizes)
{
    moco_queue_options options = MOCO_QUEUE_OPTIONS_INIT;
    options.size = 0;
    moco_queue *queue = nullptr;
    EXPECT_EQ(moco_queue_create(&queue, &options), MOCO_EINVALID);
    EXPECT_EQ(queue, nullptr);
    EXPECT_NE(std::string(moco_error_message()).find("size 0"), std::string::npos);
}

RC_GTEST_PROP(Shuffle, UnshuffleAfterShuffleIsTheIdentity, (uint64_t seed, uint64_t step))
{
    const auto n = static_cast<size_t>(*rc::gen::inRange(1, 300));
    std::vector<int64_t> order(n), inverse(n), sorted(n);
    moco_shuffle_permutation(order.data(), n, seed, step);
    moco_shuffle_inverse(inverse.data(), order.data(), n);
    sorted = order;
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < n; ++i) {
        RC_ASSERT(sorted[i] == static_cast<int64_t>(i));
        RC_ASSERT(order[static_cast<size_t>(inverse[i])] == static_cast<int64_t>(i));
    }
}

TEST_F(Method, ShuffleDependsOnSeedAndStep)
{
    std::vector<int64_t> a(100), b(100);
    moco_shuffle_permutation(a.data(), 100, 1, 2);
    moco_shuffle_permutation(b.data(), 100, 1, 2);
    EXPECT_EQ(a, b);
    moco_shuffle_permutation(b.data(), 100, 1, 3);
    EXPECT_NE(a, b);
    moco_shuffle_permutation(b.data(), 100, 2, 2);
    EXPECT_NE(a, b);
}

TEST_F(Method, MomentumUpdateMovesParametersAndLeavesStatistics)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = "resnet20";
    options.dim = 8;
    moco_encoder *query = nullptr;
    moco_encoder *key = nullptr;
    ok(moco_encoder_create(&query, &options));
    ok(moco_encoder_clone_frozen(&key, query));
    const auto *query_state = moco_encoder_state(query);
    const auto *key_state = moco_encoder_state(key);
    std::vector<std::vector<float>> before;
    for (size_t i = 0; i < moco_tensor_list_count(query_state); ++i) {
        moco_tensor *tensor = moco_tensor_list_get(query_state, i);
        before.push_back(moco_tensor_dtype(tensor) == MOCO_FLOAT32 ? values_of(tensor) : std::vector<float>());
        if (moco_tensor_dtype(tensor) == MOCO_FLOAT32) {
            std::vector<float> shifted = before.back();
            for (auto &value : shifted) {
                value += 1;
            }
            ok(moco_tensor_set_from_host(tensor, shifted.data(), shifted.size() * sizeof(float)));
        }
    }
    ok(moco_momentum_update(key, query, 0.75));
    for (size_t i = 0; i < before.size(); ++i) {
        if (before[i].empty()) {
            continue;
        }
        const auto after = values_of(moco_tensor_list_get(key_state, i));
        const float shift = moco_encoder_state_is_parameter(key, i) ? 0.25F : 0;
        for (size_t j = 0; j < after.size(); ++j) {
            ASSERT_NEAR(after[j], before[i][j] + shift, 2e-6) << moco_encoder_state_name(key, i);
        }
    }
    EXPECT_EQ(moco_momentum_update(key, query, 1.5), MOCO_EINVALID);
    EXPECT_EQ(moco_momentum_update(key, query, NAN), MOCO_EINVALID);
    moco_encoder_free(key);
    moco_encoder_free(query);
}

TEST_F(Method, MomentumCosineRisesToOne)
{
    EXPECT_DOUBLE_EQ(moco_momentum_cosine(0.99, 0), 0.99);
    EXPECT_NEAR(moco_momentum_cosine(0.99, 0.5), 0.995, 1e-12);
    EXPECT_DOUBLE_EQ(moco_momentum_cosine(0.99, 1), 1);
}

TEST_F(Method, InfoNceByHand)
{
    moco_tensor *q = matrix(2, 2, { 1, 0, 0, 1 });
    moco_tensor *k = matrix(2, 2, { 1, 0, 0.6F, 0.8F });
    moco_tensor *queue = matrix(1, 2, { 0, 1 });
    moco_tensor *logits = nullptr;
    moco_tensor *loss = nullptr;
    ok(moco_infonce_logits(&logits, nullptr, q, k, queue, 0.5));
    EXPECT_EQ(values_of(logits), (std::vector<float>{ 2, 0, 1.6F, 2 }));
    moco_scope *scope = nullptr;
    ok(moco_scope_create(&scope));
    ok(moco_infonce_loss(&loss, scope, logits));
    double value = 0;
    ok(moco_tensor_item(&value, loss));
    EXPECT_NEAR(value, (std::log(1 + std::exp(-2.0)) + std::log(1 + std::exp(0.4))) / 2, 1e-6);
    moco_tensor *negative = nullptr;
    EXPECT_EQ(moco_infonce_logits(&negative, nullptr, q, k, queue, 0), MOCO_EINVALID);
    EXPECT_EQ(negative, nullptr);
    moco_scope_free(scope);
    for (auto *tensor : { q, k, queue, logits }) {
        moco_tensor_free(tensor);
    }
}

TEST_F(Method, FloorAndChance)
{
    // v2, v1 and the CIFAR demonstration of the reference.
    EXPECT_NEAR(moco_infonce_floor(65536, 128, 0.2), 6.19, 0.01);
    EXPECT_NEAR(moco_infonce_floor(65536, 128, 0.07), 0.09, 0.01);
    EXPECT_NEAR(moco_infonce_floor(4096, 128, 0.1), 0.24, 0.01);
    EXPECT_NEAR(moco_infonce_chance(65536), 11.09, 0.01);
    EXPECT_NEAR(moco_infonce_chance(4096), 8.32, 0.01);
}

TEST_F(Method, RankCountsTiesAndNanAgainst)
{
    moco_tensor *t = matrix(4, 3, { 3, 1, 2, 1, 1, 0, 0, 5, 5, NAN, 1, 2 });
    moco_tensor *rank = nullptr;
    ok(moco_tensor_row_rank(&rank, nullptr, t, 0));
    std::vector<int64_t> ranks(4);
    ok(moco_tensor_to_host(ranks.data(), 32, rank));
    EXPECT_EQ(ranks, (std::vector<int64_t>{ 0, 1, 2, 2 }));
    moco_tensor_free(rank);
    moco_tensor_free(t);
}

TEST_F(Method, Schedules)
{
    moco_schedule s = MOCO_SCHEDULE_INIT;
    s.kind = MOCO_SCHEDULE_STEPS;
    s.milestone_count = 2;
    s.milestones[0] = 120;
    s.milestones[1] = 160;
    EXPECT_DOUBLE_EQ(moco_schedule_lr(&s, 0), 0.03);
    EXPECT_DOUBLE_EQ(moco_schedule_lr(&s, 119.99), 0.03);
    EXPECT_NEAR(moco_schedule_lr(&s, 120), 0.003, 1e-12);
    EXPECT_NEAR(moco_schedule_lr(&s, 199), 0.0003, 1e-12);
    s.kind = MOCO_SCHEDULE_COSINE;
    EXPECT_NEAR(moco_schedule_lr(&s, 100), 0.015, 1e-12);
    EXPECT_DOUBLE_EQ(moco_schedule_lr(&s, 100.9), moco_schedule_lr(&s, 100)) << "constant within an epoch";
    s.per_step = true;
    EXPECT_LT(moco_schedule_lr(&s, 100.9), moco_schedule_lr(&s, 100));
    s.warmup_epochs = 10;
    EXPECT_DOUBLE_EQ(moco_schedule_lr(&s, 0), 0);
    EXPECT_NEAR(moco_schedule_lr(&s, 5), 0.015, 1e-12);
    EXPECT_NEAR(moco_schedule_lr(&s, 10), 0.03, 1e-12);
    EXPECT_NEAR(moco_schedule_lr(&s, 200), 0, 1e-12);
    EXPECT_DOUBLE_EQ(moco_schedule_auto_lr(512), 0.06);
}

TEST_F(Method, StepTrainsAndMeansAreRead)
{
    const auto options = small_model();
    moco_model *model = nullptr;
    ok(moco_model_create(&model, &options));
    moco_tensor *a = random_images(8, 16, 1);
    moco_tensor *b = random_images(8, 16, 2);
    moco_step step{};
    double total = 0;
    for (int i = 0; i < 3; ++i) {
        ok(moco_model_step(&step, model, a, b, 0.05, 0.99));
        double loss = 0;
        ok(moco_tensor_item(&loss, step.loss));
        total += loss;
        EXPECT_EQ(moco_tensor_size(step.logits, 1), 41);
    }
    moco_model_means means{};
    ok(moco_model_read_means(&means, model));
    EXPECT_EQ(means.steps, 3);
    EXPECT_NEAR(means.loss, total / 3, 1e-5);
    ok(moco_model_read_means(&means, model));
    EXPECT_EQ(means.steps, 0);
    EXPECT_TRUE(std::isnan(means.loss));
    EXPECT_EQ(moco_queue_pointer(moco_model_queue(model)), 24);
    EXPECT_EQ(moco_model_shuffles(model), 3U);
    moco_tensor_free(a);
    moco_tensor_free(b);
    moco_model_free(model);
}

TEST_F(Method, LearningLowersTheLoss)
{
    // The queue fills with keys of the same images, which raises the loss; so compare with a model that stands still.
    std::vector<double> last(2);
    for (const size_t learns : { 0U, 1U }) {
        auto options = small_model();
        options.symmetric = true;
        moco_model *model = nullptr;
        ok(moco_model_create(&model, &options));
        moco_tensor *a = random_images(8, 16, 1);
        for (int i = 0; i < 12; ++i) {
            moco_step step{};
            ok(moco_model_step(&step, model, a, a, learns == 1 ? 0.05 : 0, 0.9));
            ok(moco_tensor_item(&last[learns], step.loss));
        }
        EXPECT_EQ(moco_queue_pointer(moco_model_queue(model)), (12 * 16) % 40);
        moco_tensor_free(a);
        moco_model_free(model);
    }
    EXPECT_LT(last[1], 0.9 * last[0]);
}

// What autocast rounds may as well come rounded: losses and parameters are the same bits.
TEST_F(Method, Bfloat16ImagesTrainToTheSameBits)
{
    std::vector<std::vector<float>> parameters(2);
    std::vector<double> losses(2);
    for (const size_t rounded : { 0U, 1U }) {
        auto options = small_model();
        options.encoder.precision = MOCO_BF16;
        moco_model *model = nullptr;
        ok(moco_model_create(&model, &options));
        moco_tensor *views[2];
        for (size_t v = 0; v < 2; ++v) {
            moco_tensor *images = random_images(8, 16, static_cast<int>(v + 1));
            const int64_t sizes[4] = { 8, 3, 16, 16 };
            ok(moco_tensor_empty(&views[v], nullptr, rounded == 1 ? MOCO_BFLOAT16 : MOCO_FLOAT32, { MOCO_CPU, 0 },
                                 sizes, 4));
            ok(moco_tensor_copy(views[v], images));
            moco_tensor_free(images);
        }
        for (int i = 0; i < 3; ++i) {
            moco_step step{};
            double loss = 0;
            ok(moco_model_step(&step, model, views[0], views[1], 0.05, 0.9));
            ok(moco_tensor_item(&loss, step.loss));
            losses[rounded] += loss;
        }
        const moco_tensor_list *list = moco_encoder_parameters(moco_model_query_encoder(model));
        for (size_t i = 0; i < moco_tensor_list_count(list); ++i) {
            const auto values = values_of(moco_tensor_list_get(list, i));
            parameters[rounded].insert(parameters[rounded].end(), values.begin(), values.end());
        }
        moco_tensor_free(views[0]);
        moco_tensor_free(views[1]);
        moco_model_free(model);
    }
    EXPECT_EQ(losses[0], losses[1]);
    EXPECT_EQ(parameters[0], parameters[1]);
}

TEST_F(Method, Bfloat16ImagesAreForThatPrecisionAlone)
{
    const auto options = small_model();
    moco_model *model = nullptr;
    moco_tensor *images = nullptr;
    const int64_t sizes[4] = { 8, 3, 16, 16 };
    ok(moco_model_create(&model, &options));
    ok(moco_tensor_zeros(&images, nullptr, MOCO_BFLOAT16, { MOCO_CPU, 0 }, sizes, 4));
    EXPECT_EQ(moco_model_step(nullptr, model, images, images, 0.1, 0.9), MOCO_EINVALID);
    moco_tensor_free(images);
    moco_model_free(model);
}

TEST_F(Method, StepRefusesWhatDoesNotFit)
{
    const auto options = small_model();
    moco_model *model = nullptr;
    ok(moco_model_create(&model, &options));
    moco_tensor *eight = random_images(8, 16, 1);
    moco_tensor *seven = random_images(7, 16, 1);
    EXPECT_EQ(moco_model_step(nullptr, model, eight, seven, 0.1, 0.9), MOCO_EINVALID);
    EXPECT_EQ(moco_model_step(nullptr, model, seven, seven, 0.1, 0.9), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("7"), std::string::npos) << moco_error_message();
    EXPECT_EQ(moco_model_step(nullptr, model, nullptr, eight, 0.1, 0.9), MOCO_EINVALID);
    ok(moco_model_step(nullptr, model, eight, eight, 0.1, 0.9));
    moco_tensor_free(eight);
    moco_tensor_free(seven);
    moco_model_free(model);
    auto bad = small_model();
    bad.encoder.arch = "resnet19";
    moco_model *none = nullptr;
    EXPECT_EQ(moco_model_create(&none, &bad), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("resnet19"), std::string::npos);
}
