// Copies values of tensors.
#pragma once

#include <moco.h>

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace moco_test {

// Row-major; none of NULL.
inline std::vector<float> values_of(const moco_tensor *tensor)
{
    std::vector<float> values;
    if (tensor != nullptr) {
        values.resize(static_cast<size_t>(moco_tensor_numel(tensor)));
        EXPECT_EQ(moco_tensor_to_host(values.data(), values.size() * sizeof(float), tensor), MOCO_OK);
    }
    return values;
}

// All parameters and buffers of an encoder as bytes: equal if and only if nothing has changed.
inline std::vector<std::vector<char>> state_of(const moco_encoder *encoder)
{
    std::vector<std::vector<char>> state;
    const moco_tensor_list *tensors = moco_encoder_state(encoder);
    for (size_t i = 0; i < moco_tensor_list_count(tensors); ++i) {
        const moco_tensor *tensor = moco_tensor_list_get(tensors, i);
        std::vector<char> bytes(static_cast<size_t>(moco_tensor_numel(tensor)) *
                                moco_dtype_size(moco_tensor_dtype(tensor)));
        EXPECT_EQ(moco_tensor_to_host(bytes.data(), bytes.size(), tensor), MOCO_OK);
        state.push_back(std::move(bytes));
    }
    return state;
}

} // namespace moco_test
