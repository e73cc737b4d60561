// Models that free themselves, for tests of what is written of them.
#pragma once

#include "support/model_options.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace moco_test {

using MadeModel = std::unique_ptr<moco_model, decltype(&moco_model_free)>;

inline MadeModel make_model(ModelOptions options)
{
    moco_model *made = nullptr;
    EXPECT_EQ(moco_model_create(&made, options.get()), MOCO_OK) << moco_error_message();
    return { made, moco_model_free };
}

inline moco_config config_of(const MadeModel &model)
{
    moco_config config;
    moco_config_init(&config, sizeof config);
    EXPECT_EQ(moco_config_describe(&config, model.get()), MOCO_OK) << moco_error_message();
    return config;
}

} // namespace moco_test
