// Tests features and the weighted kNN classifier against a plain computation of the same.
#include "support/device.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_dataset.hpp"

extern "C" {
#include "evaluate/knn_search_internal.h"
}

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <set>
#include <vector>

#include <sys/resource.h>

using moco_test::message_has;
using moco_test::toy_dataset;

namespace {

using Knn = moco_test::WithFolder;

moco_features *extract(const moco_dataset *dataset, moco_feature_kind kind, moco_encoder *encoder = nullptr,
                       size_t limit = 0)
{
    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    options.kind = kind;
    options.batch = 7;
    options.workers = 2;
    options.limit = limit;
    return moco_test::toy_features(dataset, options, encoder);
}

std::vector<std::vector<double>> rows_of(const moco_features *features)
{
    const auto *matrix = moco_features_matrix(features);
    const auto dim = static_cast<size_t>(moco_tensor_size(matrix, 1));
    std::vector<float> values(static_cast<size_t>(moco_tensor_numel(matrix)));
    EXPECT_EQ(moco_tensor_to_host(values.data(), values.size() * sizeof(float), matrix), MOCO_OK);
    std::vector<std::vector<double>> rows;
    for (size_t i = 0; i < values.size(); i += dim) {
        rows.emplace_back(values.begin() + static_cast<ptrdiff_t>(i), values.begin() + static_cast<ptrdiff_t>(i + dim));
    }
    return rows;
}

// Random features, not normalised, of 1000 classes in turn.
moco_features *random_features(int64_t count, int64_t dim, uint64_t seed)
{
    moco_features *features = moco__features_allocate(static_cast<size_t>(count));
    const int64_t sizes[2] = { count, dim };
    EXPECT_EQ(moco_tensor_randn(&features->matrix, nullptr, moco_test::device(), sizes, 2, seed), MOCO_OK);
    for (int64_t i = 0; i < count; ++i) {
        features->labels[i] = i % 1000;
    }
    return features;
}

int64_t peak_kib()
{
    struct rusage usage = {};
    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

} // namespace

TEST_F(Knn, EqualsAPlainComputation)
{
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    network.arch = "resnet20";
    moco_encoder *encoder = nullptr;
    ASSERT_EQ(moco_encoder_create(&encoder, &network), MOCO_OK);
    moco_dataset *dataset = toy_dataset(40);
    moco_dataset *others = toy_dataset(23);
    for (const auto kind : { MOCO_FEATURE_PIXELS, MOCO_FEATURE_POOLED, MOCO_FEATURE_OUTPUT }) {
        moco_features *bank = extract(dataset, kind, encoder);
        moco_features *queries = extract(others, kind, encoder);
        EXPECT_TRUE(moco_encoder_training(encoder)) << "the mode is restored";
        const auto b = rows_of(bank);
        const auto q = rows_of(queries);
        const size_t k = 9;
        std::vector<int64_t> expected;
        size_t right = 0;
        for (size_t i = 0; i < q.size(); ++i) {
            EXPECT_NEAR(std::inner_product(q[i].begin(), q[i].end(), q[i].begin(), 0.0), 1, 1e-5);
            std::vector<std::pair<double, size_t>> near;
            for (size_t j = 0; j < b.size(); ++j) {
                near.emplace_back(-std::inner_product(q[i].begin(), q[i].end(), b[j].begin(), 0.0), j);
            }
            std::sort(near.begin(), near.end());
            std::vector<double> votes(4);
            for (size_t n = 0; n < k; ++n) {
                votes[near[n].second % 4] += std::exp(-near[n].first / 0.07);
            }
            expected.push_back(std::max_element(votes.begin(), votes.end()) - votes.begin());
            right += expected.back() == static_cast<int64_t>(i % 4);
        }
        moco_knn_options options = MOCO_KNN_OPTIONS_INIT;
        options.k = static_cast<int64_t>(k);
        options.temperature = 0.07;
        std::vector<int64_t> predicted(q.size());
        double accuracy = 0;
        ASSERT_EQ(moco_knn(&accuracy, predicted.data(), bank, queries, &options), MOCO_OK) << moco_error_message();
        EXPECT_EQ(predicted, expected);
        EXPECT_DOUBLE_EQ(accuracy, 100.0 * static_cast<double>(right) / static_cast<double>(q.size()));
        moco_features_free(bank);
        moco_features_free(queries);
    }
    moco_dataset_free(dataset);
    moco_dataset_free(others);
    moco_encoder_free(encoder);
}

TEST_F(Knn, LimitTakesASeededSubset)
{
    moco_dataset *dataset = toy_dataset(40);
    moco_features *some = extract(dataset, MOCO_FEATURE_PIXELS, nullptr, 10);
    moco_features *again = extract(dataset, MOCO_FEATURE_PIXELS, nullptr, 10);
    moco_features *all = extract(dataset, MOCO_FEATURE_PIXELS, nullptr, 1000);
    ASSERT_EQ(moco_features_count(some), 10U);
    EXPECT_EQ(moco_features_count(all), 40U);
    std::set<size_t> indices;
    for (size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(moco_features_index(some, i), moco_features_index(again, i));
        EXPECT_EQ(moco_features_labels(some)[i], static_cast<int64_t>(moco_features_index(some, i) % 4));
        indices.insert(moco_features_index(some, i));
    }
    EXPECT_EQ(indices.size(), 10U);
    for (auto *features : { some, again, all }) {
        moco_features_free(features);
    }
    moco_dataset_free(dataset);
}

TEST_F(Knn, NearestFindsItselfFirst)
{
    moco_dataset *dataset = toy_dataset(20);
    moco_features *features = extract(dataset, MOCO_FEATURE_PIXELS);
    std::vector<size_t> rows(5);
    ASSERT_EQ(moco_nearest(rows.data(), nullptr, 5, features, features, 7), MOCO_OK);
    EXPECT_EQ(rows[0], 7U);
    for (const size_t row : rows) {
        EXPECT_EQ(row % 4, 3U) << "of the same class";
    }
    EXPECT_EQ(moco_nearest(rows.data(), nullptr, 21, features, features, 7), MOCO_EINVALID);
    EXPECT_EQ(moco_nearest(rows.data(), nullptr, 5, features, features, 20), MOCO_EINVALID);
    moco_features_free(features);
    moco_dataset_free(dataset);
}

TEST_F(Knn, BlocksOfTheBankGiveTheSameNeighbours)
{
    moco_features *bank = random_features(40, 16, 1);
    moco_features *queries = random_features(5, 16, 2);
    moco_scope *scope = nullptr;
    ASSERT_EQ(moco_scope_create(&scope), MOCO_OK);
    for (const int64_t k : { 1, 9, 40 }) {
        moco__neighbours whole;
        ASSERT_EQ(moco__neighbours_allocate(&whole, k), MOCO_OK);
        ASSERT_EQ(moco__neighbours_search(&whole, scope, bank, queries, 1, 4), MOCO_OK) << moco_error_message();
        for (const int64_t block : { 1, 7, 20, 39 }) {
            moco__neighbours near;
            ASSERT_EQ(moco__neighbours_allocate(&near, k), MOCO_OK);
            near.block = block;
            ASSERT_EQ(moco__neighbours_search(&near, scope, bank, queries, 1, 4), MOCO_OK) << moco_error_message();
            for (int64_t i = 0; i < 4 * k; ++i) {
                ASSERT_EQ(near.rows[i], whole.rows[i]) << k << " " << block << " " << i;
                ASSERT_NEAR(near.cosines[i], whole.cosines[i], 1e-5);
            }
            moco__neighbours_release(&near);
        }
        moco__neighbours_release(&whole);
    }
    moco_scope_free(scope);
    moco_features_free(bank);
    moco_features_free(queries);
}

// With MOCO_LONG the bank is of ImageNet's size and ResNet-50's features: 10.5 GB. A GPU then takes all 50,000 queries.
TEST_F(Knn, TakesLittleMemoryBesideTheBank)
{
    const bool is_long = std::getenv("MOCO_LONG") != nullptr;
    const bool on_cpu = moco_test::device().type == MOCO_CPU;
    const int64_t dim = is_long ? 2048 : 8;
    moco_features *bank = random_features(is_long ? 1281167 : 200000, dim, 1);
    moco_features *queries = random_features(is_long && !on_cpu ? 50000 : 512, dim, 2);
    double accuracy = -1;
    const auto peak_mib = [&] {
        int64_t bytes = 0;
        EXPECT_EQ(moco_device_peak_bytes(&bytes, moco_test::device()), MOCO_OK);
        return on_cpu ? peak_kib() / 1024 : bytes / 1024 / 1024;
    };
    const int64_t before = peak_mib();
    const auto start = std::chrono::steady_clock::now();
    ASSERT_EQ(moco_knn(&accuracy, nullptr, bank, queries, nullptr), MOCO_OK) << moco_error_message();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const int64_t more = peak_mib() - before;
    std::printf("%zu images, %zu queries: %.2f s, %lld MiB more than the bank\n", moco_features_count(bank),
                moco_features_count(queries), seconds.count(), static_cast<long long>(more));
#ifndef __SANITIZE_ADDRESS__ // which keeps what is freed for a while
    EXPECT_LT(more, on_cpu ? 150 : 600) << "the similarities to the whole bank take 195 MiB, of ImageNet 1,251 MiB";
#endif
    EXPECT_GE(accuracy, 0);
    moco_features_free(bank);
    moco_features_free(queries);
}

TEST_F(Knn, RefusesWhatCannotBeCompared)
{
    moco_dataset *labelled = toy_dataset(8);
    moco_dataset *bare = toy_dataset(8, false);
    moco_features *bank = extract(labelled, MOCO_FEATURE_PIXELS);
    moco_features *queries = extract(bare, MOCO_FEATURE_PIXELS);
    double accuracy = -1;
    EXPECT_EQ(moco_knn(&accuracy, nullptr, bank, queries, nullptr), MOCO_EINVALID);
    EXPECT_TRUE(message_has("has no label")) << moco_error_message();
    EXPECT_EQ(accuracy, -1);
    EXPECT_EQ(moco_knn(&accuracy, nullptr, bank, bank, nullptr), MOCO_OK) << "k is cut to the bank's size";
    moco_knn_options options = MOCO_KNN_OPTIONS_INIT;
    options.k = -1;
    EXPECT_EQ(moco_knn(&accuracy, nullptr, bank, bank, &options), MOCO_EINVALID);
    moco_features *none = nullptr;
    EXPECT_EQ(moco_features_extract(&none, labelled, nullptr, nullptr), MOCO_EINVALID) << "no encoder";
    EXPECT_EQ(none, nullptr);
    moco_features_free(bank);
    moco_features_free(queries);
    moco_dataset_free(labelled);
    moco_dataset_free(bare);
}

TEST_F(Knn, AGridIsEachOfItsCells)
{
    moco_dataset *dataset = toy_dataset(60);
    moco_dataset *others = toy_dataset(33);
    moco_features *bank = extract(dataset, MOCO_FEATURE_PIXELS);
    moco_features *queries = extract(others, MOCO_FEATURE_PIXELS);
    const std::vector<int64_t> k{ 1, 7, 1000 };
    const std::vector<double> temperatures{ 0.05, 3 };
    moco_knn_options grid = MOCO_KNN_OPTIONS_INIT;
    grid.ks = k.data();
    grid.k_count = k.size();
    grid.temperatures = temperatures.data();
    grid.temperature_count = temperatures.size();
    std::vector<double> accuracies(6);
    std::vector<int64_t> predicted(6 * 33);
    ASSERT_EQ(moco_knn(accuracies.data(), predicted.data(), bank, queries, &grid), MOCO_OK);
    for (size_t cell = 0; cell < 6; ++cell) {
        moco_knn_options options = MOCO_KNN_OPTIONS_INIT;
        options.k = k[cell / 2];
        options.temperature = temperatures[cell % 2];
        double accuracy = 0;
        std::vector<int64_t> alone(33);
        ASSERT_EQ(moco_knn(&accuracy, alone.data(), bank, queries, &options), MOCO_OK);
        EXPECT_EQ(accuracy, accuracies[cell]) << cell;
        EXPECT_TRUE(std::equal(alone.begin(), alone.end(), predicted.begin() + static_cast<ptrdiff_t>(33 * cell)));
    }
    grid.temperatures = nullptr;
    EXPECT_EQ(moco_knn(accuracies.data(), nullptr, bank, queries, &grid), MOCO_EINVALID);
    moco_features_free(bank);
    moco_features_free(queries);
    moco_dataset_free(dataset);
    moco_dataset_free(others);
}

TEST_F(Knn, TheNumberOfNeighboursFitsTheClasses)
{
    // Per class 1, 2, 10, 100 and 1000 images.
    for (const auto &[images, k] :
         { std::pair{ 4, 1 }, std::pair{ 8, 1 }, std::pair{ 40, 5 }, std::pair{ 400, 10 }, std::pair{ 4000, 200 } }) {
        moco_dataset *dataset = toy_dataset(static_cast<size_t>(images));
        moco_features *bank = extract(dataset, MOCO_FEATURE_PIXELS);
        EXPECT_EQ(moco_knn_auto_k(bank), k) << images;
        double chosen = 0;
        double given = 0;
        moco_knn_options options = MOCO_KNN_OPTIONS_INIT;
        EXPECT_EQ(options.k, 0);
        if (images == 400) {
            EXPECT_EQ(moco_knn(&chosen, nullptr, bank, bank, nullptr), MOCO_OK) << moco_error_message();
            options.k = k;
            EXPECT_EQ(moco_knn(&given, nullptr, bank, bank, &options), MOCO_OK);
            EXPECT_EQ(chosen, given);
        }
        moco_features_free(bank);
        moco_dataset_free(dataset);
    }
    EXPECT_EQ(moco_knn_auto_k(nullptr), 1);
}

TEST_F(Knn, WarnsIfMoreAreToVoteThanThereAre)
{
    moco_dataset *dataset = toy_dataset(8);
    moco_features *bank = extract(dataset, MOCO_FEATURE_PIXELS);
    std::string warning;
    moco_log_set_callback(
        [](moco_log_level, const char *message, void *payload) { *static_cast<std::string *>(payload) += message; },
        &warning);
    double accuracy[2] = { -1, -1 };
    moco_knn_options options = MOCO_KNN_OPTIONS_INIT;
    for (const int64_t k : { 8, 9 }) {
        EXPECT_EQ(warning, "");
        options.k = k;
        EXPECT_EQ(moco_knn(&accuracy[k - 8], nullptr, bank, bank, &options), MOCO_OK) << moco_error_message();
    }
    moco_log_set_callback(nullptr, nullptr);
    EXPECT_NE(warning.find("k 9 is more than the 8 images"), std::string::npos) << warning;
    EXPECT_EQ(accuracy[0], accuracy[1]);
    moco_features_free(bank);
    moco_dataset_free(dataset);
    EXPECT_EQ(moco_live_handles(), 0U);
}
