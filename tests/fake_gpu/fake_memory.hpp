// The memory of the pretended devices.
//
// It is one memfd mapped twice. Tensors get addresses of the first mapping, which nobody may touch; kernels run on the
// second. So a host access to device memory faults where it happens, in every thread, at no cost a kernel.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fake_gpu {

constexpr int kMaxDevices = 8;

// FAKE_GPUS; 2 without it.
int device_count();

// Every block has its own number, so that memory that was freed and allocated again is recognised.
struct BlockInfo {
    std::uint64_t id = 0; // 0 if there is none
    std::size_t bytes = 0;
    const void *graph = nullptr; // the graph whose pool it is in
};

// Returns bytes of 0xFF, NaN as floats; null if the device is full. A graph's block is freed by free_graph_blocks().
void *device_alloc(int device, std::size_t bytes, const void *graph);
void device_free(void *block);
// Frees the blocks of a graph that no tensor holds; the others are freed as blocks without a graph.
void free_graph_blocks(const void *graph);
// Fills the graph's blocks with 0xFF.
void poison_graph_blocks(const void *graph);
BlockInfo block_info(const void *block);

bool is_device(const void *address);
void *host_view(const void *device_address); // the address that kernels use
int device_of(const void *device_address);
std::int64_t current_bytes(int device);
std::int64_t peak_bytes(int device);
void reset_peak(int device);

} // namespace fake_gpu
