// Tests that DLPack shares memory both ways, and that deleters are called once.
#include "support/tensors.hpp"

#include <ATen/dlpack.h>

using moco_test::cpu;
using moco_test::sizes_of;
using moco_test::values_of;

namespace {

using Values = std::vector<float>;

// Memory of another library, two rows of three numbers.
struct Foreign {
    float values[6] = { 1, 2, 3, 4, 5, 6 };
    int64_t sizes[2] = { 2, 3 };
    int64_t strides[2] = { 3, 1 };
    int deleted = 0;
    DLManagedTensor managed{};

    Foreign()
    {
        managed.dl_tensor = { values, { kDLCPU, 0 }, 2, { kDLFloat, 32, 1 }, sizes, nullptr, 0 };
        managed.manager_ctx = this;
        managed.deleter = [](DLManagedTensor *self) { ++static_cast<Foreign *>(self->manager_ctx)->deleted; };
    }
};

class DlPack : public moco_test::TensorTest {};

} // namespace

TEST_F(DlPack, TensorsGoOutAndComeBackWithoutACopy)
{
    moco_tensor *tensor = nullptr;
    const int64_t sizes[] = { 2, 3 };
    const Values values = { 1, 2, 3, 4, 5, 6 };
    ASSERT_OK(moco_tensor_from_host(&tensor, nullptr, MOCO_FLOAT32, cpu, sizes, 2, values.data()));
    void *data = nullptr;
    ASSERT_OK(moco_tensor_data(&data, tensor));
    DLManagedTensor *managed = nullptr;
    ASSERT_OK(moco_tensor_to_dlpack(&managed, tensor));
    moco_tensor_free(tensor);
    EXPECT_EQ(managed->dl_tensor.data, data);
    EXPECT_EQ(managed->dl_tensor.ndim, 2);
    EXPECT_EQ(managed->dl_tensor.shape[1], 3);
    EXPECT_EQ(static_cast<float *>(data)[5], 6.0F) << "the memory outlives the handle";
    ASSERT_OK(moco_tensor_from_dlpack(&out, scope, managed));
    void *again = nullptr;
    ASSERT_OK(moco_tensor_data(&again, out));
    EXPECT_EQ(again, data);
    EXPECT_EQ(values_of(out), values);
}

TEST_F(DlPack, ForeignMemoryIsSharedUntilItsLastTensorIsFreed)
{
    Foreign foreign;
    moco_tensor *tensor = nullptr;
    ASSERT_OK(moco_tensor_from_dlpack(&tensor, nullptr, &foreign.managed));
    EXPECT_EQ(sizes_of(tensor), (std::vector<int64_t>{ 2, 3 }));
    foreign.values[0] = 7;
    EXPECT_EQ(values_of(tensor)[0], 7.0F);
    moco_tensor *row = nullptr;
    ASSERT_OK(moco_tensor_narrow(&row, nullptr, tensor, 0, 1, 1));
    moco_tensor_free(tensor);
    EXPECT_EQ(foreign.deleted, 0) << "a view is left";
    EXPECT_EQ(values_of(row), (Values{ 4, 5, 6 }));
    moco_tensor_free(row);
    EXPECT_EQ(foreign.deleted, 1);
}

TEST_F(DlPack, StridesOffsetsAndMissingDeletersAreHonoured)
{
    Foreign foreign;
    foreign.sizes[0] = 3;
    foreign.sizes[1] = 1;
    foreign.strides[0] = 2;
    foreign.managed.dl_tensor.strides = foreign.strides;
    foreign.managed.dl_tensor.byte_offset = sizeof(float);
    foreign.managed.deleter = nullptr;
    ASSERT_OK(moco_tensor_from_dlpack(&out, scope, &foreign.managed));
    EXPECT_EQ(values_of(out), (Values{ 2, 4, 6 }));
    moco_scope_clear(scope);
}

TEST_F(DlPack, WhatDoesNotFitStaysTheCallers)
{
    Foreign foreign;
    const auto refused = [&](moco_status status, const char *text) {
        EXPECT_REFUSED(moco_tensor_from_dlpack(&out, scope, &foreign.managed), status, text);
        foreign = Foreign();
        foreign.managed.dl_tensor.shape = foreign.sizes;
        foreign.managed.dl_tensor.data = foreign.values;
        foreign.managed.manager_ctx = &foreign;
    };
    foreign.managed.dl_tensor.dtype.bits = 16;
    foreign.managed.dl_tensor.dtype.code = kDLInt;
    refused(MOCO_EINVALID, "16 bits");
    foreign.managed.dl_tensor.dtype.lanes = 4;
    refused(MOCO_EINVALID, "4 lanes");
    foreign.managed.dl_tensor.ndim = 65;
    refused(MOCO_EINVALID, "65 dimensions");
    foreign.managed.dl_tensor.shape = nullptr;
    refused(MOCO_EINVALID, "with their sizes");
    foreign.sizes[1] = -1;
    refused(MOCO_EINVALID, "is negative");
    foreign.strides[0] = -3;
    foreign.managed.dl_tensor.strides = foreign.strides;
    refused(MOCO_EINVALID, "stride -3");
    foreign.managed.dl_tensor.data = nullptr;
    refused(MOCO_EINVALID, "NULL");
    foreign.managed.dl_tensor.byte_offset = 2;
    refused(MOCO_EINVALID, "begin at no multiple of their size");
    foreign.managed.dl_tensor.device.device_type = kDLMetal;
    refused(MOCO_EUNAVAILABLE, "neither a CPU nor CUDA");
    foreign.managed.dl_tensor.device = { kDLCUDA, 77 };
    refused(MOCO_EUNAVAILABLE, "cuda:77");
    EXPECT_EQ(foreign.deleted, 0);
    EXPECT_REFUSED(moco_tensor_from_dlpack(&out, scope, nullptr), MOCO_EINVALID, "managed");
    DLManagedTensor *managed = nullptr;
    EXPECT_EQ(moco_tensor_to_dlpack(&managed, nullptr), MOCO_EINVALID);
    EXPECT_EQ(moco_tensor_to_dlpack(nullptr, floats({ 1 }, { 1 })), MOCO_EINVALID);
}

TEST_F(DlPack, TheCpuHasNoStream)
{
    void *stream = this;
    EXPECT_OK(moco_device_stream(&stream, cpu));
    EXPECT_EQ(stream, nullptr);
    EXPECT_EQ(moco_device_stream(nullptr, cpu), MOCO_EINVALID);
    EXPECT_EQ(moco_device_stream(&stream, { MOCO_CUDA, 77 }), MOCO_EUNAVAILABLE);
}

TEST_F(DlPack, MemoryThatCannotExistIsRefused)
{
    Foreign foreign;
    DLTensor &tensor = foreign.managed.dl_tensor;
    const auto refused = [&] {
        EXPECT_REFUSED(moco_tensor_from_dlpack(&out, scope, &foreign.managed), MOCO_EINVALID, "beyond any memory");
    };
    foreign.sizes[0] = INT64_MAX;
    refused();
    foreign.sizes[0] = INT64_MAX / 11;
    refused();
    tensor.strides = foreign.strides;
    refused();
    foreign.sizes[0] = 2;
    foreign.strides[0] = INT64_MAX;
    refused();
    foreign.strides[0] = INT64_MAX / 4;
    refused();
    foreign.sizes[0] = foreign.sizes[1] = INT64_MAX / 2;
    foreign.strides[0] = foreign.strides[1] = 0;
    refused();
    foreign = Foreign();
    tensor.shape = foreign.sizes;
    tensor.byte_offset = UINT64_MAX - 3;
    refused();
    EXPECT_EQ(foreign.deleted, 0);
}
