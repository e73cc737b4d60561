// Makes and reads tensors in a scope of the test, and checks calls that must succeed or must be refused.
#pragma once

#include "support/device.hpp"
#include "support/tensor_values.hpp"

#include <gtest/gtest.h>
#include <moco.h>

#include <memory>
#include <string>
#include <vector>

// Both stop or fail the test itself, which a helper function could not.
#define ASSERT_OK(call) ASSERT_EQ((call), MOCO_OK) << moco_error_message()
#define EXPECT_OK(call) EXPECT_EQ((call), MOCO_OK) << moco_error_message()

namespace moco_test {

struct Free {
    void operator()(moco_tensor_list *list) const { moco_tensor_list_free(list); }
    void operator()(moco_sgd *sgd) const { moco_sgd_free(sgd); }
    void operator()(moco_queue *queue) const { moco_queue_free(queue); }
    void operator()(moco_encoder *encoder) const { moco_encoder_free(encoder); }
    void operator()(moco_model *model) const { moco_model_free(model); }
};

template <typename T> using Owned = std::unique_ptr<T, Free>;

// A test whose tensors belong to a scope, and that leaves no handle alive.
class TensorTest : public ::testing::Test {
  public:
    moco_tensor *floats(const std::vector<int64_t> &sizes, const std::vector<float> &values)
    {
        return made(MOCO_FLOAT32, sizes, values.data());
    }

    moco_tensor *longs(const std::vector<int64_t> &sizes, const std::vector<int64_t> &values)
    {
        return made(MOCO_INT64, sizes, values.data());
    }

    moco_tensor *random(const std::vector<int64_t> &sizes, uint64_t seed)
    {
        moco_tensor *tensor = nullptr;
        EXPECT_OK(moco_tensor_randn(&tensor, scope, device(), sizes.data(), sizes.size(), seed));
        return tensor;
    }

  protected:
    void SetUp() override
    {
        before_ = moco_live_handles();
        ASSERT_OK(moco_scope_create(&scope));
    }

    void TearDown() override
    {
        moco_scope_free(scope);
        EXPECT_EQ(moco_live_handles(), before_);
    }

    moco_scope *scope = nullptr;
    moco_tensor *out = nullptr;

  private:
    moco_tensor *made(moco_dtype dtype, const std::vector<int64_t> &sizes, const void *values)
    {
        moco_tensor *tensor = nullptr;
        EXPECT_OK(moco_tensor_from_host(&tensor, scope, dtype, device(), sizes.data(), sizes.size(), values));
        return tensor;
    }

    size_t before_ = 0;
};

inline std::vector<int64_t> longs_of(const moco_tensor *tensor)
{
    std::vector<int64_t> values(static_cast<size_t>(moco_tensor_numel(tensor)));
    EXPECT_OK(moco_tensor_to_host(values.data(), values.size() * sizeof(int64_t), tensor));
    return values;
}

inline std::vector<int64_t> sizes_of(const moco_tensor *tensor)
{
    std::vector<int64_t> sizes;
    for (size_t i = 0; i < moco_tensor_ndim(tensor); ++i) {
        sizes.push_back(moco_tensor_size(tensor, i));
    }
    return sizes;
}

} // namespace moco_test

// Expects of a call, whose result would go to `out`, a status and a message that contains a text, and that `out` and
// the number of handles stay. For tests of TensorTest.
#define EXPECT_REFUSED(call, status, text)                                                                             \
    do {                                                                                                               \
        moco_tensor *const sentinel = reinterpret_cast<moco_tensor *>(this);                                           \
        out = sentinel;                                                                                                \
        const size_t handles = moco_live_handles();                                                                    \
        EXPECT_EQ((call), status) << #call;                                                                            \
        EXPECT_NE(std::string(moco_error_message()).find(text), std::string::npos) << moco_error_message();            \
        EXPECT_EQ(out, sentinel) << #call;                                                                             \
        EXPECT_EQ(moco_live_handles(), handles) << #call;                                                              \
    } while (0)
