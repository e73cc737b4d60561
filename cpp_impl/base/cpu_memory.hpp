// Memory of big tensors on the CPU, kept between the steps of a training.
#pragma once

namespace moco {

// From now on libtorch takes big tensors on the CPU from memory that is kept; without effect where it does already.
void keep_cpu_memory();

// Gives back to the system what no tensor uses.
void trim_cpu_memory() noexcept;

} // namespace moco
