// Declares an encoder: a network with its device, memory layout and precision.
#pragma once

#include "base/handle.hpp"
#include "network/resnet.hpp"
#include "network/wide_norm.hpp"

#include "moco/encoder.h"

#include <memory>
#include <string>
#include <vector>

struct moco_encoder : moco::Counted {
    explicit moco_encoder(const moco::NetworkOptions &network_options)
        : network_options(network_options), network(network_options)
    {}

    moco::NetworkOptions network_options;
    moco::ResNet network;
    std::vector<moco::Part> parts;               // of the network
    std::unique_ptr<moco::WideNorms> wide_norms; // if groups of batch norm become channels
    std::vector<at::Tensor> batches;             // counted by each batch norm
    at::Device device = at::kCPU;
    bool channels_last = false;
    bool bf16 = false;
    bool training = true;
    moco_comm *sync = nullptr; // of SyncBN
    std::vector<std::string> names;
    std::vector<bool> is_parameter;
    std::unique_ptr<moco_tensor_list> state, parameters;
};
