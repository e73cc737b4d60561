// Tests that numbers which are NaN or infinite are refused, with a name.
#include "support/temporary_folder.hpp"
#include "support/toy_dataset.hpp"
#include "weights/finite_internal.h"

#include <limits>
#include <vector>

using moco_test::toy_dataset;

namespace {

using Finite = moco_test::WithFolder;

bool is_finite(const std::vector<float> &values)
{
    const auto size = static_cast<int64_t>(values.size());
    moco_tensor *tensor = nullptr;
    bool finite = false;
    EXPECT_EQ(moco_tensor_from_host(&tensor, nullptr, MOCO_FLOAT32, { MOCO_CPU, 0 }, &size, 1, values.data()), MOCO_OK);
    EXPECT_EQ(moco__tensor_is_finite(&finite, tensor), MOCO_OK) << moco_error_message();
    moco_tensor_free(tensor);
    return finite;
}

} // namespace

TEST_F(Finite, ATensorIsJudgedByAllItsValues)
{
    const float large = std::numeric_limits<float>::max();
    const float infinite = std::numeric_limits<float>::infinity();
    EXPECT_TRUE(is_finite({ 0, -1, large, large, -large }));
    EXPECT_FALSE(is_finite({ 0, infinite }));
    EXPECT_FALSE(is_finite({ infinite, -infinite }));
    EXPECT_FALSE(is_finite({ 1, std::numeric_limits<float>::quiet_NaN(), 2 }));
}

TEST_F(Finite, FeaturesOfADivergedNetworkAreRefused)
{
    moco_encoder_options shape = MOCO_ENCODER_OPTIONS_INIT;
    shape.arch = "resnet20";
    moco_encoder *encoder = nullptr;
    ASSERT_EQ(moco_encoder_create(&encoder, &shape), MOCO_OK);
    moco_encoder_set_training(encoder, false);
    moco_tensor *weight = nullptr;
    ASSERT_EQ(moco_tensor_detach(&weight, nullptr, moco_tensor_list_get(moco_encoder_state(encoder), 0)), MOCO_OK);
    const auto values = static_cast<size_t>(moco_tensor_numel(weight));
    const std::vector<float> nan(values, std::numeric_limits<float>::quiet_NaN());
    moco_tensor *bad = nullptr;
    int64_t sizes[4];
    for (int d = 0; d < 4; ++d) {
        sizes[d] = moco_tensor_size(weight, d);
    }
    ASSERT_EQ(moco_tensor_from_host(&bad, nullptr, MOCO_FLOAT32, { MOCO_CPU, 0 }, sizes, 4, nan.data()), MOCO_OK);
    ASSERT_EQ(moco_tensor_copy(weight, bad), MOCO_OK);
    moco_dataset *dataset = toy_dataset(5);
    moco_features *features = nullptr;
    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    options.augment = "plain";
    options.image_size = moco_test::kToySide;
    EXPECT_EQ(moco_features_extract(&features, dataset, encoder, &options), MOCO_EDIVERGED);
    EXPECT_TRUE(moco_test::message_has("are NaN or infinite")) << moco_error_message();
    EXPECT_EQ(features, nullptr);
    moco_dataset_free(dataset);
    moco_tensor_free(bad);
    moco_tensor_free(weight);
    moco_encoder_free(encoder);
    EXPECT_EQ(moco_live_handles(), 0U);
}
