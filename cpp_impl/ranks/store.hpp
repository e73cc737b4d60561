// Declares the store handle for the communicator.
#pragma once

#include "base/live.hpp"

#include <c10/util/intrusive_ptr.h>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <string>

struct moco_store : moco::Counted {
    std::string address;
    int port = 0;
    double timeout_s = 0;
    std::string prefix;
    c10::intrusive_ptr<c10d::Store> store; // without the prefix
};

namespace moco {

// Returns the store with the prefix before each key.
c10::intrusive_ptr<c10d::Store> prefixed(const moco_store &store);

} // namespace moco
