// The values of a tensor.
#pragma once

#include <moco.h>

#include <gtest/gtest.h>

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

} // namespace moco_test
