// Tests the memory bank: how it starts, what it gives to compare with, and what it takes.
#include "support/mechanisms.hpp"

extern "C" {
#include "base/rng_internal.h"
}

#include <algorithm>

using moco_test::cross_entropy;
using moco_test::dot;
using moco_test::kDim;
using moco_test::kImages;
using moco_test::row_of;
using moco_test::sizes_of;
using moco_test::small_model;
using moco_test::values_of;

namespace {
using MemoryBank = moco_test::MechanismTest;
} // namespace

TEST_F(MemoryBank, TakesTheQueriesOfItsImages)
{
    const auto model = make(small_model(MOCO_MECHANISM_MEMORY_BANK));
    const std::vector<size_t> samples = { 3, 1, 4, 1, 5, 9, 2, 6 };
    const auto before = values_of(moco_model_bank(model.get()));
    moco_step result{};
    ASSERT_OK(step(&result, model.get(), 1, samples));
    const auto after = values_of(moco_model_bank(model.get()));
    const auto q = values_of(result.q);
    const auto k = values_of(result.k);
    for (size_t image = 0; image < static_cast<size_t>(kImages); ++image) {
        const auto last = std::find(samples.rbegin(), samples.rend(), image);
        if (last == samples.rend()) {
            EXPECT_EQ(row_of(before, image), row_of(after, image));
            continue;
        }
        const auto row = static_cast<size_t>(samples.rend() - last) - 1;
        EXPECT_EQ(row_of(k, row), row_of(before, image)) << "the positive is the feature as it was last seen";
        auto want = row_of(before, image);
        const auto query = row_of(q, row);
        for (size_t c = 0; c < want.size(); ++c) {
            want[c] = (want[c] + query[c]) / 2;
        }
        const double norm = std::sqrt(dot(want, want));
        for (size_t c = 0; c < want.size(); ++c) {
            EXPECT_NEAR(row_of(after, image)[c], want[c] / norm, 1e-5) << image;
        }
    }
}

TEST_F(MemoryBank, StartsUniform)
{
    const auto model = make(small_model(MOCO_MECHANISM_MEMORY_BANK));
    const auto bank = values_of(moco_model_bank(model.get()));
    const float bound = std::sqrt(3.0F / kDim);
    EXPECT_NEAR(dot(bank, bank) / kImages, 1, 0.15) << "rows have about length 1";
    EXPECT_LE(*std::max_element(bank.begin(), bank.end()), bound);
    EXPECT_GE(*std::min_element(bank.begin(), bank.end()), -bound);
    EXPECT_EQ(bank, values_of(moco_model_bank(make(small_model(MOCO_MECHANISM_MEMORY_BANK)).get())));
    auto more = small_model(MOCO_MECHANISM_MEMORY_BANK);
    more.bank_images = 5000; // more than a piece
    const auto larger = values_of(moco_model_bank(make(more).get()));
    EXPECT_TRUE(std::equal(bank.begin(), bank.end(), larger.begin()));
    EXPECT_NE(larger.back(), 0);
}

// Draws the rows of a dictionary, as rng_internal.h says.
static std::vector<size_t> dictionary(uint64_t number)
{
    moco__rng rng;
    std::vector<size_t> rows;
    moco__rng_start(&rng, 5, MOCO__RNG_DICTIONARY, number);
    while (rows.size() < 24) {
        rows.push_back(moco__rng_below(&rng, kImages));
    }
    return rows;
}

TEST_F(MemoryBank, GivesADictionaryForEachBatchOrQuery)
{
    for (const bool per_query : { false, true }) {
        auto options = small_model(MOCO_MECHANISM_MEMORY_BANK);
        options.bank_per_query = per_query;
        const auto model = make(options);
        for (uint64_t number = 0; number < 2; ++number) {
            const auto bank = values_of(moco_model_bank(model.get()));
            moco_step result{};
            ASSERT_OK(step(&result, model.get(), number));
            EXPECT_EQ(sizes_of(result.logits), (std::vector<int64_t>{ 8, 25 }));
            const auto logits = values_of(result.logits);
            const auto q = values_of(result.q);
            EXPECT_NEAR(item(result.loss), cross_entropy(logits, 25, 0, 0), 1e-4);
            for (size_t row = 0; row < 8; ++row) {
                const auto rows = dictionary(per_query ? number * 8 + row : number);
                for (size_t j = 0; j < 24; ++j) {
                    EXPECT_NEAR(logits[row * 25 + 1 + j], dot(row_of(q, row), row_of(bank, rows[j])) / 0.2, 1e-4);
                }
            }
        }
    }
}

TEST_F(MemoryBank, NeedsTheNumbersOfItsImages)
{
    const auto model = make(small_model(MOCO_MECHANISM_MEMORY_BANK));
    moco_tensor *a = images(8, 1);
    const auto before = values_of(moco_model_bank(model.get()));
    const size_t good[8] = { 0, 1, 2, 3, 4, 5, 6, 29 };
    const size_t bad[8] = { 0, 1, 2, 3, 4, 5, 6, 30 };
    EXPECT_REFUSED(moco_model_step(nullptr, model.get(), a, a, 0.1, 0.9), MOCO_EINVALID, "moco_model_step_samples");
    EXPECT_REFUSED(moco_model_step_samples(nullptr, model.get(), a, nullptr, bad, 0.1, 0.9), MOCO_EINVALID,
                   "image 30 is not in the bank of 30 images");
    EXPECT_EQ(values_of(moco_model_bank(model.get())), before);
    EXPECT_OK(moco_model_step_samples(nullptr, model.get(), a, nullptr, good, 0.1, 0.9));
    const auto other = make(small_model(MOCO_MECHANISM_MOCO));
    EXPECT_REFUSED(moco_model_step_samples(nullptr, other.get(), a, nullptr, good, 0.1, 0.9), MOCO_EINVALID, "im_k");
    EXPECT_OK(moco_model_step_samples(nullptr, other.get(), a, a, nullptr, 0.1, 0.9));
}
