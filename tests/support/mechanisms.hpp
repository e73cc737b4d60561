// Makes small models of any mechanism, takes steps with them, and computes what the steps must give.
#pragma once

#include "support/model_options.hpp"
#include "support/tensors.hpp"

#include <cmath>
#include <numeric>

namespace moco_test {

inline constexpr int64_t kImages = 30;
inline constexpr int64_t kDim = 16;

inline ModelOptions small_model(moco_mechanism mechanism)
{
    ModelOptions options;
    options.encoder.arch = "resnet20";
    options.encoder.device = device();
    options.encoder.dim = kDim;
    options.encoder.bn_splits = 2;
    options.queue_size = 24;
    options.temperature = 0.2;
    options.bank_images = kImages;
    options.predictor = 32;
    options.seed = 5;
    options.mechanism = mechanism;
    return options;
}

using Values = std::vector<float>;

inline Values row_of(const Values &matrix, size_t row)
{
    return { matrix.begin() + static_cast<ptrdiff_t>(row * kDim),
             matrix.begin() + static_cast<ptrdiff_t>((row + 1) * kDim) };
}

inline double dot(const Values &a, const Values &b)
{
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// The mean of -log softmax at a way of each row.
inline double cross_entropy(const Values &logits, size_t ways, size_t first_label, size_t step)
{
    double sum = 0;
    const size_t rows = logits.size() / ways;
    for (size_t r = 0; r < rows; ++r) {
        double total = 0;
        for (size_t w = 0; w < ways; ++w) {
            total += std::exp(static_cast<double>(logits[r * ways + w]));
        }
        sum += std::log(total) - static_cast<double>(logits[r * ways + first_label + r * step]);
    }
    return sum / static_cast<double>(rows);
}

class MechanismTest : public TensorTest {
  protected:
    void SetUp() override
    {
        TensorTest::SetUp();
        ASSERT_OK(moco_threads_set(1));
    }

    Owned<moco_model> make(ModelOptions options)
    {
        moco_model *model = nullptr;
        EXPECT_OK(moco_model_create(&model, options.get()));
        return Owned<moco_model>(model);
    }

    void refuse(ModelOptions options, const char *says)
    {
        moco_model *model = nullptr;
        EXPECT_REFUSED(moco_model_create(&model, options.get()), MOCO_EINVALID, says);
    }

    moco_tensor *images(int64_t count, uint64_t seed) { return random({ count, 3, 8, 8 }, seed); }

    moco_status step(moco_step *out, moco_model *model, uint64_t seed = 1,
                     const std::vector<size_t> &samples = { 3, 1, 4, 1, 5, 9, 2, 6 })
    {
        return moco_model_step_samples(out, model, images(8, 2 * seed), images(8, 2 * seed + 1), samples.data(), 0.05,
                                       0.9);
    }

    static double item(const moco_tensor *tensor)
    {
        double value = NAN;
        EXPECT_OK(moco_tensor_item(&value, tensor));
        return value;
    }
};

} // namespace moco_test
