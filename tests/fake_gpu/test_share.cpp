// Tests that memory and streams of a GPU are shared with other libraries.
#include "support/tensors.hpp"

#include <ATen/dlpack.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace {

class Share : public moco_test::TensorTest {};

} // namespace

TEST_F(Share, DlpackNamesTheGpuAndItsPointer)
{
    moco_tensor *tensor = floats({ 2 }, { 3, 4 });
    DLManagedTensor *managed = nullptr;
    ASSERT_OK(moco_tensor_to_dlpack(&managed, tensor));
    EXPECT_EQ(managed->dl_tensor.device.device_type, kDLCUDA);
    EXPECT_NE(managed->dl_tensor.data, nullptr);
    const void *data = managed->dl_tensor.data;
    ASSERT_OK(moco_tensor_from_dlpack(&out, scope, managed));
    EXPECT_EQ(moco_tensor_device(out).type, MOCO_CUDA);
    EXPECT_EQ(moco_test::values_of(out), (std::vector<float>{ 3, 4 }));
    DLManagedTensor *again = nullptr;
    ASSERT_OK(moco_tensor_to_dlpack(&again, out));
    EXPECT_EQ(again->dl_tensor.data, data) << "no copy";
    again->deleter(again);
}

TEST_F(Share, TheStreamIsThatOfTheThread)
{
    void *stream = this;
    ASSERT_OK(moco_device_stream(&stream, moco_test::device()));
    EXPECT_EQ(stream, nullptr) << "the default stream";
    const c10::impl::VirtualGuardImpl cuda(c10::DeviceType::CUDA);
    const c10::StreamGuard guard(cuda.getStreamFromGlobalPool(c10::Device(c10::DeviceType::CUDA, 0)));
    ASSERT_OK(moco_device_stream(&stream, moco_test::device()));
    EXPECT_NE(stream, nullptr);
}
