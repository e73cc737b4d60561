// Runs a kernel for GPUs on the CPU: a thread for each thread of a block, one block after the other. Include it before
// the kernel's source, in one file of a program.
#pragma once

#include <barrier>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

// NOLINTBEGIN: these are the names of CUDA
#define __device__
#define __shared__ static // of one block at a time
#define MOCO_KERNEL(name, blocks) void name
#define MOCO_UNROLL
#define MOCO_UNROLL_SOME

struct uint3_of_cuda {
    unsigned x = 0, y = 0, z = 0;
};
inline thread_local uint3_of_cuda threadIdx, blockIdx;
inline std::barrier<> *block_barrier;

inline void __syncthreads()
{
    block_barrier->arrive_and_wait();
}
inline void __threadfence() {}
inline int atomicAdd(int *at, int value)
{
    return __atomic_fetch_add(at, value, __ATOMIC_SEQ_CST);
}
struct float4 {
    float x, y, z, w;
};
template <typename T> T __ldcg(const T *at)
{
    return *at;
}
inline float __uint_as_float(unsigned bits)
{
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
inline unsigned __float_as_uint(float value)
{
    unsigned bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}
using std::fmaf;
// NOLINTEND

namespace moco_test {

// Starts the kernel with an argument for every thread of the grid.
template <typename Argument>
void run_grid(void (*kernel)(Argument), const uint3_of_cuda &grid, unsigned threads, const Argument &argument)
{
    std::barrier<> barrier(static_cast<std::ptrdiff_t>(threads));
    block_barrier = &barrier;
    std::vector<std::thread> block;
    for (unsigned thread = 0; thread < threads; ++thread) {
        block.emplace_back([&, thread] {
            threadIdx.x = thread;
            for (unsigned i = 0; i < grid.x * grid.y * grid.z; ++i) {
                blockIdx = { i % grid.x, i / grid.x % grid.y, i / grid.x / grid.y };
                kernel(argument);
                barrier.arrive_and_wait();
            }
        });
    }
    for (auto &thread : block) {
        thread.join();
    }
}

} // namespace moco_test
