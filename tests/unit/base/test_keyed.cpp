// Tests permutations that are computed place by place: against what a true shuffle would give.
extern "C" {
#include "base/keyed_internal.h"
#include "base/rng_internal.h"
}

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

namespace {

std::vector<uint64_t> permutation(uint64_t count, uint64_t seed, uint64_t number = 0)
{
    moco__keyed keyed;
    moco__keyed_start(&keyed, count, seed, MOCO__RNG_ORDER, number);
    std::vector<uint64_t> out(count);
    for (uint64_t i = 0; i < count; ++i) {
        out[i] = moco__keyed_at(&keyed, i);
    }
    return out;
}

// How many standard deviations chi-square is above its mean, for counts that should be equal.
double excess(const std::vector<double> &counts)
{
    double sum = 0;
    for (const double count : counts) {
        sum += count;
    }
    const double expected = sum / static_cast<double>(counts.size());
    double chi = 0;
    for (const double count : counts) {
        chi += (count - expected) * (count - expected) / expected;
    }
    const auto freedom = static_cast<double>(counts.size() - 1);
    return (chi - freedom) / std::sqrt(2 * freedom);
}

TEST(Keyed, EachPlaceGoesToItsOwn)
{
    for (const uint64_t count : { 1U, 2U, 3U, 4U, 5U, 15U, 16U, 17U, 63U, 64U, 65U, 1000U, 4096U, 60000U }) {
        auto all = permutation(count, 5, 3);
        std::sort(all.begin(), all.end());
        for (uint64_t i = 0; i < count; ++i) {
            ASSERT_EQ(all[i], i) << count;
        }
    }
}

TEST(Keyed, DependsOnSeedPurposeAndNumber)
{
    const auto first = permutation(100, 1, 2);
    EXPECT_EQ(first, permutation(100, 1, 2));
    EXPECT_NE(first, permutation(100, 2, 2));
    EXPECT_NE(first, permutation(100, 1, 3));
    EXPECT_NE(first, permutation(100, 1, UINT64_C(2) << 32U));
    EXPECT_NE(first, permutation(100, UINT64_C(1) << 32U, 2));
    moco__keyed other;
    moco__keyed_start(&other, 100, 1, MOCO__RNG_WINDOW, 2);
    bool differs = false;
    for (uint64_t i = 0; i < 100; ++i) {
        differs = differs || moco__keyed_at(&other, i) != first[i];
    }
    EXPECT_TRUE(differs);
}

TEST(Keyed, AllPermutationsOfFewAreAsFrequent)
{
    for (uint64_t count = 2; count <= 4; ++count) {
        std::map<std::vector<uint64_t>, double> seen;
        for (uint64_t seed = 0; seed < 12000; ++seed) {
            ++seen[permutation(count, seed)];
        }
        std::vector<double> counts;
        for (const auto &[order, times] : seen) {
            counts.push_back(times);
        }
        const double possible = std::tgamma(static_cast<double>(count) + 1);
        EXPECT_EQ(static_cast<double>(counts.size()), possible);
        EXPECT_LT(excess(counts), 4) << count;
    }
}

// As many fixed points, ascents and cycles as a shuffle has, over many epochs.
TEST(Keyed, LooksLikeAShuffle)
{
    constexpr uint64_t count = 257;
    constexpr int epochs = 4000;
    double fixed = 0;
    double ascents = 0;
    double cycles = 0;
    std::vector<double> places(count);    // of sample 0
    std::vector<double> distances(count); // from one place's sample to the next one's
    for (uint64_t epoch = 0; epoch < epochs; ++epoch) {
        const auto order = permutation(count, 7, epoch);
        std::vector<bool> walked(count);
        for (uint64_t i = 0; i < count; ++i) {
            fixed += order[i] == i ? 1 : 0;
            ascents += i > 0 && order[i] > order[i - 1] ? 1 : 0;
            cycles += walked[i] ? 0 : 1;
            for (uint64_t j = i; !walked[j]; j = order[j]) {
                walked[j] = true;
            }
            if (i > 0) {
                ++distances[(order[i] + count - order[i - 1]) % count];
            }
        }
        ++places[static_cast<size_t>(std::find(order.begin(), order.end(), 0) - order.begin())];
    }
    double harmonic = 0;
    for (uint64_t i = 1; i <= count; ++i) {
        harmonic += 1.0 / static_cast<double>(i);
    }
    EXPECT_NEAR(fixed / epochs, 1, 4 * 1.0 / std::sqrt(epochs));
    EXPECT_NEAR(ascents / epochs, (count - 1) / 2.0, 4 * std::sqrt((count + 1) / 12.0 / epochs));
    EXPECT_NEAR(cycles / epochs, harmonic, 4 * std::sqrt(harmonic / epochs));
    EXPECT_LT(excess(places), 4);
    distances.erase(distances.begin()); // 0 cannot be
    EXPECT_LT(excess(distances), 4);
}

// The samples of an epoch's start say nothing about those of the next epoch's.
TEST(Keyed, EpochsShareNoMoreThanChance)
{
    constexpr uint64_t count = 10000;
    constexpr uint64_t part = 1000;
    double shared = 0;
    constexpr int epochs = 100;
    auto before = permutation(count, 3, 0);
    for (uint64_t epoch = 1; epoch <= epochs; ++epoch) {
        const auto now = permutation(count, 3, epoch);
        const std::set<uint64_t> first(before.begin(), before.begin() + part);
        for (uint64_t i = 0; i < part; ++i) {
            shared += static_cast<double>(first.count(now[i]));
        }
        before = now;
    }
    // Hypergeometric: mean 100, variance 81.
    EXPECT_NEAR(shared / epochs, 100, 4 * 9 / std::sqrt(epochs));
}

TEST(Keyed, ABillionPlacesTakeNoMemory)
{
    for (const uint64_t count : { UINT64_C(1000000000), (UINT64_C(1) << 40U) + 1, UINT64_C(1) << 60U }) {
        moco__keyed keyed;
        moco__keyed_start(&keyed, count, 9, MOCO__RNG_ORDER, 1);
        std::set<uint64_t> seen;
        std::vector<double> parts(16);
        for (uint64_t i = 0; i < 20000; ++i) {
            const uint64_t at = moco__keyed_at(&keyed, count - 1 - i);
            ASSERT_LT(at, count);
            seen.insert(at);
            ++parts[at / (count / 16 + 1)];
        }
        EXPECT_EQ(seen.size(), 20000U);
        EXPECT_LT(excess(parts), 4);
    }
}

} // namespace
