// Tests linear classifiers: gradients against finite differences, sweeps, and rates that diverge.
#include "evaluate/linear_internal.h"
#include "support/temporary_folder.hpp"
#include "support/tensor_values.hpp"
#include "support/toy_dataset.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using moco_test::message_has;
using moco_test::toy_dataset;
using moco_test::values_of;

namespace {

using Linear = moco_test::WithFolder;

constexpr int64_t kDim = 5;
constexpr int64_t kClasses = 3;
constexpr int64_t kRows = 4;

moco_tensor *tensor_of(const std::vector<float> &values, int64_t rows, int64_t columns)
{
    const int64_t sizes[] = { rows, columns };
    moco_tensor *tensor = nullptr;
    EXPECT_EQ(moco_tensor_from_host(&tensor, nullptr, MOCO_FLOAT32, { MOCO_CPU, 0 }, sizes, 2, values.data()), MOCO_OK);
    return tensor;
}

moco_linear *classifiers(const std::vector<double> &rates, int64_t dim = kDim, int64_t classes = kClasses)
{
    moco_linear_options options = MOCO_LINEAR_OPTIONS_INIT;
    options.dim = dim;
    options.classes = classes;
    options.rate_count = rates.size();
    std::copy(rates.begin(), rates.end(), options.rates);
    options.seed = 3;
    moco_linear *linear = nullptr;
    EXPECT_EQ(moco_linear_create(&linear, &options), MOCO_OK) << moco_error_message();
    return linear;
}

std::vector<float> learnt(const moco_linear *linear, size_t rate, size_t which)
{
    return values_of(moco_tensor_list_get(moco_linear_parameters(linear, rate), which));
}

// A batch that any of these tests may use.
struct Batch {
    std::vector<float> x;
    std::vector<int64_t> y{ 0, 2, 1, 2 };
    moco_tensor *features, *labels = nullptr;

    Batch()
    {
        for (int i = 0; i < kRows * kDim; ++i) {
            x.push_back(static_cast<float>(std::sin(1.7 * i) + 0.3));
        }
        features = tensor_of(x, kRows, kDim);
        const int64_t size = kRows;
        EXPECT_EQ(moco_tensor_from_host(&labels, nullptr, MOCO_INT64, { MOCO_CPU, 0 }, &size, 1, y.data()), MOCO_OK);
    }
    Batch(const Batch &) = delete;
    Batch &operator=(const Batch &) = delete;
    ~Batch()
    {
        moco_tensor_free(features);
        moco_tensor_free(labels);
    }
    // Mean cross entropy in doubles.
    [[nodiscard]] double loss(const std::vector<double> &weight, const std::vector<double> &bias) const
    {
        double sum = 0;
        for (size_t n = 0; n < kRows; ++n) {
            std::vector<double> logits(bias);
            double total = 0;
            for (size_t c = 0; c < kClasses; ++c) {
                for (size_t d = 0; d < kDim; ++d) {
                    logits[c] += weight[c * kDim + d] * static_cast<double>(x[n * kDim + d]);
                }
                total += std::exp(logits[c]);
            }
            sum += std::log(total) - logits[static_cast<size_t>(y[n])];
        }
        return sum / kRows;
    }
};

moco_features *pooled(const moco_dataset *dataset, moco_encoder *encoder, bool raw = true)
{
    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    options.kind = encoder != nullptr ? MOCO_FEATURE_POOLED : MOCO_FEATURE_PIXELS;
    options.batch = 16;
    options.workers = 1;
    options.raw = raw;
    return moco_test::toy_features(dataset, options, encoder);
}

moco_linear_train_options short_training(int64_t epochs)
{
    moco_linear_train_options options = MOCO_LINEAR_TRAIN_OPTIONS_INIT;
    options.epochs = epochs;
    options.batch = 16;
    return options;
}

} // namespace

TEST_F(Linear, AStepFollowsTheGradient)
{
    const Batch batch;
    const double rate = 0.5, step = 1e-6;
    moco_linear *linear = classifiers({ rate });
    const auto before = learnt(linear, 0, 0);
    ASSERT_EQ(before.size(), static_cast<size_t>(kClasses * kDim));
    ASSERT_EQ(moco__linear_step(linear, batch.features, batch.labels, 1), MOCO_OK) << moco_error_message();
    const auto weight = learnt(linear, 0, 0);
    const auto bias = learnt(linear, 0, 1);
    const std::vector<double> w(before.begin(), before.end());
    const std::vector<double> b(kClasses);
    for (size_t i = 0; i < w.size(); ++i) {
        auto up = w, down = w;
        up[i] += step;
        down[i] -= step;
        const double gradient = (batch.loss(up, b) - batch.loss(down, b)) / (2 * step);
        EXPECT_NEAR(static_cast<double>(weight[i]), w[i] - rate * gradient, 1e-6) << "weight " << i;
    }
    for (size_t c = 0; c < b.size(); ++c) {
        auto up = b;
        auto down = b;
        up[c] += step;
        down[c] -= step;
        const double gradient = (batch.loss(w, up) - batch.loss(w, down)) / (2 * step);
        EXPECT_NEAR(static_cast<double>(bias[c]), -rate * gradient, 1e-6) << "bias " << c;
    }
    moco_score means;
    ASSERT_EQ(moco__linear_read_means(&means, linear), MOCO_OK);
    EXPECT_NEAR(means.loss, batch.loss(w, b), 1e-5);
    EXPECT_EQ(means.acc5, 100) << "of three classes";
    moco_linear_free(linear);
}

TEST_F(Linear, ASweepEqualsSingleRuns)
{
    const std::vector<double> rates{ 0.01, 0.3, 10 };
    moco_dataset *train = toy_dataset(50);
    moco_dataset *val = toy_dataset(23);
    moco_features *x = pooled(train, nullptr);
    moco_features *test = pooled(val, nullptr);
    const auto how = short_training(6);
    const int64_t dim = moco_tensor_size(moco_features_matrix(x), 1);
    moco_linear *all = classifiers(rates, dim, 4);
    moco_linear_result together;
    ASSERT_EQ(moco_linear_train_cached(&together, all, x, test, &how), MOCO_OK) << moco_error_message();
    ASSERT_EQ(together.rate_count, 3U);
    for (size_t i = 0; i < rates.size(); ++i) {
        moco_linear *one = classifiers({ rates[i] }, dim, 4);
        moco_linear_result alone;
        ASSERT_EQ(moco_linear_train_cached(&alone, one, x, test, &how), MOCO_OK) << moco_error_message();
        EXPECT_EQ(learnt(one, 0, 0), learnt(all, i, 0)) << rates[i];
        EXPECT_EQ(learnt(one, 0, 1), learnt(all, i, 1)) << rates[i];
        EXPECT_EQ(alone.outcomes[0].best.acc1, together.outcomes[i].best.acc1);
        EXPECT_EQ(alone.outcomes[0].best_epoch, together.outcomes[i].best_epoch);
        EXPECT_LE(together.outcomes[i].best.acc1, together.outcomes[together.best].best.acc1);
        moco_linear_free(one);
    }
    EXPECT_EQ(together.outcomes[together.best].best.acc1, 100) << "the bright quadrant is the class";
    moco_linear_free(all);
    moco_features_free(x);
    moco_features_free(test);
    moco_dataset_free(train);
    moco_dataset_free(val);
}

TEST_F(Linear, ADivergedRateStopsAndOthersContinue)
{
    moco_dataset *train = toy_dataset(40);
    moco_features *x = pooled(train, nullptr);
    const int64_t dim = moco_tensor_size(moco_features_matrix(x), 1);
    const auto how = short_training(3);
    moco_linear *linear = classifiers({ 1e38, 0.1 }, dim, 4);
    moco_linear_result result;
    ASSERT_EQ(moco_linear_train_cached(&result, linear, x, x, &how), MOCO_OK) << moco_error_message();
    EXPECT_TRUE(result.outcomes[0].diverged);
    EXPECT_TRUE(moco__linear_diverged(linear, 0));
    EXPECT_TRUE(std::isnan(result.outcomes[0].best.acc1));
    EXPECT_FALSE(result.outcomes[1].diverged);
    EXPECT_EQ(result.best, 1U);
    EXPECT_GT(result.outcomes[1].best.acc1, 50);
    moco_linear *alone = classifiers({ 1e38 }, dim, 4);
    result.rate_count = 77;
    EXPECT_EQ(moco_linear_train_cached(&result, alone, x, x, &how), MOCO_EDIVERGED);
    EXPECT_TRUE(message_has("lower learning rates")) << moco_error_message();
    EXPECT_EQ(result.rate_count, 77U) << "outputs stay untouched";
    moco_linear_free(alone);
    moco_linear_free(linear);
    moco_features_free(x);
    moco_dataset_free(train);
}

TEST_F(Linear, FreshCropsLeaveTheEncoderAsItWas)
{
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    network.arch = "resnet20";
    moco_encoder *encoder = nullptr;
    ASSERT_EQ(moco_encoder_create(&encoder, &network), MOCO_OK);
    moco_dataset *train = toy_dataset(50);
    moco_features *test = pooled(train, encoder);
    const auto before = moco_test::state_of(encoder);
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    ASSERT_EQ(moco_augment_classifier(&policy, "fashion-mnist", moco_test::kToySide), MOCO_OK);
    moco_linear *linear = classifiers({ 1 }, moco_encoder_feature_dim(encoder), 4);
    moco_loader_options loader = MOCO_LOADER_OPTIONS_INIT;
    loader.workers = 1;
    const moco_linear_images images{ sizeof images, train, encoder, &policy, &loader, nullptr };
    const auto how = short_training(2);
    moco_linear_result result;
    ASSERT_EQ(moco_linear_train_images(&result, linear, &images, test, &how), MOCO_OK) << moco_error_message();
    EXPECT_TRUE(moco_encoder_training(encoder)) << "the mode is restored";
    EXPECT_TRUE(std::isfinite(result.outcomes[0].train_loss));
    EXPECT_TRUE(moco_test::state_of(encoder) == before);
    moco_linear_free(linear);
    moco_features_free(test);
    moco_dataset_free(train);
    moco_encoder_free(encoder);
}

TEST_F(Linear, ACallbackEndsTheTraining)
{
    moco_dataset *train = toy_dataset(40);
    moco_features *x = pooled(train, nullptr);
    auto how = short_training(50);
    int calls = 0;
    how.payload = &calls;
    how.print_freq = 2;
    how.progress = [](const moco_progress *progress, void *payload) {
        const int call = ++*static_cast<int *>(payload);
        EXPECT_EQ(progress->step, static_cast<uint64_t>(call));
        EXPECT_EQ(progress->steps, 150U);
        EXPECT_EQ(progress->epoch, call < 4 ? 0U : 1U);
        EXPECT_EQ(progress->epoch_step, call < 4 ? static_cast<uint64_t>(call) : 1U);
        EXPECT_EQ(progress->has_metrics, call >= 2) << "every second step, and at the end of an epoch";
        EXPECT_EQ(std::isnan(progress->eta_s), call < 2);
        EXPECT_EQ(std::isnan(progress->val_acc1), call < 3);
        return call == 4 ? 1 : 0;
    };
    moco_linear *linear = classifiers({ 0.1 }, moco_tensor_size(moco_features_matrix(x), 1), 4);
    moco_linear_result result;
    EXPECT_EQ(moco_linear_train_cached(&result, linear, x, x, &how), MOCO_ESTOPPED);
    EXPECT_TRUE(message_has("stopped at step 4 of 150")) << moco_error_message();
    EXPECT_EQ(calls, 4);
    moco_linear_free(linear);
    moco_features_free(x);
    moco_dataset_free(train);
}

TEST_F(Linear, RawFeaturesKeepTheirScale)
{
    moco_dataset *dataset = toy_dataset(30);
    moco_features *raw = pooled(dataset, nullptr);
    moco_features *unit = pooled(dataset, nullptr, false);
    moco_feature_scale of_raw;
    moco_feature_scale of_unit;
    ASSERT_EQ(moco_feature_scale_measure(&of_raw, raw, 0.9), MOCO_OK);
    ASSERT_EQ(moco_feature_scale_measure(&of_unit, unit, 0.9), MOCO_OK);
    EXPECT_NEAR(of_unit.norm, 1, 1e-5);
    EXPECT_LE(of_unit.power, 1 + 1e-5);
    EXPECT_GT(of_raw.norm, 2);
    EXPECT_LE(of_raw.power, of_raw.norm * of_raw.norm * 1.1);
    EXPECT_NEAR(of_raw.stable_rate * of_raw.power, 2 * 1.9 * 2, 1e-6);
    double accuracy = 0;
    EXPECT_EQ(moco_knn(&accuracy, nullptr, raw, raw, nullptr), MOCO_EINVALID);
    EXPECT_TRUE(message_has("raw")) << moco_error_message();
    moco_features_free(raw);
    moco_features_free(unit);
    moco_dataset_free(dataset);
}

TEST_F(Linear, RefusesWhatDoesNotFit)
{
    const Batch batch;
    moco_linear *none = nullptr;
    for (const double rate : { 0.0, -1.0, std::numeric_limits<double>::quiet_NaN() }) {
        moco_linear_options options = MOCO_LINEAR_OPTIONS_INIT;
        options.dim = kDim;
        options.classes = kClasses;
        options.rates[0] = rate;
        EXPECT_EQ(moco_linear_create(&none, &options), MOCO_EINVALID) << rate;
    }
    EXPECT_EQ(none, nullptr);
    moco_linear *wide = classifiers({ 1 }, kDim + 1);
    EXPECT_EQ(moco__linear_step(wide, batch.features, batch.labels, 1), MOCO_EINVALID);
    EXPECT_TRUE(message_has("5 dimensions for classifiers over 6")) << moco_error_message();
    moco_linear_free(wide);
    moco_dataset *dataset = toy_dataset(8);
    moco_features *features = pooled(dataset, nullptr);
    moco_linear *few = classifiers({ 1 }, moco_tensor_size(moco_features_matrix(features), 1), 3);
    moco_score score;
    EXPECT_EQ(moco__linear_score(&score, few, features), MOCO_EINVALID) << "there are four classes";
    EXPECT_TRUE(message_has("the number of classes is 3")) << moco_error_message();
    moco_linear_free(few);
    moco_features_free(features);
    moco_dataset_free(dataset);
}

TEST_F(Linear, AnotherProgramCanRepeatATraining)
{
    moco_dataset *dataset = toy_dataset(40);
    moco_features *features = pooled(dataset, nullptr);
    const int64_t dim = moco_tensor_size(moco_features_matrix(features), 1);
    const auto options = short_training(3);
    moco_linear *linear = classifiers({ 0.05 }, dim, 4);
    moco_linear *again = classifiers({ 0.05 }, dim, 4);
    moco_tensor *order = nullptr;
    moco_linear_result result;
    EXPECT_EQ(learnt(linear, 0, 0), learnt(again, 0, 0));
    ASSERT_EQ(moco_linear_train_cached(&result, linear, features, features, &options), MOCO_OK);
    ASSERT_EQ(moco_linear_order(&order, nullptr, 40, &options), MOCO_OK) << moco_error_message();
    std::vector<int32_t> rows(3 * 40);
    ASSERT_EQ(moco_tensor_to_host(rows.data(), rows.size() * sizeof rows[0], order), MOCO_OK);
    const auto x = values_of(moco_features_matrix(features));
    for (size_t epoch = 0; epoch < result.outcomes[0].best_epoch; ++epoch) {
        for (size_t from = 0; from < 40; from += options.batch) {
            std::vector<float> batch;
            std::vector<int64_t> labels;
            for (size_t i = from; i < std::min<size_t>(from + options.batch, 40); ++i) {
                const auto row = static_cast<size_t>(rows[epoch * 40 + i]);
                batch.insert(batch.end(), &x[row * static_cast<size_t>(dim)], &x[(row + 1) * static_cast<size_t>(dim)]);
                labels.push_back(moco_features_labels(features)[row]);
            }
            const auto count = static_cast<int64_t>(labels.size());
            moco_tensor *rows_of_batch = tensor_of(batch, count, dim);
            moco_tensor *wanted = nullptr;
            ASSERT_EQ(moco_tensor_from_host(&wanted, nullptr, MOCO_INT64, { MOCO_CPU, 0 }, &count, 1, labels.data()),
                      MOCO_OK);
            ASSERT_EQ(moco__linear_step(again, rows_of_batch, wanted, 1), MOCO_OK) << moco_error_message();
            moco_tensor_free(wanted);
            moco_tensor_free(rows_of_batch);
        }
    }
    EXPECT_EQ(learnt(linear, 0, 0), learnt(again, 0, 0));
    EXPECT_EQ(moco_linear_order(&order, nullptr, 0, &options), MOCO_EINVALID);
    moco_tensor_free(order);
    moco_linear_free(again);
    moco_linear_free(linear);
    moco_features_free(features);
    moco_dataset_free(dataset);
}
