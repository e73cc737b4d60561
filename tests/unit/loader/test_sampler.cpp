// Tests the sampler: every index once per epoch, seeking, drop_last, windows over shards, refusals.
#include "unit/loader/sampler_fixture.hpp"

#include <algorithm>
#include <string>
#include <vector>

using loader_test::sampler_of;
using loader_test::SamplerHandle;

namespace {

class Sampler : public ::testing::Test {
  protected:
    void SetUp() override { before_ = moco_live_handles(); }
    void TearDown() override { EXPECT_EQ(moco_live_handles(), before_); }

  private:
    size_t before_ = 0;
};

moco_sampler_options options_for(size_t count, size_t batch, bool drop_last = true, bool shuffle = true)
{
    moco_sampler_options options = MOCO_SAMPLER_OPTIONS_INIT;
    options.count = count;
    options.batch = batch;
    options.seed = 11;
    options.drop_last = drop_last;
    options.shuffle = shuffle;
    return options;
}

struct Batch {
    std::vector<size_t> indices;
    uint64_t epoch = 99;
    size_t batch = 99;
    bool operator==(const Batch &) const = default;
};

Batch next(const SamplerHandle &sampler, size_t room)
{
    Batch out;
    size_t count = 0;
    out.indices.resize(room);
    EXPECT_EQ(moco_sampler_next(sampler.get(), out.indices.data(), &count, &out.epoch, &out.batch), MOCO_OK);
    out.indices.resize(count);
    return out;
}

std::vector<size_t> epoch_of(const SamplerHandle &sampler, size_t room, uint64_t epoch)
{
    std::vector<size_t> all;
    for (size_t b = 0; b < moco_sampler_batches(sampler.get()); ++b) {
        const Batch batch = next(sampler, room);
        EXPECT_EQ(batch.epoch, epoch);
        EXPECT_EQ(batch.batch, b);
        all.insert(all.end(), batch.indices.begin(), batch.indices.end());
    }
    return all;
}

TEST_F(Sampler, EveryIndexOnceAnEpoch)
{
    for (const size_t batch : { 1U, 7U, 10U, 100U, 1000U }) {
        const SamplerHandle sampler = sampler_of(options_for(100, batch, false));
        std::vector<std::vector<size_t>> epochs;
        for (uint64_t epoch = 0; epoch < 3; ++epoch) {
            auto all = epoch_of(sampler, batch, epoch);
            epochs.push_back(all);
            std::sort(all.begin(), all.end());
            ASSERT_EQ(all.size(), 100U);
            for (size_t i = 0; i < all.size(); ++i) {
                ASSERT_EQ(all[i], i);
            }
        }
        EXPECT_NE(epochs[0], epochs[1]);
        EXPECT_NE(epochs[1], epochs[2]);
    }
}

TEST_F(Sampler, DropLastLeavesOutTheRest)
{
    const SamplerHandle drops = sampler_of(options_for(103, 10, true));
    const SamplerHandle keeps = sampler_of(options_for(103, 10, false));
    EXPECT_EQ(moco_sampler_batches(drops.get()), 10U);
    EXPECT_EQ(moco_sampler_batches(keeps.get()), 11U);
    const auto dropped = epoch_of(drops, 10, 0);
    auto kept = epoch_of(keeps, 10, 0);
    EXPECT_EQ(dropped.size(), 100U);
    EXPECT_EQ(kept.size(), 103U);
    kept.resize(100);
    EXPECT_EQ(dropped, kept) << "the order itself does not depend on drop_last";
}

TEST_F(Sampler, OrderDependsOnSeedAlone)
{
    auto options = options_for(50, 50);
    const auto first = next(sampler_of(options), 50).indices;
    EXPECT_EQ(first, next(sampler_of(options), 50).indices);
    options.seed = 12;
    EXPECT_NE(first, next(sampler_of(options), 50).indices);
    // The batch size cuts the same order.
    options = options_for(50, 10);
    EXPECT_EQ(first, epoch_of(sampler_of(options), 10, 0));
}

TEST_F(Sampler, WithoutShufflingInOrder)
{
    const SamplerHandle sampler = sampler_of(options_for(5, 2, false, false));
    for (uint64_t epoch = 0; epoch < 2; ++epoch) {
        EXPECT_EQ(epoch_of(sampler, 2, epoch), (std::vector<size_t>{ 0, 1, 2, 3, 4 }));
    }
}

TEST_F(Sampler, SeekEqualsWalking)
{
    const auto options = options_for(43, 5, false);
    const SamplerHandle walker = sampler_of(options);
    const SamplerHandle seeker = sampler_of(options);
    for (uint64_t epoch = 0; epoch < 3; ++epoch) {
        for (size_t b = 0; b < moco_sampler_batches(walker.get()); ++b) {
            // Some other place in between, so that the kept order is another epoch's.
            ASSERT_EQ(moco_sampler_seek(seeker.get(), 7, 3), MOCO_OK);
            (void)next(seeker, 5);
            ASSERT_EQ(moco_sampler_seek(seeker.get(), epoch, b), MOCO_OK);
            ASSERT_EQ(next(seeker, 5), next(walker, 5));
        }
    }
}

TEST_F(Sampler, EndOfAnEpochIsTheNextOnesStart)
{
    const SamplerHandle sampler = sampler_of(options_for(20, 5));
    ASSERT_EQ(moco_sampler_seek(sampler.get(), 2, 4), MOCO_OK);
    const Batch batch = next(sampler, 5);
    EXPECT_EQ(batch.epoch, 3U);
    EXPECT_EQ(batch.batch, 0U);
    EXPECT_EQ(moco_sampler_seek(sampler.get(), 0, 5), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("batch 5"), std::string::npos);
    EXPECT_EQ(next(sampler, 5).batch, 1U) << "a refused seek moves nothing";
}

TEST_F(Sampler, RefusesWhatGivesNoBatch)
{
    moco_sampler *sampler = nullptr;
    for (const auto &options : { options_for(0, 4), options_for(4, 0), options_for(3, 4, true) }) {
        EXPECT_EQ(moco_sampler_create(&sampler, &options), MOCO_EINVALID);
        EXPECT_STRNE(moco_error_message(), "");
    }
    EXPECT_EQ(moco_sampler_create(&sampler, nullptr), MOCO_EINVALID);
    EXPECT_EQ(sampler, nullptr);
    const SamplerHandle small = sampler_of(options_for(3, 4, false));
    EXPECT_EQ(next(small, 4).indices.size(), 3U);
    moco_sampler_free(nullptr);
}

// ---- Shards and windows ----

const std::vector<size_t> kShards = { 40, 7, 0, 55, 1, 90, 30, 77 }; // 300

moco_sampler_options windowed(size_t window, size_t batch = 20)
{
    auto options = options_for(300, batch);
    options.window = window;
    options.shard_sizes = kShards.data();
    options.shard_count = kShards.size();
    return options;
}

size_t shard_of(size_t index)
{
    size_t shard = 0;
    while (index >= kShards[shard]) {
        index -= kShards[shard++];
    }
    return shard;
}

TEST_F(Sampler, WindowsHoldEveryIndexOnce)
{
    for (const size_t window : { 1U, 2U, 16U, 100U, 299U, 300U, 5000U }) {
        const SamplerHandle sampler = sampler_of(windowed(window));
        std::vector<std::vector<size_t>> epochs;
        for (uint64_t epoch = 0; epoch < 3; ++epoch) {
            auto all = epoch_of(sampler, 20, epoch);
            epochs.push_back(all);
            std::sort(all.begin(), all.end());
            for (size_t i = 0; i < 300; ++i) {
                ASSERT_EQ(all[i], i) << "window " << window;
            }
        }
        EXPECT_NE(epochs[0], epochs[1]);
        EXPECT_NE(epochs[1], epochs[2]);
        EXPECT_EQ(epochs[0], epoch_of(sampler_of(windowed(window, 50)), 50, 0)) << "the batch size cuts the same order";
    }
}

TEST_F(Sampler, ShardsAreReadInSequence)
{
    // What the windows are for: a shard's samples come nearly in order, and from few shards at a time.
    constexpr size_t window = 16;
    const SamplerHandle sampler = sampler_of(windowed(window));
    for (uint64_t epoch = 0; epoch < 20; ++epoch) {
        const auto all = epoch_of(sampler, 20, epoch);
        std::vector<size_t> furthest(kShards.size());
        for (const size_t index : all) {
            size_t &far = furthest[shard_of(index)];
            EXPECT_GE(index + window, far);
            far = std::max(far, index);
        }
        for (size_t from = 0; from + window <= all.size(); from += window) {
            std::vector<size_t> shards;
            for (size_t i = from; i < from + window; ++i) {
                shards.push_back(shard_of(all[i]));
            }
            std::sort(shards.begin(), shards.end());
            shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
            EXPECT_LE(shards.size(), 7U);
        }
    }
}

TEST_F(Sampler, WindowOfOneShardIsNearlySorted)
{
    auto options = options_for(100, 10);
    options.window = 5;
    const auto all = epoch_of(sampler_of(options), 10, 0);
    for (size_t i = 0; i < all.size(); ++i) {
        EXPECT_LT(std::max(all[i], i) - std::min(all[i], i), 5U);
    }
}

TEST_F(Sampler, SeekEqualsWalkingOverShards)
{
    const SamplerHandle walker = sampler_of(windowed(32));
    for (uint64_t epoch = 0; epoch < 2; ++epoch) {
        for (size_t b = 0; b < moco_sampler_batches(walker.get()); ++b) {
            const SamplerHandle seeker = sampler_of(windowed(32));
            ASSERT_EQ(moco_sampler_seek(seeker.get(), epoch, b), MOCO_OK);
            ASSERT_EQ(next(seeker, 20), next(walker, 20));
        }
    }
}

TEST_F(Sampler, RanksShareTheOrderOfShards)
{
    const SamplerHandle whole = sampler_of(windowed(32));
    std::vector<SamplerHandle> ranks;
    for (int32_t rank = 0; rank < 4; ++rank) {
        auto options = windowed(32);
        options.rank = rank;
        options.world = 4;
        ranks.push_back(sampler_of(options));
    }
    for (size_t b = 0; b < 2 * moco_sampler_batches(whole.get()); ++b) {
        auto expected = next(whole, 20).indices;
        std::vector<size_t> shared;
        for (const SamplerHandle &rank : ranks) {
            const auto part = next(rank, 20).indices;
            EXPECT_EQ(part.size(), 5U);
            shared.insert(shared.end(), part.begin(), part.end());
        }
        std::sort(expected.begin(), expected.end());
        std::sort(shared.begin(), shared.end());
        ASSERT_EQ(shared, expected);
    }
}

TEST_F(Sampler, RefusesShardsThatAreNotTheData)
{
    moco_sampler *sampler = nullptr;
    auto options = windowed(16);
    options.count = 299;
    EXPECT_EQ(moco_sampler_create(&sampler, &options), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("300 samples, but count is 299"), std::string::npos);
    const size_t sizes[] = { SIZE_MAX, 301 }; // their sum overflows to 300
    options = windowed(16);
    options.shard_sizes = sizes;
    options.shard_count = 2;
    EXPECT_EQ(moco_sampler_create(&sampler, &options), MOCO_EINVALID);
    EXPECT_EQ(sampler, nullptr);
}

} // namespace
