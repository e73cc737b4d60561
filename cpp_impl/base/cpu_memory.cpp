// Keeps the memory of big tensors on the CPU from step to step.
//
// The system's allocator maps each big tensor and unmaps it when it is freed, so the kernel clears gigabytes per step,
// page by page. This allocator cuts tensors from segments of huge pages. It takes the smallest free block that is large
// enough, splits it, and joins freed blocks with their free neighbours.
#include "base/cpu_memory.hpp"

#include "moco/device.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <atomic>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <unordered_map>
#include <utility>

#include <sys/mman.h>

namespace moco {

namespace {

constexpr std::size_t smallest = std::size_t{ 256 } << 10; // bytes; below, the system's allocator reuses memory too
constexpr std::size_t grain = std::size_t{ 16 } << 10;
constexpr std::size_t huge_page = std::size_t{ 2 } << 20;
constexpr std::size_t segment = std::size_t{ 64 } << 20;

std::size_t round_up(std::size_t size, std::size_t multiple)
{
    return (size + multiple - 1) / multiple * multiple;
}

using FreeBlocks = std::set<std::pair<std::size_t, char *>>; // the smallest first

struct MemoryBlock {
    std::size_t size = 0;
    bool free = false;
    bool first = false;            // of its segment
    FreeBlocks::node_type place{}; // in the free blocks, while it is used: to free a block must need no memory
};

class CpuMemory {
  public:
    void *take(std::size_t size)
    {
        size = round_up(size, grain);
        const std::lock_guard<std::mutex> lock(mutex_);
        auto found = free_.lower_bound({ size, nullptr });
        if (found == free_.end()) {
            trim();
            map_segment(size);
            found = free_.lower_bound({ size, nullptr });
            if (found == free_.end()) {
                return nullptr;
            }
        }
        char *const address = found->second;
        const auto block = blocks_.find(address);
        used_.emplace(address, block);
        if (block->second.size > size) {
            split(block, size);
        }
        block->second.place = free_.extract(found);
        block->second.free = false;
        return address;
    }

    // Returns false if the address was not taken from here.
    bool give_back(void *address)
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto used = used_.find(address);
        if (used == used_.end()) {
            return false;
        }
        auto block = used->second;
        auto place = std::move(block->second.place);
        used_.erase(used);
        const auto next = std::next(block);
        if (next != blocks_.end() && next->second.free && !next->second.first) {
            free_.erase({ next->second.size, next->first });
            block->second.size += next->second.size;
            blocks_.erase(next);
        }
        if (!block->second.first && std::prev(block)->second.free) {
            const auto before = std::prev(block);
            free_.erase({ before->second.size, before->first });
            before->second.size += block->second.size;
            blocks_.erase(block);
            block = before;
        }
        block->second.free = true;
        place.value() = { block->second.size, block->first };
        free_.insert(std::move(place));
        return true;
    }

    void trim_all()
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        trim();
    }

  private:
    using Blocks = std::map<char *, MemoryBlock>; // by address, so that neighbours are neighbours

    // Makes a free block of what a block has more than a size. Where memory is out, it stays whole.
    void split(Blocks::iterator block, std::size_t size)
    {
        const std::size_t rest = block->second.size - size;
        char *const address = block->first + size;
        try {
            const auto place = free_.emplace(rest, address).first;
            try {
                blocks_.emplace(address, MemoryBlock{ rest, true, false });
            } catch (const std::bad_alloc &) {
                free_.erase(place);
                return;
            }
            block->second.size = size;
        } catch (const std::bad_alloc &) {
            return;
        }
    }

    void map_segment(std::size_t size)
    {
        const std::size_t bytes = round_up(std::max(size, segment), huge_page);
        // Huge pages begin at multiples of their size, to which mmap() does not align.
        void *mapped = mmap(nullptr, bytes + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED) {
            return;
        }
        char *const begin = static_cast<char *>(mapped);
        const std::size_t skip = (huge_page - reinterpret_cast<std::uintptr_t>(begin) % huge_page) % huge_page;
        if (skip > 0) {
            (void)munmap(begin, skip);
        }
        if (skip < huge_page) {
            (void)munmap(begin + skip + bytes, huge_page - skip);
        }
        (void)madvise(begin + skip, bytes, MADV_HUGEPAGE);
        try {
            blocks_.emplace(begin + skip, MemoryBlock{ bytes, true, true });
            free_.emplace(bytes, begin + skip);
        } catch (const std::bad_alloc &) {
            blocks_.erase(begin + skip);
            (void)munmap(begin + skip, bytes);
        }
    }

    // Unmaps the segments that hold no tensor.
    void trim()
    {
        for (auto block = blocks_.begin(); block != blocks_.end();) {
            const auto next = std::next(block);
            const bool alone = block->second.first && (next == blocks_.end() || next->second.first);
            if (alone && block->second.free) {
                free_.erase({ block->second.size, block->first });
                (void)munmap(block->first, block->second.size);
                blocks_.erase(block);
            }
            block = next;
        }
    }

    std::mutex mutex_;
    Blocks blocks_;
    FreeBlocks free_;
    std::unordered_map<void *, Blocks::iterator> used_;
};

// Never destroyed, since static tensors may be freed after everything else.
CpuMemory &memory()
{
    static auto *const instance = new CpuMemory;
    return *instance;
}

// AddressSanitizer finds a use after free only if freed memory is not reused.
#if defined(__SANITIZE_ADDRESS__)
std::atomic<bool> reuse{ false };
#else
std::atomic<bool> reuse{ true };
#endif

void release(void *address)
{
    if (address != nullptr && !memory().give_back(address)) {
        c10::GetDefaultCPUAllocator()->raw_deleter()(address);
    }
}

class KeepingAllocator : public c10::Allocator {
  public:
    c10::DataPtr allocate(std::size_t size) override
    {
        void *address = size >= smallest && reuse.load(std::memory_order_relaxed) ? memory().take(size) : nullptr;
        if (address == nullptr) {
            return c10::GetDefaultCPUAllocator()->allocate(size); // which also reports that memory is out
        }
        return { address, address, &release, c10::Device(c10::DeviceType::CPU) };
    }

    [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override { return &release; }

    void copy_data(void *target, const void *source, std::size_t count) const final
    {
        std::memcpy(target, source, count);
    }
};

} // namespace

void keep_cpu_memory()
{
    static auto *const allocator = new KeepingAllocator;
    (void)memory(); // now, since to free a tensor must need no memory
    static const bool once = [] {
        c10::SetCPUAllocator(allocator, /*priority=*/1);
        return true;
    }();
    (void)once;
}

void trim_cpu_memory() noexcept
{
    memory().trim_all();
}

void reuse_cpu_memory(bool on)
{
    reuse.store(on);
    if (!on) {
        trim_cpu_memory();
    }
}

} // namespace moco
