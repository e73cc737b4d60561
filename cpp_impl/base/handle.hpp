// Defines the handles that hold tensors, and gives results to their owner.
#pragma once

#include "base/guard.hpp"
#include "base/live.hpp"

#include "moco/tensor.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

struct moco_tensor : moco::Counted {
    explicit moco_tensor(at::Tensor tensor) : value(std::move(tensor)) {}
    at::Tensor value;
};

struct moco_scope : moco::Counted {
    std::vector<std::unique_ptr<moco_tensor>> owned;
};

struct moco_tensor_list : moco::Counted {
    explicit moco_tensor_list(std::vector<at::Tensor> tensors) : values(std::move(tensors))
    {
        handles.reserve(values.size());
        for (const auto &value : values) {
            handles.push_back(std::make_unique<moco_tensor>(value));
        }
    }
    std::vector<at::Tensor> values;
    std::vector<std::unique_ptr<moco_tensor>> handles;
};

namespace moco {

// Throws an error if there is no such device, or it cannot be used.
void check_device(moco_device device);

at::ScalarType to_torch(moco_dtype dtype);
at::Device to_torch(moco_device device);
at::MemoryFormat to_torch_format(bool channels_last);
moco_device from_torch(at::Device device);

// Gives a result to the scope, or to the caller if the scope is NULL.
void give(moco_tensor **out, moco_scope *scope, at::Tensor value);

// Marks the end of a queued copy from the host, for moco_device_wait_uploads().
void note_upload(const at::Tensor &source, at::Device device);

} // namespace moco
