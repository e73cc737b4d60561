#include "fake_gpu/fake_memory.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>

namespace fake_gpu {
namespace {

constexpr std::size_t kPerDevice = std::size_t{ 16 } << 30; // address space; pages are taken when they are used
constexpr std::size_t kGrain = 512;                         // as CUDA's caching allocator

struct Block {
    BlockInfo info;
    bool held = true; // by a tensor
};

struct Device {
    std::map<char *, Block> used;
    std::map<char *, std::size_t> free;
    std::int64_t current = 0, peak = 0;
};

struct Arena {
    char *device = nullptr, *host = nullptr;
    std::mutex mutex;
    std::array<Device, kMaxDevices> devices;
    std::uint64_t last_id = 0;

    Arena()
    {
        constexpr std::size_t size = kPerDevice * kMaxDevices;
        const int file = memfd_create("fake-gpu", MFD_CLOEXEC);
        if (file < 0 || ftruncate(file, static_cast<off_t>(size)) != 0) {
            throw std::runtime_error("fake GPU: no memory file of 128 GiB");
        }
        void *closed = mmap(nullptr, size, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file, 0);
        void *open = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
        close(file);
        if (closed == MAP_FAILED || open == MAP_FAILED) {
            throw std::runtime_error("fake GPU: no address space of 128 GiB; the kernel must allow overcommit");
        }
        device = static_cast<char *>(closed);
        host = static_cast<char *>(open);
        for (std::size_t d = 0; d < devices.size(); ++d) {
            devices[d].free.emplace(device + d * kPerDevice, capacity());
        }
    }
    // FAKE_GPU_MEMORY_MB makes the devices smaller.
    static std::size_t capacity()
    {
        const char *text = std::getenv("FAKE_GPU_MEMORY_MB");
        return text != nullptr ? std::min<std::size_t>(kPerDevice, std::strtoull(text, nullptr, 10) << 20) : kPerDevice;
    }
};

// Never destroyed: tensors of static storage are freed after it would be.
Arena &arena()
{
    static auto *const a = new Arena;
    return *a;
}

char *take(Device &device, std::size_t bytes)
{
    const auto fits =
        std::find_if(device.free.begin(), device.free.end(), [&](const auto &f) { return f.second >= bytes; });
    if (fits == device.free.end()) {
        return nullptr;
    }
    const auto [address, size] = *fits;
    device.free.erase(fits);
    if (size > bytes) {
        device.free.emplace(address + bytes, size - bytes);
    }
    return address;
}

// Joins the block with free neighbours.
void put_back(Device &device, char *address, std::size_t bytes)
{
    auto block = device.free.emplace(address, bytes).first;
    const auto next = std::next(block);
    if (next != device.free.end() && address + bytes == next->first) {
        block->second += next->second;
        device.free.erase(next);
    }
    if (block != device.free.begin()) {
        const auto previous = std::prev(block);
        if (previous->first + previous->second == address) {
            previous->second += block->second;
            device.free.erase(block);
        }
    }
}

void release(Device &device, std::map<char *, Block>::iterator block)
{
    const auto [address, bytes] = std::pair(block->first, block->second.info.bytes);
    device.used.erase(block);
    device.current -= static_cast<std::int64_t>(bytes);
    std::memset(host_view(address), 0xFF, bytes); // who reads it later reads NaN
    put_back(device, address, bytes);
}

template <typename Action> void for_blocks_of(const void *graph, const Action &action)
{
    Arena &a = arena();
    const std::lock_guard<std::mutex> lock(a.mutex);
    for (auto &device : a.devices) {
        for (auto i = device.used.begin(); i != device.used.end();) {
            const auto block = i++;
            if (block->second.info.graph == graph) {
                action(device, block);
            }
        }
    }
}

Device &owner_of(const void *address)
{
    return arena().devices[static_cast<std::size_t>(device_of(address))];
}

} // namespace

int device_count()
{
    static const int n = [] {
        const char *text = std::getenv("FAKE_GPUS");
        return text != nullptr ? std::clamp(std::atoi(text), 0, kMaxDevices) : 2;
    }();
    return n;
}

void *device_alloc(int device, std::size_t bytes, const void *graph)
{
    Arena &a = arena();
    bytes = (std::max<std::size_t>(bytes, 1) + kGrain - 1) / kGrain * kGrain;
    const std::lock_guard<std::mutex> lock(a.mutex);
    Device &d = a.devices[static_cast<std::size_t>(device)];
    char *address = take(d, bytes);
    if (address != nullptr) {
        d.used.emplace(address, Block{ { ++a.last_id, bytes, graph } });
        d.current += static_cast<std::int64_t>(bytes);
        d.peak = std::max(d.peak, d.current);
        std::memset(host_view(address), 0xFF, bytes);
    }
    return address;
}

void device_free(void *block)
{
    const std::lock_guard<std::mutex> lock(arena().mutex);
    Device &device = owner_of(block);
    const auto found = device.used.find(static_cast<char *>(block));
    found->second.held = false;
    if (found->second.info.graph == nullptr) {
        release(device, found);
    }
}

void free_graph_blocks(const void *graph)
{
    for_blocks_of(graph, [](Device &device, auto block) {
        block->second.info.graph = nullptr;
        if (!block->second.held) {
            release(device, block);
        }
    });
}

void poison_graph_blocks(const void *graph)
{
    for_blocks_of(graph, [](Device & /*device*/, auto block) {
        std::memset(host_view(block->first), 0xFF, block->second.info.bytes);
    });
}

BlockInfo block_info(const void *block)
{
    const std::lock_guard<std::mutex> lock(arena().mutex);
    const Device &device = owner_of(block);
    const auto found = device.used.find(static_cast<char *>(const_cast<void *>(block)));
    return found != device.used.end() ? found->second.info : BlockInfo{};
}

bool is_device(const void *address)
{
    const auto *p = static_cast<const char *>(address);
    return p >= arena().device && p < arena().device + kPerDevice * kMaxDevices;
}

void *host_view(const void *device_address)
{
    return arena().host + (static_cast<const char *>(device_address) - arena().device);
}

int device_of(const void *device_address)
{
    return static_cast<int>(static_cast<std::size_t>(static_cast<const char *>(device_address) - arena().device) /
                            kPerDevice);
}

std::int64_t current_bytes(int device)
{
    const std::lock_guard<std::mutex> lock(arena().mutex);
    return arena().devices[static_cast<std::size_t>(device)].current;
}

std::int64_t peak_bytes(int device)
{
    const std::lock_guard<std::mutex> lock(arena().mutex);
    return arena().devices[static_cast<std::size_t>(device)].peak;
}

void reset_peak(int device)
{
    const std::lock_guard<std::mutex> lock(arena().mutex);
    Device &d = arena().devices[static_cast<std::size_t>(device)];
    d.peak = d.current;
}

} // namespace fake_gpu
