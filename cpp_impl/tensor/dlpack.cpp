// Shares the memory of tensors with other libraries by DLPack.
#include "base/handle.hpp"

#include "moco/dlpack.h"

#include <ATen/DLConvertor.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <cstdint>
#include <memory>

namespace {

[[noreturn]] void refuse(const std::string &why)
{
    throw moco::Error(MOCO_EINVALID, "moco_tensor_from_dlpack: " + why);
}

at::Device device_of(const DLDevice &device)
{
    switch (device.device_type) {
    case kDLCPU:
    case kDLCUDAHost:
        return at::kCPU;
    case kDLCUDA:
    case kDLCUDAManaged:
        return moco::to_torch(moco_device{ MOCO_CUDA, device.device_id });
    default:
        throw moco::Error(MOCO_EUNAVAILABLE, "moco_tensor_from_dlpack: DLPack's device type " +
                                                 std::to_string(static_cast<int>(device.device_type)) +
                                                 " is neither a CPU nor CUDA");
    }
}

at::ScalarType type_of(const DLDataType &type)
{
    struct Known {
        uint8_t code, bits;
        at::ScalarType type;
    };
    constexpr Known all[] = {
        { kDLFloat, 32, at::kFloat },     { kDLFloat, 64, at::kDouble }, { kDLFloat, 16, at::kHalf },
        { kDLBfloat, 16, at::kBFloat16 }, { kDLInt, 64, at::kLong },     { kDLInt, 32, at::kInt },
        { kDLUInt, 8, at::kByte },        { kDLBool, 8, at::kBool },
    };
    for (const Known &known : all) {
        if (known.code == type.code && known.bits == type.bits && type.lanes == 1) {
            return known.type;
        }
    }
    refuse("elements of DLPack's code " + std::to_string(type.code) + ", " + std::to_string(type.bits) + " bits, " +
           std::to_string(type.lanes) + " lanes have no moco_dtype");
}

// Returns the strides; DLPack has none for row-major tensors, whose sizes check_reach() has checked.
std::vector<int64_t> strides_of(const DLTensor &tensor)
{
    std::vector<int64_t> strides(static_cast<size_t>(tensor.ndim), 1);
    for (int32_t d = tensor.ndim - 1; d >= 0; --d) {
        if (tensor.strides != nullptr) {
            strides[static_cast<size_t>(d)] = tensor.strides[d];
        } else if (d + 1 < tensor.ndim) {
            strides[static_cast<size_t>(d)] = strides[static_cast<size_t>(d) + 1] * tensor.shape[d + 1];
        }
    }
    return strides;
}

// Neither the number of elements nor their last byte may overflow: libtorch ends the process then.
void check_reach(const DLTensor &tensor, size_t element_bytes)
{
    int64_t count = 1;
    int64_t last = 0; // element
    bool fits = tensor.byte_offset <= PTRDIFF_MAX;
    for (int32_t d = 0; d < tensor.ndim; ++d) {
        const int64_t size = std::max(tensor.shape[d], int64_t{ 1 });
        int64_t reach = 0;
        fits = fits && !__builtin_mul_overflow(count, size, &count);
        if (tensor.strides != nullptr) {
            fits = fits && !__builtin_mul_overflow(size - 1, tensor.strides[d], &reach) &&
                   !__builtin_add_overflow(last, reach, &last);
        }
    }
    const int64_t elements = tensor.strides != nullptr ? last : count;
    if (!fits || elements >= PTRDIFF_MAX / static_cast<int64_t>(element_bytes)) {
        refuse("sizes, strides or byte_offset reach beyond any memory");
    }
}

// Kernels read whole elements.
void check_alignment(const DLTensor &tensor, size_t element_bytes)
{
    if ((reinterpret_cast<uintptr_t>(tensor.data) + tensor.byte_offset) % element_bytes != 0) {
        refuse("the elements of " + std::to_string(element_bytes) +
               " bytes begin at no multiple of their size; copy them to memory that does");
    }
}

void check_shape(const DLTensor &tensor)
{
    if (tensor.ndim < 0 || tensor.ndim > 64 || (tensor.ndim > 0 && tensor.shape == nullptr)) {
        refuse("there are " + std::to_string(tensor.ndim) + " dimensions; give 0 to 64, with their sizes");
    }
    int64_t count = 1;
    for (int32_t d = 0; d < tensor.ndim; ++d) {
        if (tensor.shape[d] < 0) {
            refuse("size " + std::to_string(tensor.shape[d]) + " of dimension " + std::to_string(d) + " is negative");
        }
        if (tensor.strides != nullptr && tensor.strides[d] < 0) {
            refuse("stride " + std::to_string(tensor.strides[d]) + " of dimension " + std::to_string(d) +
                   " is negative");
        }
        count = tensor.shape[d] == 0 ? 0 : count;
    }
    if (tensor.data == nullptr && count > 0) {
        refuse("the pointer to the elements is NULL");
    }
}

} // namespace

moco_status moco_tensor_to_dlpack(DLManagedTensor **out, const moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    *out = at::toDLPack(tensor->value.detach());
    MOCO_API_END
}

moco_status moco_tensor_from_dlpack(moco_tensor **out, moco_scope *scope, DLManagedTensor *managed)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(managed);
    const DLTensor &shared = managed->dl_tensor;
    check_shape(shared);
    const at::Device device = device_of(shared.device);
    const auto options = at::TensorOptions().dtype(type_of(shared.dtype)).device(device);
    check_reach(shared, options.dtype().itemsize());
    check_alignment(shared, options.dtype().itemsize());
    const auto strides = strides_of(shared);
    const auto taken = std::make_shared<bool>(false); // a call that fails leaves the tensor to the caller
    const auto release = [managed, taken](void *) {
        if (*taken && managed->deleter != nullptr) {
            managed->deleter(managed);
        }
    };
    const at::IntArrayRef sizes(shared.shape, static_cast<size_t>(shared.ndim));
    moco::give(
        out, scope,
        at::from_blob(static_cast<char *>(shared.data) + shared.byte_offset, sizes, strides, release, options, device));
    *taken = true;
    MOCO_API_END
}

moco_status moco_device_stream(void **out, moco_device device)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    const at::Device on = moco::to_torch(device);
    *out = on.is_cuda() ? c10::impl::VirtualGuardImpl(on.type()).getStream(on).native_handle() : nullptr;
    MOCO_API_END
}
