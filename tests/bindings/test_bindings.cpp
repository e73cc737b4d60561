// The C++ header: handles free themselves, failures are exceptions, and defaults are those of the library.
#include "moco.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

moco::tensor ones(std::vector<int64_t> sizes)
{
    int64_t count = 1;
    for (const int64_t size : sizes) {
        count *= size;
    }
    const std::vector<float> values(static_cast<size_t>(count), 1.0F);
    return moco::make(moco_tensor_from_host, MOCO_FLOAT32, moco_device{ MOCO_CPU, 0 }, sizes.data(), sizes.size(),
                      values.data());
}

double item(const moco_tensor *tensor)
{
    double value = 0;
    moco::call(moco_tensor_item, &value, tensor);
    return value;
}

TEST(Bindings, HandlesFreeThemselves)
{
    {
        const moco::tensor a = ones({ 1, 5 });
        const moco::tensor b = ones({ 1, 5 });
        EXPECT_EQ(item(moco::make(moco_tensor_row_dot, a, b).get()), 5);
        const moco::scope scope = moco::make(moco_scope_create);
        EXPECT_EQ(item(moco::make_in(scope, moco_tensor_row_dot, a, b)), 5);
        EXPECT_EQ(moco_live_handles(), 4U);
    }
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Bindings, FailuresAreExceptions)
{
    const moco::tensor a = ones({ 1, 5 });
    const moco::tensor b = ones({ 1, 4 });
    try {
        (void)moco::make(moco_tensor_row_dot, a, b);
        FAIL() << "sizes differ";
    } catch (const moco::error &error) {
        EXPECT_EQ(error.status(), MOCO_EINVALID);
        EXPECT_STREQ(error.what(), moco_error_message());
        EXPECT_STRNE(error.what(), "");
    }
}

TEST(Bindings, AModelTrains)
{
    {
        auto encoder = moco::defaults<moco_encoder_options>();
        encoder.arch = "resnet20";
        encoder.dim = 16;
        auto options = moco::defaults<moco_model_options>();
        EXPECT_EQ(options.queue_size, 65536);
        options.encoder = &encoder;
        options.queue_size = 16;
        const moco::model model = moco::make(moco_model_create, &options);
        const moco::tensor images = ones({ 8, 3, 16, 16 });
        moco_step step;
        moco::call(moco_model_step, &step, model, images, images, 0.03, 0.99);
        EXPECT_GT(item(step.loss), 0);
    }
    EXPECT_EQ(moco_live_handles(), 0U);
}

TEST(Bindings, TextsAreStrings)
{
    auto config = moco::defaults<moco_config>();
    moco::call(moco_config_apply_preset, &config, std::string("tiny"));
    moco::call(moco_config_set, &config, std::string("queue-size"), "128");
    EXPECT_EQ(config.queue_size, 128);
}

} // namespace
