// Makes matrices on the CPU.
#pragma once

#include <gtest/gtest.h>
#include <moco.h>

#include <memory>
#include <vector>

namespace matrix_test {

struct TensorFree {
    void operator()(moco_tensor *tensor) const { moco_tensor_free(tensor); }
};
using Tensor = std::unique_ptr<moco_tensor, TensorFree>;

inline Tensor matrix(const std::vector<float> &values, int64_t rows)
{
    const int64_t sizes[] = { rows, static_cast<int64_t>(values.size()) / rows };
    moco_tensor *out = nullptr;
    EXPECT_EQ(moco_tensor_from_host(&out, nullptr, MOCO_FLOAT32, { MOCO_CPU, 0 }, sizes, 2, values.data()), MOCO_OK);
    return Tensor(out);
}

} // namespace matrix_test
