// Bounds the work of the label-free monitors: they are on by default, and take less than 1 % of the time.
#include "support/temporary_folder.hpp"
#include "support/toy_dataset.hpp"

#include <ATen/record_function.h>

#include <atomic>
#include <vector>

namespace {

using MonitorCost = moco_test::WithFolder;

std::atomic<size_t> operators{ 0 };
std::atomic<size_t> reads{ 0 };

std::unique_ptr<at::ObserverContext> count_operator(const at::RecordFunction & /*function*/)
{
    ++operators;
    return nullptr;
}

moco_status count_read(moco_image *image, size_t index, void *payload)
{
    ++reads;
    return moco_test::toy_read(image, index, payload);
}

} // namespace

// Counted with those that they call. A step of the smallest network runs thousands, and some 50 steps go by before the
// next print.
TEST_F(MonitorCost, APrintTakesFewOperators)
{
    moco_tensor *q = nullptr;
    const int64_t sizes[] = { 64, 32 };
    ASSERT_EQ(moco_tensor_randn(&q, nullptr, { MOCO_CPU, 0 }, sizes, 2, 1), MOCO_OK);
    operators = 0;
    const auto handle = at::addGlobalCallback(at::RecordFunctionCallback(count_operator));
    moco_pair_quality found;
    EXPECT_EQ(moco_quality_pairs(&found, q, q), MOCO_OK);
    at::removeCallback(handle);
    EXPECT_GT(operators, 5U);
    EXPECT_LE(operators, 100U);
    moco_tensor_free(q);
}

// Features of 2 x 16 images are measured once 50 times as many were trained on, and no others are read for it.
TEST_F(MonitorCost, FeaturesAreOneInFiftyImages)
{
    constexpr size_t kBatch = 16;
    constexpr size_t kSteps = 150;
    moco_dataset_callbacks callbacks = MOCO_DATASET_CALLBACKS_INIT;
    callbacks.read = count_read;
    moco_dataset *dataset = nullptr;
    ASSERT_EQ(moco_dataset_from_callbacks(&dataset, kBatch, 0, &callbacks, nullptr), MOCO_OK);
    moco_config config;
    moco_config_init(&config, sizeof config);
    ASSERT_EQ(moco_config_apply_preset(&config, "tiny"), MOCO_OK);
    for (const auto &[name, value] :
         { std::pair{ "batch", "16" }, std::pair{ "dim", "8" }, std::pair{ "queue-size", "16" },
           std::pair{ "image-size", "8" }, std::pair{ "epochs", "150" }, std::pair{ "checkpoint-every", "150" },
           std::pair{ "threads", "1" }, std::pair{ "workers", "1" }, std::pair{ "plots", "false" },
           std::pair{ "tensorboard", "false" }, std::pair{ "device", "cpu" }, std::pair{ "precision", "fp32" } }) {
        ASSERT_EQ(moco_config_set(&config, name, value), MOCO_OK) << moco_error_message();
    }
    std::snprintf(config.out, sizeof config.out, "%s", path("run").c_str());
    moco_train_options options = MOCO_TRAIN_OPTIONS_INIT;
    options.dataset = dataset;
    reads = 0;
    ASSERT_EQ(moco_train(&config, &options), MOCO_OK) << moco_error_message();
    moco_dataset_free(dataset);
    const size_t ahead = (static_cast<size_t>(config.prefetch) + 1) * kBatch;
    EXPECT_LE(reads, kSteps * kBatch + ahead + 2 * 2 * kBatch);
    moco_series ranks = {};
    ASSERT_EQ(moco_series_read(&ranks, config.out, "pooled_rankme"), MOCO_OK);
    ASSERT_EQ(ranks.count, 2U);
    EXPECT_EQ(ranks.steps[0], 100);
    EXPECT_EQ(ranks.steps[1], 150) << "the end of a run is always measured";
    moco_series_free(&ranks);
}
