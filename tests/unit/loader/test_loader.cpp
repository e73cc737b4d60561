// Tests the loader: bytes that do not depend on the workers, order, resuming, shutdown.
#include "unit/loader/loader_fixture.hpp"

#include <unistd.h>

#include <cmath>
#include <string>

using namespace loader_test;
using moco_test::values_of;

namespace {

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
    moco_augment_policy other = MOCO_AUGMENT_POLICY_INIT;
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
                ASSERT_EQ(moco_image_store(expected.data(), MOCO_FLOAT32, raw[1], policy.mean, policy.std, MOCO_NCHW),
                          MOCO_OK);
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

TEST_F(Loader, HasItsSamplerForItselfWhileItLives)
{
    const Dataset images = dataset();
    const SamplerHandle order = sampler(16);
    size_t indices[16];
    size_t count = 0;
    {
        const Handle first = loader(images, order);
        EXPECT_EQ(try_create(images.get(), order.get(), &policy_, nullptr), MOCO_EINVALID);
        EXPECT_EQ(moco_sampler_seek(order.get(), 0, 0), MOCO_EINVALID);
        EXPECT_EQ(moco_sampler_next(order.get(), indices, &count, nullptr, nullptr), MOCO_EINVALID);
        EXPECT_STREQ(moco_error_message(),
                     "sampler: a loader moves it; free that loader first, or make a second sampler");
        EXPECT_EQ(next(first).indices.size(), 16U) << "the refused one took nothing from it";
    }
    EXPECT_EQ(moco_sampler_seek(order.get(), 0, 0), MOCO_OK);
    EXPECT_EQ(try_create(images.get(), order.get(), &policy_, nullptr), MOCO_OK);
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

TEST_F(Loader, ReadsNoMoreBatchesThanAsked)
{
    const Dataset images = dataset();
    const SamplerHandle order = sampler(5);
    options_.batches = 2;
    const Handle made = loader(images, order);
    EXPECT_EQ(next(made).batch, 0U);
    EXPECT_EQ(next(made).batch, 1U);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(source_.reads, 10U);
    moco_batch batch;
    EXPECT_EQ(moco_loader_next(made.get(), &batch), MOCO_EINVALID);
    EXPECT_STREQ(moco_error_message(), "loader: all 2 batches of its options were given; make another one");
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
    EXPECT_GT(moco_loader_seconds(made.get(), MOCO_STAGE_WAIT), 0.05);
    EXPECT_LT(moco_loader_seconds(made.get(), MOCO_STAGE_WAIT), passed);
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
            EXPECT_EQ(moco_loader_seconds(made.get(), stage) > 0, measure) << moco_stage_name(stage);
        }
        EXPECT_EQ(moco_loader_seconds(made.get(), MOCO_STAGE_COUNT), 0.0);
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
    const SamplerHandle large = sampler(10, true, true, image_count + 1);
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
