// Copies between the host and a GPU: when they are done.
#include "support/gpu.hpp"
#include "support/tensors.hpp"

#include <vector>

using moco_test::cpu;
using moco_test::gpu;

namespace {

class GpuCopies : public moco_test::TensorTest {};

} // namespace

// The memory was read before the copy had come, so that `moco embed --out x.npy` wrote what was there before.
TEST_F(GpuCopies, ADownloadIsDoneWhenItReturns)
{
    SKIP_WITHOUT_GPUS(1);
    const std::vector<float> values(1 << 20, 3);
    moco_tensor *there = nullptr;
    moco_tensor *back = nullptr;
    void *data = nullptr;
    ASSERT_OK(moco_tensor_to(&there, scope, floats({ 1 << 20 }, values), gpu));
    ASSERT_OK(moco_tensor_to(&back, scope, there, cpu));
    ASSERT_OK(moco_tensor_data(&data, back));
    const auto *first = static_cast<const float *>(data);
    EXPECT_EQ(std::vector<float>(first, first + values.size()), values);
    ASSERT_OK(moco_device_wait_uploads(gpu));
}
