// Makes batches of images on the host.
#include "base/handle.hpp"

#include "moco/image.h"

#include <ATen/ops/empty.h>

moco_status moco_image_batch_create(moco_tensor **out, void **values, moco_scope *scope, moco_dtype dtype,
                                    int64_t count, int32_t channels, int32_t height, int32_t width, moco_layout layout,
                                    moco_device device)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(values);
    if (count < 1 || height < 1 || width < 1) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": " + std::to_string(count) + " images of " +
                                             std::to_string(width) + "x" + std::to_string(height) +
                                             " pixels; use at least 1 of each");
    }
    if (channels < 1 || channels > MOCO_MAX_CHANNELS) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": " + std::to_string(channels) +
                                             " channels; use 1 to " + std::to_string(MOCO_MAX_CHANNELS));
    }
    if (dtype != MOCO_FLOAT32 && dtype != MOCO_BFLOAT16) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": element type " +
                                             std::to_string(static_cast<int>(dtype)) +
                                             " does not hold images; use MOCO_FLOAT32 or MOCO_BFLOAT16");
    }
    if (layout != MOCO_NCHW && layout != MOCO_NHWC) {
        throw moco::Error(MOCO_EINVALID, std::string(__func__) + ": layout " +
                                             std::to_string(static_cast<int>(layout)) + " is neither NCHW nor NHWC");
    }
    moco::check_device(device);
    auto batch = at::empty({ count, channels, height, width },
                           at::TensorOptions().dtype(moco::to_torch(dtype)).pinned_memory(device.type == MOCO_CUDA),
                           moco::to_torch_format(layout == MOCO_NHWC));
    void *data = batch.mutable_data_ptr();
    moco::give(out, scope, std::move(batch));
    *values = data;
    MOCO_API_END
}
