// Tests Philox streams: known answers, ranges, permutations, and that no two streams meet.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

extern "C" {
#include "base/rng_internal.h"
}

namespace {

using Block = std::array<uint32_t, 4>;

Block philox(Block counter, std::array<uint32_t, 2> key)
{
    Block out = {};
    moco__philox(out.data(), counter.data(), key.data());
    return out;
}

// Chi-square statistic of counts against equal shares.
double chi_square(const std::vector<size_t> &counts)
{
    const double expected = static_cast<double>(std::accumulate(counts.begin(), counts.end(), size_t{ 0 })) /
                            static_cast<double>(counts.size());
    double sum = 0;
    for (const size_t count : counts) {
        sum += (static_cast<double>(count) - expected) * (static_cast<double>(count) - expected) / expected;
    }
    return sum;
}

std::vector<int64_t> permutation(size_t n, uint64_t seed, uint32_t purpose, uint64_t number)
{
    std::vector<int64_t> out(n);
    moco__permutation(out.data(), n, seed, purpose, number);
    return out;
}

// The known answers that Random123 publishes for Philox4x32 with ten rounds.
TEST(Rng, KnownAnswers)
{
    const uint32_t ones = 0xffffffffU;
    EXPECT_EQ(philox({ 0, 0, 0, 0 }, { 0, 0 }), (Block{ 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 }));
    EXPECT_EQ(philox({ ones, ones, ones, ones }, { ones, ones }),
              (Block{ 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd }));
    EXPECT_EQ(philox({ 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 }),
              (Block{ 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 }));
}

TEST(Rng, StreamIsConsecutiveBlocks)
{
    moco__rng rng;
    moco__rng_start(&rng, 0x1122334455667788U, MOCO__RNG_EPOCH, 0xaabbccdd00000007U);
    for (uint32_t block = 0; block < 3; ++block) {
        const Block expected =
            philox({ block, MOCO__RNG_EPOCH << 24, 0x00000007, 0xaabbccdd }, { 0x55667788, 0x11223344 });
        for (const uint32_t word : expected) {
            EXPECT_EQ(moco__rng_next(&rng), word);
        }
    }
}

// Each field of a stream's name, down to its highest bit, leads to another first block of counters.
TEST(Rng, NamesNeverCollide)
{
    std::set<std::vector<uint32_t>> seen;
    size_t count = 0;
    const auto add = [&](const moco__rng &rng) {
        std::vector<uint32_t> name(rng.counter, rng.counter + 4);
        name.insert(name.end(), rng.key, rng.key + 2);
        seen.insert(name);
        ++count;
    };
    moco__rng rng;
    for (uint32_t purpose = 1; purpose <= 4; ++purpose) {
        if (purpose == MOCO__RNG_AUGMENT) {
            continue;
        }
        moco__rng_start(&rng, 0, purpose, 0);
        add(rng);
        for (int bit = 0; bit < 64; ++bit) {
            moco__rng_start(&rng, 0, purpose, uint64_t{ 1 } << bit);
            add(rng);
            moco__rng_start(&rng, uint64_t{ 1 } << bit, purpose, 0);
            add(rng);
        }
    }
    moco__rng_start_view(&rng, 0, 0, 0, 0);
    add(rng);
    for (int bit = 0; bit < 48; ++bit) {
        moco__rng_start_view(&rng, 0, uint64_t{ 1 } << bit, 0, 0);
        add(rng);
        moco__rng_start_view(&rng, 0, 0, uint64_t{ 1 } << bit, 0);
        add(rng);
    }
    for (uint32_t bit = 0; bit < 8; ++bit) {
        moco__rng_start_view(&rng, 0, 0, 0, 1U << bit);
        add(rng);
    }
    EXPECT_EQ(seen.size(), count);
}

TEST(Rng, DoublesAreUniform)
{
    moco__rng rng;
    moco__rng_start(&rng, 3, MOCO__RNG_SUBSET, 0);
    std::vector<size_t> counts(64);
    double sum = 0;
    const int n = 64000;
    for (int i = 0; i < n; ++i) {
        const double value = moco__rng_double(&rng);
        ASSERT_GE(value, 0.0);
        ASSERT_LT(value, 1.0);
        ++counts[static_cast<size_t>(value * 64)];
        sum += value;
    }
    EXPECT_NEAR(sum / n, 0.5, 0.006);
    EXPECT_LT(chi_square(counts), 110.0); // 63 degrees of freedom: p < 0.001 above 103
    for (int i = 0; i < 1000; ++i) {
        const double value = moco__rng_uniform(&rng, -0.4, 1.7);
        ASSERT_GE(value, -0.4);
        ASSERT_LT(value, 1.7);
    }
    EXPECT_EQ(moco__rng_uniform(&rng, 0.25, 0.25), 0.25);
}

TEST(Rng, BoundedIntegersAreUnbiased)
{
    moco__rng rng;
    moco__rng_start(&rng, 4, MOCO__RNG_SUBSET, 0);
    std::vector<size_t> counts(10);
    for (int i = 0; i < 100000; ++i) {
        ++counts[moco__rng_below(&rng, 10)];
    }
    EXPECT_LT(chi_square(counts), 30.0); // 9 degrees of freedom: p < 0.001 above 27.9
    EXPECT_EQ(moco__rng_below(&rng, 1), 0U);
    // A bound where a plain modulo would favour the lower half two to one.
    const uint64_t bound = 0xc000000000000000U;
    size_t low = 0;
    for (int i = 0; i < 20000; ++i) {
        const uint64_t value = moco__rng_below(&rng, bound);
        ASSERT_LT(value, bound);
        low += value < bound / 3;
    }
    EXPECT_NEAR(static_cast<double>(low) / 20000, 1.0 / 3.0, 0.015);
    for (int i = 0; i < 100; ++i) {
        ASSERT_LE(moco__rng_below(&rng, 0xffffffffU), 0xfffffffeU);
        ASSERT_LE(moco__rng_below(&rng, 0x100000000U), 0xffffffffU);
    }
}

TEST(Rng, PermutationHoldsEachNumberOnce)
{
    for (const size_t n : { 0U, 1U, 2U, 3U, 8U, 1000U, 60000U }) {
        auto order = permutation(n, 1, MOCO__RNG_EPOCH, 5);
        std::sort(order.begin(), order.end());
        for (size_t i = 0; i < n; ++i) {
            ASSERT_EQ(order[i], static_cast<int64_t>(i));
        }
    }
}

TEST(Rng, PermutationDependsOnEachPartOfItsName)
{
    const auto base = permutation(100, 1, MOCO__RNG_EPOCH, 5);
    EXPECT_EQ(base, permutation(100, 1, MOCO__RNG_EPOCH, 5));
    EXPECT_NE(base, permutation(100, 2, MOCO__RNG_EPOCH, 5));
    EXPECT_NE(base, permutation(100, uint64_t{ 1 } << 32 | 1, MOCO__RNG_EPOCH, 5));
    EXPECT_NE(base, permutation(100, 1, MOCO__RNG_SHUFFLE, 5));
    EXPECT_NE(base, permutation(100, 1, MOCO__RNG_EPOCH, 6));
    EXPECT_NE(base, permutation(100, 1, MOCO__RNG_EPOCH, uint64_t{ 1 } << 32 | 5));
}

// All 24 orders of 4 come equally often.
TEST(Rng, PermutationsAreUniform)
{
    std::vector<size_t> counts(24);
    for (uint64_t i = 0; i < 24000; ++i) {
        auto order = permutation(4, 9, MOCO__RNG_SHUFFLE, i);
        size_t rank = 0;
        do {
            ++rank;
        } while (std::prev_permutation(order.begin(), order.end()));
        ++counts[rank - 1];
    }
    EXPECT_LT(chi_square(counts), 52.0); // 23 degrees of freedom: p < 0.001 above 49.7
}

} // namespace
