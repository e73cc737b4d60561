// The loader: bytes that do not depend on the workers, order, resuming, broken images, shutdown.
#include "support/tensor_values.hpp"

#include <gtest/gtest.h>
#include <moco.h>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

using moco_test::values_of;

namespace {

using Dataset = std::unique_ptr<moco_dataset, decltype(&moco_dataset_free)>;
using SamplerHandle = std::unique_ptr<moco_sampler, decltype(&moco_sampler_free)>;
using Handle = std::unique_ptr<moco_loader, decltype(&moco_loader_free)>;
using Image = std::unique_ptr<moco_image, decltype(&moco_image_free)>;

constexpr size_t kCount = 50;

// A synthetic dataset whose images can fail and dawdle.
struct Source {
    std::set<size_t> broken;
    std::chrono::microseconds delay{ 0 };
    moco_status failure = MOCO_EFORMAT;
    std::atomic<size_t> reads{ 0 };
    std::atomic<bool> signals_blocked{ true };
};

moco_status read_image(moco_image *image, size_t index, void *payload)
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
    return moco_image_set(image, width, 18, 3, pixels.data());
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

    Dataset dataset(size_t count = kCount)
    {
        moco_dataset *made = nullptr;
        const moco_dataset_callbacks callbacks = { sizeof callbacks, read_image, nullptr, nullptr };
        EXPECT_EQ(moco_dataset_from_callbacks(&made, count, 0, &callbacks, &source_), MOCO_OK);
        return { made, moco_dataset_free };
    }
    static SamplerHandle sampler(size_t batch, bool drop_last = true, bool shuffle = true, size_t count = kCount)
    {
        moco_sampler *made = nullptr;
        moco_sampler_options options = MOCO_SAMPLER_OPTIONS_INIT;
        options.count = count;
        options.batch = batch;
        options.seed = 4;
        options.drop_last = drop_last;
        options.shuffle = shuffle;
        EXPECT_EQ(moco_sampler_create(&made, &options), MOCO_OK);
        return { made, moco_sampler_free };
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
    moco_augment_policy policy_ = {};

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

Batch next(const Handle &loader)
{
    moco_batch got = {};
    EXPECT_EQ(moco_loader_next(loader.get(), &got), MOCO_OK) << moco_error_message();
    if (got.query == nullptr) {
        return {};
    }
    EXPECT_EQ(moco_tensor_size(got.query, 0), static_cast<int64_t>(got.count));
    return { values_of(got.query), values_of(got.key), { got.indices, got.indices + got.count }, got.epoch, got.batch };
}

std::vector<Batch> take(const Handle &loader, size_t count)
{
    std::vector<Batch> out;
    for (size_t i = 0; i < count; ++i) {
        out.push_back(next(loader));
    }
    return out;
}

TEST_F(Loader, BytesDoNotDependOnTheWorkers)
{
    source_.delay = std::chrono::microseconds(100);
    const Dataset images = dataset();
    std::vector<Batch> expected;
    for (const int32_t workers : { 1, 2, 4, 7 }) {
        for (const int32_t prefetch : { 1, 3 }) {
            options_.workers = workers;
            options_.prefetch = prefetch;
            const SamplerHandle order = sampler(20, false);
            const Handle made = loader(images, order);
            const auto got = take(made, 7);
            if (expected.empty()) {
                expected = got;
            }
            ASSERT_EQ(got, expected) << workers << " workers, prefetch " << prefetch;
        }
    }
    EXPECT_TRUE(source_.signals_blocked) << "signals are for the application's threads";
}

TEST_F(Loader, GivesWhatTheSamplerAndThePolicySay)
{
    const Dataset images = dataset();
    const SamplerHandle order = sampler(16);
    const SamplerHandle same = sampler(16);
    moco_augment_policy other = {};
    ASSERT_EQ(moco_augment_preset(&other, "cifar", 12), MOCO_OK);
    moco_loader *made = nullptr;
    ASSERT_EQ(moco_loader_create(&made, images.get(), order.get(), &policy_, &other, &options_), MOCO_OK);
    const Handle owner{ made, moco_loader_free };
    moco_image *raw[3];
    for (auto &image : raw) {
        ASSERT_EQ(moco_image_create(&image), MOCO_OK);
    }
    for (int b = 0; b < 4; ++b) {
        const Batch got = next(owner);
        std::vector<size_t> indices(16);
        size_t count = 0;
        uint64_t epoch = 0;
        size_t batch = 0;
        ASSERT_EQ(moco_sampler_next(same.get(), indices.data(), &count, &epoch, &batch), MOCO_OK);
        EXPECT_EQ(got.indices, indices);
        EXPECT_EQ(got.epoch, epoch);
        EXPECT_EQ(got.batch, batch);
        const size_t floats = 3 * 12 * 12;
        for (size_t i = 0; i < count; ++i) {
            ASSERT_EQ(moco_dataset_read(images.get(), raw[0], indices[i]), MOCO_OK);
            for (uint32_t view = 0; view < 2; ++view) {
                const moco_augment_policy &policy = view == 0 ? policy_ : other;
                std::vector<float> expected(floats);
                ASSERT_EQ(moco_augment_apply(raw[1], raw[2], raw[0], &policy, { 21, epoch, indices[i], view }),
                          MOCO_OK);
                ASSERT_EQ(moco_image_normalize(expected.data(), raw[1], policy.mean, policy.std, MOCO_NCHW), MOCO_OK);
                const auto &values = view == 0 ? got.query : got.key;
                const auto at = values.begin() + static_cast<std::ptrdiff_t>(i * floats);
                ASSERT_TRUE(std::equal(expected.begin(), expected.end(), at));
            }
        }
    }
    for (auto *image : raw) {
        moco_image_free(image);
    }
}

TEST_F(Loader, ResumesInTheMiddleOfAnEpoch)
{
    const Dataset images = dataset();
    const SamplerHandle whole = sampler(8);
    const auto unbroken = take(loader(images, whole), 16);
    for (const size_t stop : { 1U, 4U, 6U, 7U, 11U }) {
        const SamplerHandle order = sampler(8);
        // Where the run stood: after the last batch that it used, not where the workers had got to.
        const Batch &last = unbroken[stop - 1];
        ASSERT_EQ(moco_sampler_seek(order.get(), last.epoch, last.batch + 1), MOCO_OK);
        const auto rest = take(loader(images, order), 16 - stop);
        EXPECT_EQ(rest, std::vector<Batch>(unbroken.begin() + static_cast<std::ptrdiff_t>(stop), unbroken.end()));
    }
}

TEST_F(Loader, LastBatchIsSmaller)
{
    const Dataset images = dataset();
    const SamplerHandle order = sampler(20, false);
    const Handle made = loader(images, order);
    const size_t floats = 3 * 12 * 12;
    for (const size_t expected : { 20U, 20U, 10U, 20U, 20U, 10U, 20U }) {
        const Batch got = next(made);
        EXPECT_EQ(got.indices.size(), expected);
        EXPECT_EQ(got.query.size(), expected * floats);
        EXPECT_EQ(got.key.size(), expected * floats);
    }
}

TEST_F(Loader, BatchLargerThanTheDataset)
{
    const Dataset images = dataset(3);
    const SamplerHandle order = sampler(100, false, true, 3);
    const Handle made = loader(images, order);
    EXPECT_EQ(next(made).indices.size(), 3U);
    EXPECT_EQ(next(made).epoch, 1U);
}

TEST_F(Loader, SingleView)
{
    const Dataset images = dataset();
    const SamplerHandle order = sampler(8);
    const SamplerHandle again = sampler(8);
    const auto both = take(loader(images, order), 3);
    options_.single_view = true;
    const auto single = take(loader(images, again), 3);
    for (size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(single[i].query, both[i].query);
        EXPECT_TRUE(single[i].key.empty());
        EXPECT_NE(both[i].key, both[i].query);
    }
}

TEST_F(Loader, LayoutsHoldEqualValues)
{
    const Dataset images = dataset();
    const SamplerHandle order = sampler(20, false);
    const SamplerHandle again = sampler(20, false);
    const auto planar = take(loader(images, order), 3);
    options_.layout = MOCO_NHWC;
    EXPECT_EQ(take(loader(images, again), 3), planar);
}

// ---- Broken images ----

TEST_F(Loader, BrokenImageFailsItsBatchByName)
{
    source_.broken = { 13, 11, 30 };
    source_.delay = std::chrono::microseconds(50);
    const Dataset images = dataset();
    for (const int32_t workers : { 1, 3 }) {
        options_.workers = workers;
        const SamplerHandle order = sampler(10, true, false);
        const Handle made = loader(images, order);
        moco_batch untouched = {};
        EXPECT_EQ(next(made).indices[0], 0U);
        EXPECT_EQ(moco_loader_next(made.get(), &untouched), MOCO_EFORMAT);
        EXPECT_EQ(untouched.query, nullptr);
        EXPECT_STREQ(moco_error_message(), "loader: image[11]: it is scratched") << "the first of the batch";
        EXPECT_EQ(next(made).indices[0], 20U) << "batches after it are whole";
        EXPECT_EQ(moco_loader_next(made.get(), &untouched), MOCO_EFORMAT);
        EXPECT_EQ(next(made).indices[0], 40U);
        EXPECT_EQ(moco_loader_skipped(made.get()), 0U);
    }
}

TEST_F(Loader, BrokenFileIsNamedOnce)
{
    std::string name = (fs::temp_directory_path() / "moco-loader-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    std::ofstream(fs::path(name) / "holiday.jpg") << "no picture";
    moco_dataset *made = nullptr;
    ASSERT_EQ(moco_dataset_open(&made, name.c_str(), nullptr), MOCO_OK);
    {
        const Dataset images{ made, moco_dataset_free };
        const SamplerHandle order = sampler(1, true, true, 1);
        const Handle owner = loader(images, order);
        moco_batch batch = {};
        EXPECT_NE(moco_loader_next(owner.get(), &batch), MOCO_OK);
        const std::string message = moco_error_message();
        const size_t at = message.find(name + "/holiday.jpg");
        ASSERT_NE(at, std::string::npos) << message;
        EXPECT_EQ(message.find(name + "/holiday.jpg", at + 1), std::string::npos) << message;
    }
    fs::remove_all(name);
}

std::mutex log_mutex;
std::vector<std::string> log_lines;

void collect(moco_log_level level, const char *message, void *)
{
    if (level == MOCO_LOG_WARNING) {
        const std::lock_guard<std::mutex> guard(log_mutex);
        log_lines.emplace_back(message);
    }
}

TEST_F(Loader, SkipsBrokenImages)
{
    source_.broken = { 3, 4, 13, 49 };
    source_.delay = std::chrono::microseconds(50);
    options_.skip_broken = true;
    std::vector<Batch> expected;
    for (const int32_t workers : { 1, 4 }) {
        const Dataset images = dataset();
        log_lines.clear();
        moco_log_set_callback(collect, nullptr);
        options_.workers = workers;
        const SamplerHandle order = sampler(10, true, false);
        {
            const Handle made = loader(images, order);
            const auto got = take(made, 15); // three epochs
            EXPECT_EQ(got[0].indices, (std::vector<size_t>{ 0, 1, 2, 5, 5, 5, 6, 7, 8, 9 }));
            EXPECT_EQ(got[1].indices[3], 14U);
            EXPECT_EQ(got[4].indices[9], 0U) << "after the last comes the first";
            // Replacements have draws of their own.
            const size_t floats = 3 * 12 * 12;
            const auto &query = got[0].query;
            EXPECT_FALSE(
                std::equal(query.begin() + 3 * floats, query.begin() + 4 * floats, query.begin() + 5 * floats));
            if (expected.empty()) {
                expected = got;
            }
            EXPECT_EQ(got, expected);
            EXPECT_EQ(moco_loader_skipped(made.get()), 4U);
        }
        moco_log_set_callback(nullptr, nullptr);
        EXPECT_EQ(log_lines.size(), 4U) << "each broken image once";
        for (const auto &line : log_lines) {
            EXPECT_NE(line.find("image["), std::string::npos);
            EXPECT_NE(line.find("it is scratched"), std::string::npos);
        }
    }
}

TEST_F(Loader, TooManyBrokenImagesAreAnError)
{
    for (size_t i = 0; i < kCount; ++i) {
        source_.broken.insert(i);
    }
    options_.skip_broken = true;
    const Dataset images = dataset();
    const SamplerHandle order = sampler(10);
    const Handle made = loader(images, order);
    moco_batch batch = {};
    EXPECT_EQ(moco_loader_next(made.get(), &batch), MOCO_EFORMAT);
    EXPECT_NE(std::string(moco_error_message()).find("50 images in a row are broken"), std::string::npos)
        << moco_error_message();
    EXPECT_NE(std::string(moco_error_message()).find("it is scratched"), std::string::npos);
}

TEST_F(Loader, MemoryAndStopsAreNotSkipped)
{
    options_.skip_broken = true;
    source_.broken = { 0 };
    const Dataset images = dataset();
    for (const moco_status failure : { MOCO_ENOMEM, MOCO_ESTOPPED }) {
        source_.failure = failure;
        const SamplerHandle order = sampler(10, true, false);
        const Handle made = loader(images, order);
        moco_batch batch = {};
        EXPECT_EQ(moco_loader_next(made.get(), &batch), failure);
        EXPECT_EQ(moco_loader_skipped(made.get()), 0U);
    }
}

TEST_F(Loader, PolicyThatDoesNotFitTheImages)
{
    policy_.count = 0;
    options_.skip_broken = true;
    const Dataset images = dataset();
    const SamplerHandle order = sampler(10, true, false);
    const Handle made = loader(images, order);
    moco_batch batch = {};
    EXPECT_EQ(moco_loader_next(made.get(), &batch), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("image[0]: augment: the policy left"), std::string::npos)
        << moco_error_message();
}

// ---- Life ----

TEST_F(Loader, StopsAtAnyMoment)
{
    source_.delay = std::chrono::microseconds(20);
    const Dataset images = dataset();
    for (int i = 0; i < 100; ++i) {
        options_.workers = 1 + i % 4;
        options_.prefetch = 1 + i % 3;
        const SamplerHandle order = sampler(10, i % 2 == 0);
        const Handle made = loader(images, order);
        for (int b = 0; b < i % 8; ++b) {
            (void)next(made);
        }
        if (i % 10 == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5)); // until the ring is full and workers wait
        }
    }
    moco_loader_free(nullptr);
}

TEST_F(Loader, ReadsAheadWithinItsBound)
{
    const Dataset images = dataset();
    const SamplerHandle order = sampler(5);
    options_.prefetch = 2;
    const Handle made = loader(images, order);
    const auto settle = [&] {
        for (size_t seen = 999; seen != source_.reads;) {
            seen = source_.reads;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        return source_.reads.load();
    };
    EXPECT_EQ(settle(), 15U) << "two in flight, and the one that the consumer will hold";
    (void)next(made);
    EXPECT_EQ(settle(), 15U) << "a batch is borrowed until the next call";
    (void)next(made);
    EXPECT_EQ(settle(), 20U);
}

TEST_F(Loader, MeasuresWaiting)
{
    source_.delay = std::chrono::microseconds(2000);
    options_.workers = 1;
    const Dataset images = dataset();
    const SamplerHandle order = sampler(25);
    const Handle made = loader(images, order);
    const auto start = std::chrono::steady_clock::now();
    (void)take(made, 2);
    const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    EXPECT_GT(moco_loader_wait_seconds(made.get()), 0.05);
    EXPECT_LT(moco_loader_wait_seconds(made.get()), passed);
}

TEST_F(Loader, SharesCpuTimeOutAmongStages)
{
    const Dataset images = dataset();
    for (const bool measure : { false, true }) {
        options_.measure = measure;
        const SamplerHandle order = sampler(25);
        const Handle made = loader(images, order);
        (void)take(made, 8);
        for (const auto stage : { MOCO_STAGE_READ, MOCO_STAGE_RESIZE, MOCO_STAGE_COLOR, MOCO_STAGE_STORE }) {
            EXPECT_EQ(moco_loader_stage_seconds(made.get(), stage) > 0, measure) << moco_stage_name(stage);
        }
        EXPECT_EQ(moco_loader_stage_seconds(made.get(), MOCO_STAGE_COUNT), 0.0);
    }
    EXPECT_EQ(moco_stage_name(MOCO_STAGE_COUNT), nullptr);
}

TEST_F(Loader, OneWorkerACore)
{
    options_.workers = 0;
    const Dataset images = dataset();
    const SamplerHandle order = sampler(10);
    EXPECT_EQ(next(loader(images, order)).indices.size(), 10U);
}

TEST_F(Loader, RefusesBadInput)
{
    const Dataset images = dataset();
    const SamplerHandle order = sampler(10);
    EXPECT_EQ(try_create(nullptr, order.get(), &policy_, nullptr), MOCO_EINVALID);
    EXPECT_EQ(try_create(images.get(), nullptr, &policy_, nullptr), MOCO_EINVALID);
    EXPECT_EQ(try_create(images.get(), order.get(), nullptr, nullptr), MOCO_EINVALID);
    moco_augment_policy other = policy_;
    other.size = 13;
    EXPECT_EQ(try_create(images.get(), order.get(), &policy_, &other), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("12 and 13"), std::string::npos);
    other.count = 99;
    EXPECT_EQ(try_create(images.get(), order.get(), &other, nullptr), MOCO_EINVALID);
    const SamplerHandle large = sampler(10, true, true, kCount + 1);
    EXPECT_EQ(try_create(images.get(), large.get(), &policy_, nullptr), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("51 images"), std::string::npos);
    const auto refuse = [&](auto change) {
        const moco_loader_options kept = options_;
        change(options_);
        EXPECT_EQ(try_create(images.get(), order.get(), &policy_, nullptr), MOCO_EINVALID);
        options_ = kept;
    };
    refuse([](auto &o) { o.workers = -1; });
    refuse([](auto &o) { o.workers = 100000; });
    refuse([](auto &o) { o.prefetch = 0; });
    refuse([](auto &o) { o.layout = static_cast<moco_layout>(5); });
    moco_batch batch;
    EXPECT_EQ(moco_loader_next(nullptr, &batch), MOCO_EINVALID);
}

} // namespace
