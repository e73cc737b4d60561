// Tests the momentum update of the key encoder.
#include "support/tensors.hpp"

#include <cmath>

using moco_test::Owned;
using moco_test::values_of;

namespace {

// Adds a number to all values of a tensor.
void shift(moco_tensor *tensor, float by)
{
    auto values = values_of(tensor);
    for (auto &value : values) {
        value += by;
    }
    EXPECT_OK(moco_tensor_set_from_host(tensor, values.data(), values.size() * sizeof(float)));
}

class Momentum : public moco_test::TensorTest {
  protected:
    void SetUp() override
    {
        TensorTest::SetUp();
        moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
        options.arch = "resnet20";
        options.device = moco_test::device();
        options.dim = 8;
        moco_encoder *encoder = nullptr;
        ASSERT_OK(moco_encoder_create(&encoder, &options));
        query_.reset(encoder);
        ASSERT_OK(moco_encoder_clone_frozen(&encoder, query_.get()));
        key_.reset(encoder);
    }

    void TearDown() override
    {
        query_.reset();
        key_.reset();
        TensorTest::TearDown();
    }

    Owned<moco_encoder> query_, key_;
};

} // namespace

TEST_F(Momentum, MovesParametersAndLeavesStatistics)
{
    const auto *query = moco_encoder_state(query_.get());
    const auto *key = moco_encoder_state(key_.get());
    const size_t count = moco_tensor_list_count(query);
    std::vector<std::vector<float>> before(count); /* empty: not float32 */
    for (size_t i = 0; i < count; ++i) {
        moco_tensor *tensor = moco_tensor_list_get(query, i);
        if (moco_tensor_dtype(tensor) == MOCO_FLOAT32) {
            before[i] = values_of(tensor);
            shift(tensor, 1);
        }
    }
    ASSERT_OK(moco_momentum_update(key_.get(), query_.get(), 0.75));
    for (size_t i = 0; i < count; ++i) {
        const float by = moco_encoder_state_is_parameter(key_.get(), i) ? 0.25F : 0;
        const auto after = before[i].empty() ? before[i] : values_of(moco_tensor_list_get(key, i));
        for (size_t j = 0; j < after.size(); ++j) {
            ASSERT_NEAR(after[j], before[i][j] + by, 2e-6) << moco_encoder_state_name(key_.get(), i);
        }
    }
}

TEST_F(Momentum, RefusesAndChangesNothing)
{
    moco_tensor *parameter = moco_tensor_list_get(moco_encoder_parameters(key_.get()), 0);
    const auto before = values_of(parameter);
    shift(moco_tensor_list_get(moco_encoder_parameters(query_.get()), 0), 1);
    for (const double m : { 1.5, -0.1, static_cast<double>(NAN) }) {
        EXPECT_EQ(moco_momentum_update(key_.get(), query_.get(), m), MOCO_EINVALID);
    }
    EXPECT_EQ(moco_momentum_update(nullptr, query_.get(), 0.9), MOCO_EINVALID);
    EXPECT_EQ(moco_momentum_update(key_.get(), nullptr, 0.9), MOCO_EINVALID);
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = "resnet20";
    options.dim = 9;
    options.device = moco_test::device();
    moco_encoder *encoder = nullptr;
    ASSERT_OK(moco_encoder_create(&encoder, &options));
    const Owned<moco_encoder> other(encoder);
    EXPECT_EQ(moco_momentum_update(key_.get(), other.get(), 0.9), MOCO_EINVALID) << "another head";
    EXPECT_EQ(values_of(parameter), before);
}
