// Tests the permutations of shuffled batch norm.
#include "support/tensors.hpp"

#include <rapidcheck/gtest.h>

#include <algorithm>

RC_GTEST_PROP(Shuffle, UnshuffleAfterShuffleIsTheIdentity, (uint64_t seed, uint64_t step))
{
    const auto n = static_cast<size_t>(*rc::gen::inRange(1, 300));
    std::vector<int64_t> order(n), inverse(n), sorted(n);
    moco_shuffle_permutation(order.data(), n, seed, step);
    moco_shuffle_inverse(inverse.data(), order.data(), n);
    sorted = order;
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < n; ++i) {
        RC_ASSERT(sorted[i] == static_cast<int64_t>(i));
        RC_ASSERT(order[static_cast<size_t>(inverse[i])] == static_cast<int64_t>(i));
    }
}

TEST(Shuffle, DependsOnSeedAndStep)
{
    std::vector<int64_t> a(100), b(100);
    moco_shuffle_permutation(a.data(), 100, 1, 2);
    moco_shuffle_permutation(b.data(), 100, 1, 2);
    EXPECT_EQ(a, b);
    moco_shuffle_permutation(b.data(), 100, 1, 3);
    EXPECT_NE(a, b);
    moco_shuffle_permutation(b.data(), 100, 2, 2);
    EXPECT_NE(a, b);
}

// Row r of a batch in 2 groups holds sample 2 (r mod 3) + r / 3 of 6.
TEST(Shuffle, OfGroupsMovesTheSameSamples)
{
    std::vector<int64_t> samples(6), rows(6);
    const std::vector<int64_t> sample_of = { 0, 2, 4, 1, 3, 5 };
    moco_shuffle_permutation(samples.data(), 6, 1, 2);
    ASSERT_OK(moco_shuffle_grouped_permutation(rows.data(), 6, 2, 1, 2));
    for (size_t row = 0; row < 6; ++row) {
        const auto sample = static_cast<size_t>(sample_of[row]);
        EXPECT_EQ(sample_of[static_cast<size_t>(rows[row])], samples[sample]);
    }
    ASSERT_OK(moco_shuffle_grouped_permutation(rows.data(), 6, 1, 1, 2));
    EXPECT_EQ(rows, samples);
    EXPECT_EQ(moco_shuffle_grouped_permutation(rows.data(), 6, 4, 1, 2), MOCO_EINVALID);
    EXPECT_EQ(moco_shuffle_grouped_permutation(rows.data(), 6, 0, 1, 2), MOCO_EINVALID);
    EXPECT_EQ(moco_shuffle_grouped_permutation(nullptr, 6, 2, 1, 2), MOCO_EINVALID);
    EXPECT_EQ(rows, samples);
}
