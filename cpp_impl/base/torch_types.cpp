// Turns element types, devices and layouts of the interface into libtorch's.
#include "base/handle.hpp"

namespace moco {

at::ScalarType to_torch(moco_dtype dtype)
{
    switch (dtype) {
    case MOCO_FLOAT32:
        return at::kFloat;
    case MOCO_FLOAT64:
        return at::kDouble;
    case MOCO_FLOAT16:
        return at::kHalf;
    case MOCO_BFLOAT16:
        return at::kBFloat16;
    case MOCO_INT64:
        return at::kLong;
    case MOCO_INT32:
        return at::kInt;
    case MOCO_UINT8:
        return at::kByte;
    case MOCO_BOOL:
        return at::kBool;
    }
    throw Error(MOCO_EINVALID, "tensor: unknown element type " + std::to_string(static_cast<int>(dtype)));
}

at::Device to_torch(moco_device device)
{
    check_device(device);
    return device.type == MOCO_CUDA ? at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device.index)) : at::kCPU;
}

at::MemoryFormat to_torch_format(bool channels_last)
{
    return channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
}

moco_device from_torch(at::Device device)
{
    return { device.is_cuda() ? MOCO_CUDA : MOCO_CPU, device.is_cuda() ? device.index() : 0 };
}

} // namespace moco
