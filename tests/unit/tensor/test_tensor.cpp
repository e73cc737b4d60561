// Tests how tensors and scopes are made, described, viewed and copied.
#include "support/tensors.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

using moco_test::device;
using moco_test::longs_of;
using moco_test::sizes_of;
using moco_test::values_of;

namespace {

class Tensor : public moco_test::TensorTest {
  protected:
    moco_tensor *two_by_three() { return floats({ 2, 3 }, { 1, 2, 3, 4, 5, 6 }); }
};

const std::array<int64_t, 2> sizes = { 2, 3 };
const std::array<int64_t, 2> negative = { 2, -3 };

} // namespace

TEST_F(Tensor, ScopesOwnTheirTensors)
{
    const size_t handles = moco_live_handles();
    moco_scope *inner = nullptr;
    ASSERT_OK(moco_scope_create(&inner));
    ASSERT_OK(moco_tensor_zeros(&out, inner, MOCO_FLOAT32, device(), sizes.data(), 2));
    ASSERT_OK(moco_tensor_zeros(&out, inner, MOCO_FLOAT32, device(), sizes.data(), 2));
    EXPECT_EQ(moco_live_handles(), handles + 3);
    moco_scope_clear(inner);
    EXPECT_EQ(moco_live_handles(), handles + 1);
    ASSERT_OK(moco_tensor_zeros(&out, inner, MOCO_FLOAT32, device(), sizes.data(), 2));
    moco_scope_free(inner);
    EXPECT_EQ(moco_live_handles(), handles);
    moco_scope_clear(nullptr);
    moco_scope_free(nullptr);
    EXPECT_EQ(moco_scope_create(nullptr), MOCO_EINVALID);
}

TEST_F(Tensor, WithoutAScopeTheCallerOwns)
{
    const size_t handles = moco_live_handles();
    ASSERT_OK(moco_tensor_empty(&out, nullptr, MOCO_INT32, device(), sizes.data(), 2));
    EXPECT_EQ(sizes_of(out), (std::vector<int64_t>{ 2, 3 }));
    EXPECT_EQ(moco_tensor_dtype(out), MOCO_INT32);
    EXPECT_EQ(moco_live_handles(), handles + 1);
    moco_tensor_free(out);
    moco_tensor_free(nullptr);
    EXPECT_EQ(moco_live_handles(), handles);
}

TEST_F(Tensor, HasSizesTypeAndDevice)
{
    static const struct {
        moco_dtype dtype;
        size_t bytes;
    } types[] = { { MOCO_FLOAT32, 4 }, { MOCO_FLOAT64, 8 }, { MOCO_FLOAT16, 2 }, { MOCO_BFLOAT16, 2 },
                  { MOCO_INT64, 8 },   { MOCO_INT32, 4 },   { MOCO_UINT8, 1 },   { MOCO_BOOL, 1 } };
    for (const auto &type : types) {
        ASSERT_OK(moco_tensor_zeros(&out, scope, type.dtype, device(), sizes.data(), 2));
        EXPECT_EQ(moco_tensor_dtype(out), type.dtype);
        EXPECT_EQ(moco_dtype_size(type.dtype), type.bytes);
        std::vector<uint8_t> bytes(6 * type.bytes, 1);
        ASSERT_OK(moco_tensor_to_host(bytes.data(), bytes.size(), out));
        EXPECT_EQ(bytes, std::vector<uint8_t>(6 * type.bytes, 0));
    }
    EXPECT_EQ(moco_tensor_ndim(out), 2U);
    EXPECT_EQ(moco_tensor_size(out, 1), 3);
    EXPECT_EQ(moco_tensor_size(out, 2), -1);
    EXPECT_EQ(moco_tensor_numel(out), 6);
    EXPECT_EQ(moco_tensor_device(out).type, device().type);
    EXPECT_EQ(moco_dtype_size(static_cast<moco_dtype>(99)), 0U);
}

TEST_F(Tensor, NullHasNoSizes)
{
    EXPECT_EQ(moco_tensor_ndim(nullptr), 0U);
    EXPECT_EQ(moco_tensor_size(nullptr, 0), -1);
    EXPECT_EQ(moco_tensor_numel(nullptr), 0);
    EXPECT_EQ(moco_tensor_dtype(nullptr), MOCO_FLOAT32);
    EXPECT_EQ(moco_tensor_device(nullptr).type, MOCO_CPU);
}

TEST_F(Tensor, MakingRefusesBadArguments)
{
    const float value = 0;
    const std::array<int64_t, 2> huge = { std::numeric_limits<int64_t>::max(), 2 };
    const auto unknown = static_cast<moco_dtype>(99);
    EXPECT_EQ(moco_tensor_empty(nullptr, scope, MOCO_FLOAT32, device(), sizes.data(), 2), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_empty(&out, scope, MOCO_FLOAT32, device(), nullptr, 2), MOCO_EINVALID, "NULL");
    EXPECT_REFUSED(moco_tensor_empty(&out, scope, MOCO_FLOAT32, device(), negative.data(), 2), MOCO_EINVALID, "-3");
    EXPECT_REFUSED(moco_tensor_empty(&out, scope, MOCO_FLOAT32, device(), huge.data(), 2), MOCO_ENOMEM,
                   "moco_tensor_empty");
    EXPECT_REFUSED(moco_tensor_empty(&out, scope, unknown, device(), sizes.data(), 2), MOCO_EINVALID, "99");
    EXPECT_EQ(moco_tensor_zeros(nullptr, scope, MOCO_FLOAT32, device(), sizes.data(), 2), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_zeros(&out, scope, MOCO_FLOAT32, device(), negative.data(), 2), MOCO_EINVALID, "-3");
    EXPECT_REFUSED(moco_tensor_zeros(&out, scope, unknown, device(), sizes.data(), 2), MOCO_EINVALID, "99");
    EXPECT_EQ(moco_tensor_from_host(nullptr, scope, MOCO_FLOAT32, device(), nullptr, 0, &value), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_from_host(&out, scope, MOCO_FLOAT32, device(), nullptr, 0, nullptr), MOCO_EINVALID,
                   "values");
    EXPECT_REFUSED(moco_tensor_from_host(&out, scope, MOCO_FLOAT32, device(), nullptr, 1, &value), MOCO_EINVALID,
                   "NULL");
    EXPECT_REFUSED(moco_tensor_from_host(&out, scope, unknown, device(), nullptr, 0, &value), MOCO_EINVALID, "99");
    EXPECT_EQ(moco_tensor_randn(nullptr, scope, device(), sizes.data(), 2, 1), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_randn(&out, scope, device(), negative.data(), 2, 1), MOCO_EINVALID, "-3");
    EXPECT_REFUSED(moco_tensor_randn(&out, scope, device(), nullptr, 2, 1), MOCO_EINVALID, "NULL");
}

TEST_F(Tensor, RandomValuesDependOnTheSeed)
{
    const auto a = values_of(random({ 100, 100 }, 1));
    EXPECT_EQ(a, values_of(random({ 100, 100 }, 1)));
    EXPECT_NE(a, values_of(random({ 100, 100 }, 2)));
    double sum = 0;
    double sumsq = 0;
    for (const float value : a) {
        sum += static_cast<double>(value);
        sumsq += static_cast<double>(value) * static_cast<double>(value);
    }
    EXPECT_NEAR(sum / 1e4, 0, 0.05);   // 5 sigma
    EXPECT_NEAR(sumsq / 1e4, 1, 0.08); // 5 sigma
}

TEST_F(Tensor, HostValuesAreCopied)
{
    std::vector<float> values = { 1, 2, 3, 4, 5, 6 };
    moco_tensor *tensor = floats({ 2, 3 }, values);
    values[0] = 9;
    EXPECT_EQ(values_of(tensor), (std::vector<float>{ 1, 2, 3, 4, 5, 6 }));
    ASSERT_OK(moco_tensor_set_from_host(tensor, values.data(), 24));
    EXPECT_EQ(values_of(tensor), values);
    EXPECT_EQ(moco_tensor_set_from_host(tensor, values.data(), 20), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_set_from_host(tensor, nullptr, 24), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_set_from_host(nullptr, values.data(), 24), MOCO_EINVALID);
    EXPECT_EQ(values_of(tensor), values);
    std::vector<float> room(6, 7);
    EXPECT_EQ(moco_tensor_to_host(room.data(), 20, tensor), MOCO_EINVALID);
    EXPECT_NE(std::string(moco_error_message()).find("20"), std::string::npos) << moco_error_message();
    EXPECT_EQ(moco_tensor_to_host(room.data(), 24, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_to_host(nullptr, 24, tensor), MOCO_EINVALID);
    EXPECT_EQ(room, std::vector<float>(6, 7));
}

TEST_F(Tensor, DataPointsAtRowMajorElements)
{
    moco_tensor *tensor = two_by_three();
    void *data = nullptr;
    if (device().type != MOCO_CPU) {
        EXPECT_EQ(moco_tensor_data(&data, tensor), MOCO_EINVALID);
        return;
    }
    ASSERT_OK(moco_tensor_data(&data, tensor));
    static_cast<float *>(data)[4] = 50;
    EXPECT_EQ(values_of(tensor), (std::vector<float>{ 1, 2, 3, 4, 50, 6 }));
    ASSERT_OK(moco_tensor_transpose(&out, scope, tensor));
    void *other = &data;
    EXPECT_EQ(moco_tensor_data(&other, out), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_data(&other, nullptr), MOCO_EINVALID);
    EXPECT_EQ(other, &data);
    EXPECT_EQ(moco_tensor_data(nullptr, tensor), MOCO_EINVALID);
}

TEST_F(Tensor, ItemIsTheOnlyElement)
{
    double value = 7;
    ASSERT_OK(moco_tensor_item(&value, longs({ 1, 1 }, { 42 })));
    EXPECT_EQ(value, 42);
    EXPECT_EQ(moco_tensor_item(&value, two_by_three()), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_item(&value, floats({ 0 }, { 0 })), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_item(&value, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_item(nullptr, floats({}, { 1 })), MOCO_EINVALID);
    EXPECT_EQ(value, 42);
}

TEST_F(Tensor, NarrowIsAView)
{
    moco_tensor *tensor = two_by_three();
    ASSERT_OK(moco_tensor_narrow(&out, scope, tensor, 1, 1, 2));
    EXPECT_EQ(values_of(out), (std::vector<float>{ 2, 3, 5, 6 }));
    ASSERT_OK(moco_tensor_zero(out));
    EXPECT_EQ(values_of(tensor), (std::vector<float>{ 1, 0, 0, 4, 0, 0 }));
    ASSERT_OK(moco_tensor_narrow(&out, scope, tensor, 0, 2, 0));
    EXPECT_EQ(sizes_of(out), (std::vector<int64_t>{ 0, 3 }));
    EXPECT_EQ(moco_tensor_narrow(nullptr, scope, tensor, 0, 0, 1), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_narrow(&out, scope, nullptr, 0, 0, 1), MOCO_EINVALID, "tensor");
    EXPECT_REFUSED(moco_tensor_narrow(&out, scope, tensor, 2, 0, 1), MOCO_EINVALID, "dimension 2");
    EXPECT_REFUSED(moco_tensor_narrow(&out, scope, tensor, SIZE_MAX, 0, 1), MOCO_EINVALID, "dimension");
    EXPECT_REFUSED(moco_tensor_narrow(&out, scope, tensor, 0, -1, 1), MOCO_EINVALID, "-1");
    EXPECT_REFUSED(moco_tensor_narrow(&out, scope, tensor, 0, 1, 2), MOCO_EINVALID, "2 entries from 1");
    EXPECT_REFUSED(moco_tensor_narrow(&out, scope, tensor, 0, 1, INT64_MAX), MOCO_EINVALID, "entries");
    EXPECT_REFUSED(moco_tensor_narrow(&out, scope, tensor, 0, 0, -1), MOCO_EINVALID, "-1 entries");
}

TEST_F(Tensor, TransposeIsAViewAndContiguousACopy)
{
    moco_tensor *tensor = two_by_three();
    moco_tensor *transposed = nullptr;
    ASSERT_OK(moco_tensor_transpose(&transposed, scope, tensor));
    EXPECT_EQ(sizes_of(transposed), (std::vector<int64_t>{ 3, 2 }));
    EXPECT_EQ(values_of(transposed), (std::vector<float>{ 1, 4, 2, 5, 3, 6 }));
    ASSERT_OK(moco_tensor_contiguous(&out, scope, transposed));
    ASSERT_OK(moco_tensor_zero(tensor));
    EXPECT_EQ(values_of(transposed), std::vector<float>(6, 0));
    EXPECT_EQ(values_of(out), (std::vector<float>{ 1, 4, 2, 5, 3, 6 }));
    ASSERT_OK(moco_tensor_contiguous(&out, scope, tensor));
    ASSERT_OK(moco_tensor_set_from_host(tensor, values_of(random({ 2, 3 }, 1)).data(), 24));
    EXPECT_EQ(values_of(out), values_of(tensor)) << "a second handle on the same memory";
    EXPECT_EQ(moco_tensor_transpose(nullptr, scope, tensor), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_transpose(&out, scope, nullptr), MOCO_EINVALID, "tensor");
    moco_tensor *cube = random({ 1, 2, 3 }, 1);
    moco_tensor *vector = random({ 4 }, 1);
    EXPECT_REFUSED(moco_tensor_transpose(&out, scope, cube), MOCO_EINVALID, "3 dimensions");
    EXPECT_REFUSED(moco_tensor_transpose(&out, scope, vector), MOCO_EINVALID, "1 dimensions");
    EXPECT_EQ(moco_tensor_contiguous(nullptr, scope, tensor), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_contiguous(&out, scope, nullptr), MOCO_EINVALID, "tensor");
}

TEST_F(Tensor, FlattenGivesAMatrix)
{
    ASSERT_OK(moco_tensor_flatten(&out, scope, floats({ 1, 2, 3 }, { 1, 2, 3, 4, 5, 6 })));
    EXPECT_EQ(sizes_of(out), (std::vector<int64_t>{ 1, 6 }));
    EXPECT_EQ(values_of(out), (std::vector<float>{ 1, 2, 3, 4, 5, 6 }));
    EXPECT_EQ(moco_tensor_flatten(nullptr, scope, two_by_three()), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_flatten(&out, scope, nullptr), MOCO_EINVALID, "tensor");
    moco_tensor *vector = random({ 4 }, 1);
    moco_tensor *scalar = floats({}, { 1 });
    EXPECT_REFUSED(moco_tensor_flatten(&out, scope, vector), MOCO_EINVALID, "1 dimensions");
    EXPECT_REFUSED(moco_tensor_flatten(&out, scope, scalar), MOCO_EINVALID, "0 dimensions");
}

TEST_F(Tensor, ToTheSameDeviceSharesMemory)
{
    moco_tensor *tensor = two_by_three();
    ASSERT_OK(moco_tensor_to(&out, scope, tensor, device()));
    ASSERT_OK(moco_tensor_zero(tensor));
    EXPECT_EQ(values_of(out), std::vector<float>(6, 0));
    EXPECT_EQ(moco_tensor_to(nullptr, scope, tensor, device()), MOCO_EINVALID);
    EXPECT_REFUSED(moco_tensor_to(&out, scope, nullptr, device()), MOCO_EINVALID, "tensor");
    if (moco_device_cuda_count(nullptr) == 0) {
        EXPECT_REFUSED(moco_tensor_to(&out, scope, tensor, (moco_device{ MOCO_CUDA, 0 })), MOCO_EUNAVAILABLE,
                       "cuda:0 cannot be used");
    }
}

TEST_F(Tensor, CopyConvertsTypes)
{
    moco_tensor *tensor = two_by_three();
    ASSERT_OK(moco_tensor_copy(tensor, longs({ 2, 3 }, { 6, 5, 4, 3, 2, 1 })));
    const auto after = values_of(tensor);
    EXPECT_EQ(after, (std::vector<float>{ 6, 5, 4, 3, 2, 1 }));
    EXPECT_EQ(moco_tensor_copy(tensor, floats({ 1, 3 }, { 0, 0, 0 })), MOCO_EINVALID) << "no broadcasting";
    EXPECT_EQ(moco_tensor_copy(tensor, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_copy(nullptr, tensor), MOCO_EINVALID);
    EXPECT_EQ(values_of(tensor), after);
}

TEST_F(Tensor, ImageBatchesLieInTheirLayout)
{
    for (const auto layout : { MOCO_NCHW, MOCO_NHWC }) {
        void *values = nullptr;
        ASSERT_OK(moco_image_batch_create(&out, &values, scope, MOCO_FLOAT32, 1, 3, 1, 2, layout, device()));
        const std::array<float, 6> memory = { 1, 2, 3, 4, 5, 6 };
        std::copy(memory.begin(), memory.end(), static_cast<float *>(values));
        EXPECT_EQ(sizes_of(out), (std::vector<int64_t>{ 1, 3, 1, 2 }));
        EXPECT_EQ(values_of(out), layout == MOCO_NCHW ? (std::vector<float>{ 1, 2, 3, 4, 5, 6 })
                                                      : (std::vector<float>{ 1, 4, 2, 5, 3, 6 }));
    }
    void *values = this;
    const auto create = [&](moco_tensor **to, void **data, moco_dtype dtype, int64_t count, int32_t height) {
        return moco_image_batch_create(to, data, scope, dtype, count, 3, height, 2, MOCO_NCHW, device());
    };
    EXPECT_EQ(create(nullptr, &values, MOCO_FLOAT32, 1, 1), MOCO_EINVALID);
    EXPECT_REFUSED(create(&out, nullptr, MOCO_FLOAT32, 1, 1), MOCO_EINVALID, "values");
    EXPECT_REFUSED(create(&out, &values, MOCO_FLOAT32, 0, 1), MOCO_EINVALID, "0 images");
    EXPECT_REFUSED(create(&out, &values, MOCO_FLOAT32, 1, -4), MOCO_EINVALID, "2x-4");
    EXPECT_REFUSED(create(&out, &values, MOCO_INT64, 1, 1), MOCO_EINVALID, "MOCO_FLOAT32");
    EXPECT_EQ(values, this);
}
