// Tests orders by weights and by a callback: the same on any rank, and when resumed.
#include "support/temporary_folder.hpp"
#include "unit/loader/sampler_fixture.hpp"

#include <cmath>
#include <string>
#include <vector>

using loader_test::sampler_of;
using loader_test::SamplerHandle;
using moco_test::message_has;

namespace {

using Indices = std::vector<size_t>;

moco_sampler_options ordered(size_t count, size_t batch)
{
    moco_sampler_options options = MOCO_SAMPLER_OPTIONS_INIT;
    options.count = count;
    options.batch = batch;
    options.seed = 5;
    return options;
}

Indices order_of(const SamplerHandle &sampler, size_t room)
{
    Indices out(room);
    size_t count = 0;
    EXPECT_EQ(moco_sampler_next(sampler.get(), out.data(), &count, nullptr, nullptr), MOCO_OK) << moco_error_message();
    out.resize(count);
    return out;
}

// The order of an epoch runs backwards, from the epoch's number on.
moco_status backwards(int64_t *order, size_t count, uint64_t epoch, void *payload)
{
    *static_cast<int *>(payload) += 1;
    for (size_t i = 0; i < count; ++i) {
        order[i] = static_cast<int64_t>((2 * count - 1 - i - epoch) % count);
    }
    return MOCO_OK;
}

TEST(SamplerOrder, WeightsSetHowOftenAnImageComes)
{
    constexpr size_t count = 4;
    const double weights[count] = { 0, 1, 3, 0 };
    moco_sampler_options options = ordered(count, 4);
    options.weights = weights;
    const SamplerHandle sampler = sampler_of(options);
    std::vector<double> seen(count);
    constexpr int epochs = 4000;
    for (int i = 0; i < epochs; ++i) {
        for (const size_t index : order_of(sampler, 4)) {
            seen[index] += 1.0 / (4 * epochs);
        }
    }
    EXPECT_EQ(seen[0], 0);
    EXPECT_EQ(seen[3], 0);
    EXPECT_NEAR(seen[1], 0.25, 0.015) << "about 4 standard deviations";
    EXPECT_NEAR(seen[2], 0.75, 0.015);
}

TEST(SamplerOrder, WeightedDrawsDependOnSeedAndEpochAlone)
{
    const std::vector<double> weights = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    moco_sampler_options options = ordered(9, 4);
    options.weights = weights.data();
    const SamplerHandle whole = sampler_of(options);
    std::vector<Indices> batches;
    for (int i = 0; i < 6; ++i) {
        batches.push_back(order_of(whole, 4));
    }
    EXPECT_NE(batches[0], batches[2]) << "another epoch draws again";

    const SamplerHandle resumed = sampler_of(options);
    ASSERT_EQ(moco_sampler_seek(resumed.get(), 1, 1), MOCO_OK);
    EXPECT_EQ(order_of(resumed, 4), batches[3]);

    options.world = 2;
    for (int32_t rank = 0; rank < 2; ++rank) {
        options.rank = rank;
        const SamplerHandle part = sampler_of(options);
        for (const Indices &batch : batches) {
            // Sample n of a batch belongs to group n mod 2, and each rank has one group.
            EXPECT_EQ(order_of(part, 2),
                      (Indices{ batch[static_cast<size_t>(rank)], batch[static_cast<size_t>(rank) + 2] }));
        }
    }
}

TEST(SamplerOrder, ACallbackDecides)
{
    int calls = 0;
    moco_sampler_options options = ordered(5, 2);
    options.shuffle = false;
    options.order = backwards;
    options.payload = &calls;
    const SamplerHandle sampler = sampler_of(options);
    EXPECT_EQ(order_of(sampler, 2), (Indices{ 4, 3 }));
    EXPECT_EQ(order_of(sampler, 2), (Indices{ 2, 1 }));
    EXPECT_EQ(order_of(sampler, 2), (Indices{ 3, 2 })) << "epoch 1";
    EXPECT_EQ(calls, 2) << "once per epoch";
    const SamplerHandle resumed = sampler_of(options);
    ASSERT_EQ(moco_sampler_seek(resumed.get(), 0, 1), MOCO_OK);
    EXPECT_EQ(order_of(resumed, 2), (Indices{ 2, 1 }));
}

TEST(SamplerOrder, WrongOrdersAreRefused)
{
    size_t index = 0;
    size_t count = 0;
    moco_sampler_options options = ordered(3, 1);
    options.order = [](int64_t *order, size_t /*count*/, uint64_t /*epoch*/, void * /*payload*/) {
        order[0] = 0;
        order[1] = 3;
        return MOCO_OK;
    };
    const SamplerHandle beyond = sampler_of(options);
    EXPECT_EQ(moco_sampler_next(beyond.get(), &index, &count, nullptr, nullptr), MOCO_EINVALID);
    EXPECT_TRUE(message_has("order[1] of epoch 0 to 3; give indices from 0 to 2")) << moco_error_message();
    options.order = [](int64_t *order, size_t count, uint64_t /*epoch*/, void * /*payload*/) {
        for (size_t i = 0; i + 1 < count; ++i) {
            order[i] = 0;
        }
        return MOCO_OK;
    };
    const SamplerHandle missing = sampler_of(options);
    EXPECT_EQ(moco_sampler_next(missing.get(), &index, &count, nullptr, nullptr), MOCO_EINVALID);
    EXPECT_TRUE(message_has("order[2] of epoch 0 to -1")) << moco_error_message();
    options.order = [](int64_t * /*order*/, size_t /*count*/, uint64_t /*epoch*/, void * /*payload*/) {
        return static_cast<moco_status>(77);
    };
    const SamplerHandle failing = sampler_of(options);
    EXPECT_EQ(moco_sampler_next(failing.get(), &index, &count, nullptr, nullptr), MOCO_EIO);
    EXPECT_TRUE(message_has("the order callback failed for epoch 0 with status 77")) << moco_error_message();
}

TEST(SamplerOrder, WrongWeightsAreRefused)
{
    moco_sampler *made = nullptr;
    moco_sampler_options options = ordered(2, 1);
    for (const std::vector<double> &weights : { std::vector<double>{ 1, -1 }, { 0, 0 }, { NAN, 1 }, { INFINITY, 1 } }) {
        options.weights = weights.data();
        EXPECT_EQ(moco_sampler_create(&made, &options), MOCO_EINVALID) << weights[0];
        EXPECT_TRUE(message_has("weights")) << moco_error_message();
    }
    const double good[2] = { 1, 1 };
    options.weights = good;
    options.shuffle = false;
    EXPECT_EQ(moco_sampler_create(&made, &options), MOCO_EINVALID);
    options.shuffle = true;
    options.order = backwards;
    EXPECT_EQ(moco_sampler_create(&made, &options), MOCO_EINVALID);
    EXPECT_TRUE(message_has("not both")) << moco_error_message();
    EXPECT_EQ(made, nullptr);
}

} // namespace
