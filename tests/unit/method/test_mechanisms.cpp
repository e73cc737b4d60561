// Tests what the mechanisms compute beside MoCo's step; the goldens compare their numbers.
#include "support/mechanisms.hpp"

#include <algorithm>
#include <cmath>

using moco_test::cross_entropy;
using moco_test::device;
using moco_test::dot;
using moco_test::row_of;
using moco_test::sizes_of;
using moco_test::small_model;
using moco_test::Values;
using moco_test::values_of;

namespace {

using Mechanisms = moco_test::MechanismTest;

const moco_mechanism all[] = { MOCO_MECHANISM_MOCO, MOCO_MECHANISM_END_TO_END, MOCO_MECHANISM_MEMORY_BANK,
                               MOCO_MECHANISM_MOMENTUM_BATCH };

} // namespace

TEST_F(Mechanisms, KeepTheirTensorsOnlyForACallerThatBorrowsThem)
{
    for (const auto mechanism : all) {
        const auto model = make(small_model(mechanism));
        ASSERT_OK(step(nullptr, model.get()));
        moco_scope_clear(scope);
        const size_t handles = moco_live_handles();
        moco_step result{};
        ASSERT_OK(step(&result, model.get()));
        EXPECT_GT(item(result.loss), 0);
        ASSERT_OK(step(nullptr, model.get()));
        moco_scope_clear(scope);
        EXPECT_EQ(moco_live_handles(), handles) << mechanism;
    }
}

TEST_F(Mechanisms, HaveWhatTheyCompareWith)
{
    for (const auto mechanism : all) {
        const auto model = make(small_model(mechanism));
        const bool bank = mechanism == MOCO_MECHANISM_MEMORY_BANK;
        const bool v3 = mechanism == MOCO_MECHANISM_MOMENTUM_BATCH;
        EXPECT_EQ(moco_model_queue(model.get()) != nullptr, mechanism == MOCO_MECHANISM_MOCO);
        EXPECT_EQ(moco_model_key_encoder(model.get()) != nullptr, mechanism == MOCO_MECHANISM_MOCO || v3);
        EXPECT_EQ(moco_model_bank(model.get()) != nullptr, bank);
        EXPECT_EQ(moco_tensor_list_count(moco_model_predictor(model.get())), v3 ? 4U : 0U);
    }
    auto separate = small_model(MOCO_MECHANISM_END_TO_END);
    separate.separate_encoders = true;
    EXPECT_NE(moco_model_key_encoder(make(separate).get()), nullptr);
    auto plain = small_model(MOCO_MECHANISM_MOMENTUM_BATCH);
    plain.predictor = 0;
    EXPECT_EQ(moco_model_predictor(make(plain).get()), nullptr);
    EXPECT_EQ(moco_model_bank(nullptr), nullptr);
    EXPECT_EQ(moco_model_predictor(nullptr), nullptr);
}

TEST_F(Mechanisms, LowerTheLoss)
{
    for (const auto mechanism : all) {
        double last[2];
        for (const int learns : { 0, 1 }) {
            const auto model = make(small_model(mechanism));
            const size_t samples[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
            moco_tensor *view = images(8, 1);
            for (int i = 0; i < 12; ++i) {
                moco_step result{};
                ASSERT_OK(
                    moco_model_step_samples(&result, model.get(), view, view, samples, learns == 1 ? 0.05 : 0, 0.9));
                last[learns] = item(result.loss);
            }
        }
        EXPECT_LT(last[1], 0.95 * last[0]) << mechanism;
    }
}

TEST_F(Mechanisms, OfTheBatchHaveItsOtherKeysAsNegatives)
{
    for (const auto mechanism : { MOCO_MECHANISM_END_TO_END, MOCO_MECHANISM_MOMENTUM_BATCH }) {
        const auto model = make(small_model(mechanism));
        moco_step result{};
        ASSERT_OK(step(&result, model.get()));
        const auto logits = values_of(result.logits);
        const auto q = values_of(result.q);
        const auto k = values_of(result.k);
        EXPECT_EQ(sizes_of(result.logits), (std::vector<int64_t>{ 8, 8 }));
        for (size_t i = 0; i < 8; ++i) {
            for (size_t j = 0; j < 8; ++j) {
                EXPECT_NEAR(logits[i * 8 + j], dot(row_of(q, i), row_of(k, j)) / 0.2, 1e-4);
            }
        }
        const double scale = mechanism == MOCO_MECHANISM_MOMENTUM_BATCH ? 2 * 0.2 : 1;
        EXPECT_NEAR(item(result.loss), scale * cross_entropy(logits, 8, 0, 1), 1e-4);
        moco_model_means means{};
        ASSERT_OK(moco_model_read_means(&means, model.get()));
        double best = 0;
        for (size_t i = 0; i < 8; ++i) {
            const auto row = logits.begin() + static_cast<ptrdiff_t>(i * 8);
            best += std::max_element(row, row + 8) == row + static_cast<ptrdiff_t>(i) ? 12.5 : 0;
        }
        EXPECT_NEAR(means.acc1, best, 1e-3);
    }
}

TEST_F(Mechanisms, OfTheBatchAddBothDirections)
{
    for (const auto mechanism : { MOCO_MECHANISM_END_TO_END, MOCO_MECHANISM_MOMENTUM_BATCH }) {
        double one_way[2];
        double both = 0;
        moco_tensor *views[] = { images(8, 1), images(8, 2) };
        for (const size_t first : { 0U, 1U }) {
            auto options = small_model(mechanism);
            options.shuffle = MOCO_SHUFFLE_OFF; // the directions would have other permutations
            moco_step result{};
            const auto model = make(options);
            ASSERT_OK(moco_model_step(&result, model.get(), views[first], views[1 - first], 0, 0.9));
            one_way[first] = item(result.loss);
            options.symmetric = true;
            const auto symmetric = make(options);
            ASSERT_OK(moco_model_step(&result, symmetric.get(), views[0], views[1], 0, 0.9));
            both = item(result.loss);
        }
        EXPECT_NEAR(both, one_way[0] + one_way[1], 1e-5);
    }
}

// A batch in parts has the same keys, so it learns the same.
TEST_F(Mechanisms, OfMomentumComputeABatchInParts)
{
    for (const auto mechanism : { MOCO_MECHANISM_MEMORY_BANK, MOCO_MECHANISM_MOMENTUM_BATCH }) {
        double losses[2];
        Values weights[2];
        for (const int64_t parts : { 1, 2 }) {
            auto options = small_model(mechanism);
            options.encoder.bn_splits = 2 / parts;
            options.accumulate = parts;
            options.shuffle = MOCO_SHUFFLE_OFF;
            const auto model = make(options);
            // In groups: rows 0, 2, 4, 6 and 1, 3, 5, 7 are the groups of one part, and the parts of two.
            const std::vector<int64_t> rows = { 0, 2, 4, 6, 1, 3, 5, 7 };
            const std::vector<size_t> samples = { 0, 1, 2, 3, 4, 5, 6, 7 };
            std::vector<size_t> sorted;
            moco_tensor *index = nullptr;
            const int64_t count = 8;
            ASSERT_OK(moco_tensor_from_host(&index, scope, MOCO_INT64, device(), &count, 1, rows.data()));
            moco_tensor *a = images(8, 1);
            moco_tensor *b = images(8, 2);
            if (parts == 2) {
                ASSERT_OK(moco_tensor_index_select(&a, scope, a, index));
                ASSERT_OK(moco_tensor_index_select(&b, scope, b, index));
            }
            for (const int64_t row : rows) {
                sorted.push_back(samples[static_cast<size_t>(row)]);
            }
            ASSERT_OK(
                moco_model_step_samples(nullptr, model.get(), a, b, (parts == 2 ? sorted : samples).data(), 0.05, 0.9));
            moco_model_means means{};
            ASSERT_OK(moco_model_read_means(&means, model.get()));
            losses[parts - 1] = means.loss;
            weights[parts - 1] =
                values_of(moco_tensor_list_get(moco_encoder_parameters(moco_model_query_encoder(model.get())), 0));
        }
        EXPECT_NEAR(losses[0], losses[1], 1e-4) << mechanism;
        for (size_t i = 0; i < weights[0].size(); ++i) {
            EXPECT_NEAR(weights[0][i], weights[1][i], 1e-4) << mechanism;
        }
    }
}

TEST_F(Mechanisms, RefuseOptionsThatAreNotTheirs)
{
    auto bad = small_model(MOCO_MECHANISM_END_TO_END);
    bad.accumulate = 2;
    refuse(bad, "end-to-end needs the whole batch");
    bad = small_model(MOCO_MECHANISM_MEMORY_BANK);
    bad.symmetric = true;
    refuse(bad, "one view");
    bad = small_model(MOCO_MECHANISM_MEMORY_BANK);
    bad.bank_images = 0;
    refuse(bad, "bank_images, 0");
    bad = small_model(MOCO_MECHANISM_MEMORY_BANK);
    bad.bank_momentum = 1;
    refuse(bad, "bank_momentum 1");
    bad = small_model(MOCO_MECHANISM_MOMENTUM_BATCH);
    bad.predictor = -1;
    refuse(bad, "predictor -1");
    bad = small_model(static_cast<moco_mechanism>(9));
    refuse(bad, "mechanism 9");
    bad = small_model(MOCO_MECHANISM_MEMORY_BANK);
    bad.cuda_graph = true;
    refuse(bad, "CUDA graph");
}

/*
 * The classic mistake: keys that are enqueued before the logits make each query's own key a negative. Its logit is that
 * of the positive, so the loss cannot fall below ln 2. Here queries equal their keys, so without the mistake it is far
 * below.
 */
TEST_F(Mechanisms, NoQueryMeetsItsOwnKeyAsANegative)
{
    const double ln2 = std::log(2);
    // A dictionary of a memory bank may hold the image itself by chance, which the log's floor counts.
    for (const auto mechanism : { MOCO_MECHANISM_MOCO, MOCO_MECHANISM_END_TO_END, MOCO_MECHANISM_MOMENTUM_BATCH }) {
        auto options = small_model(mechanism);
        options.encoder.bn_splits = 1;
        options.temperature = 0.001;
        options.shuffle = MOCO_SHUFFLE_OFF;
        options.predictor = 0;
        const auto model = make(options);
        moco_tensor *view = images(8, 1);
        moco_step result{};
        ASSERT_OK(moco_model_step(&result, model.get(), view, view, 0, 0.9));
        const double scale = mechanism == MOCO_MECHANISM_MOMENTUM_BATCH ? 2 * 0.001 : 1;
        EXPECT_LT(item(result.loss), 0.5 * ln2 * scale) << mechanism;
        moco_tensor *logits = nullptr; // of the same step with the mistake
        moco_tensor *mistaken = nullptr;
        ASSERT_OK(moco_infonce_logits(&logits, scope, result.q, result.k, result.k, 0.001));
        ASSERT_OK(moco_infonce_loss(&mistaken, scope, logits));
        EXPECT_GE(item(mistaken), ln2 - 1e-3);
    }
}
