// Makes a dataset whose images can fail and take time, for tests of the loader.
#pragma once

#include "support/tensor_values.hpp"
#include "unit/loader/sampler_fixture.hpp"

#include <gtest/gtest.h>
#include <moco.h>

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace loader_test {

using Dataset = std::unique_ptr<moco_dataset, decltype(&moco_dataset_free)>;
using Handle = std::unique_ptr<moco_loader, decltype(&moco_loader_free)>;
using Image = std::unique_ptr<moco_image, decltype(&moco_image_free)>;

constexpr size_t image_count = 50;

// A synthetic dataset whose images can fail and take time.
struct Source {
    std::set<size_t> broken;
    std::chrono::microseconds delay{ 0 };
    moco_status failure = MOCO_EFORMAT;
    std::atomic<size_t> reads{ 0 };
    std::atomic<bool> signals_blocked{ true };
};

inline moco_status read_image(moco_image *image, size_t index, void *payload)
{
    auto *source = static_cast<Source *>(payload);
    ++source->reads;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    if (sigismember(&mask, SIGINT) == 0 || sigismember(&mask, SIGTERM) == 0) {
        source->signals_blocked = false;
    }
    // Later samples of a chunk are done sooner, so that workers overtake one another.
    std::this_thread::sleep_for(source->delay * ((index * 7) % 5));
    if (source->broken.count(index) != 0) {
        return moco_error_set(source->failure, "it is scratched");
    }
    const int32_t width = 20 + static_cast<int32_t>(index % 7);
    std::vector<uint8_t> pixels(static_cast<size_t>(width) * 18 * 3);
    for (size_t i = 0; i < pixels.size(); ++i) {
        pixels[i] = static_cast<uint8_t>(i * (index + 3) + (i * i) % 31);
    }
    return moco_image_set(image, MOCO_FRAME_RGB, width, 18, 0, pixels.data());
}

class Loader : public ::testing::Test {
  protected:
    void SetUp() override
    {
        before_ = moco_live_handles();
        options_.seed = 21;
        options_.workers = 2;
        EXPECT_EQ(moco_augment_preset(&policy_, "v2", 12), MOCO_OK);
    }
    void TearDown() override { EXPECT_EQ(moco_live_handles(), before_); }

    Dataset dataset(size_t count = image_count)
    {
        moco_dataset *made = nullptr;
        moco_dataset_callbacks callbacks = MOCO_DATASET_CALLBACKS_INIT;
        callbacks.read = read_image;
        EXPECT_EQ(moco_dataset_from_callbacks(&made, count, 0, &callbacks, &source_), MOCO_OK);
        return { made, moco_dataset_free };
    }
    static SamplerHandle sampler(size_t batch, bool drop_last = true, bool shuffle = true, size_t count = image_count)
    {
        moco_sampler_options options = MOCO_SAMPLER_OPTIONS_INIT;
        options.count = count;
        options.batch = batch;
        options.seed = 4;
        options.drop_last = drop_last;
        options.shuffle = shuffle;
        return sampler_of(options);
    }
    Handle loader(const Dataset &dataset, const SamplerHandle &sampler)
    {
        moco_loader *made = nullptr;
        EXPECT_EQ(moco_loader_create(&made, dataset.get(), sampler.get(), &policy_, nullptr, &options_), MOCO_OK)
            << moco_error_message();
        return { made, moco_loader_free };
    }
    moco_status try_create(const moco_dataset *dataset, moco_sampler *sampler, const moco_augment_policy *query,
                           const moco_augment_policy *key)
    {
        moco_loader *made = nullptr;
        const moco_status status = moco_loader_create(&made, dataset, sampler, query, key, &options_);
        moco_loader_free(made);
        return status;
    }

    Source source_;
    moco_loader_options options_ = MOCO_LOADER_OPTIONS_INIT;
    moco_augment_policy policy_ = MOCO_AUGMENT_POLICY_INIT;

  private:
    size_t before_ = 0;
};

// A copy of a batch.
struct Batch {
    std::vector<float> query, key;
    std::vector<size_t> indices;
    uint64_t epoch = 0;
    size_t batch = 0;
    bool operator==(const Batch &) const = default;
};

inline Batch next(const Handle &loader)
{
    moco_batch got = {};
    EXPECT_EQ(moco_loader_next(loader.get(), &got), MOCO_OK) << moco_error_message();
    if (got.query == nullptr) {
        return {};
    }
    EXPECT_EQ(moco_tensor_size(got.query, 0), static_cast<int64_t>(got.count));
    return { moco_test::values_of(got.query),
             moco_test::values_of(got.key),
             { got.indices, got.indices + got.count },
             got.epoch,
             got.batch };
}

inline std::vector<Batch> take(const Handle &loader, size_t count)
{
    std::vector<Batch> out;
    for (size_t i = 0; i < count; ++i) {
        out.push_back(next(loader));
    }
    return out;
}

} // namespace loader_test
