// Keeps the memory of big tensors on the CPU from step to step.
#pragma once

namespace moco {

// Makes libtorch take the memory of big tensors on the CPU from here, from now on.
void keep_cpu_memory();

// Returns memory that no tensor uses to the system.
void trim_cpu_memory() noexcept;

// Sets whether memory is kept at all; see MOCO_SETTING_MEMORY_REUSE.
void reuse_cpu_memory(bool on);

} // namespace moco
