// Makes graphs of the pretended GPU.
#pragma once

#include "base/cuda_plugin.hpp"

#include <memory>

namespace fake_gpu {

std::unique_ptr<moco::CudaGraph> make_graph();

} // namespace fake_gpu
