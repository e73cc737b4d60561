// Makes samplers.
#pragma once

#include <gtest/gtest.h>
#include <moco.h>

#include <memory>

namespace loader_test {

using SamplerHandle = std::unique_ptr<moco_sampler, decltype(&moco_sampler_free)>;

inline SamplerHandle sampler_of(const moco_sampler_options &options)
{
    moco_sampler *sampler = nullptr;
    EXPECT_EQ(moco_sampler_create(&sampler, &options), MOCO_OK) << moco_error_message();
    return { sampler, moco_sampler_free };
}

} // namespace loader_test
