#include "fake_gpu/fake_pinned.hpp"

#include "fake_gpu/fake_complaint.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <vector>

namespace fake_gpu {
namespace {

constexpr std::size_t kPage = 4096;

const char *const kEarlyWrite = "the host wrote to pinned memory whose upload it has not waited for";
const char *const kEarlyRead = "the host touched pinned memory whose download it has not waited for";

struct Copy {
    StreamKey stream = 0;
    std::uint64_t at = 0;
    char *place = nullptr; // in pinned memory
    bool uploads = false;
    std::vector<char> values; // what the source held, or the target gets

    [[nodiscard]] bool holds(const char *address) const { return address >= place && address < place + values.size(); }
};

struct State {
    std::mutex mutex;
    std::vector<Copy> copies;
    std::map<char *, std::size_t> blocks; // bytes as asked for
};

// Never destroyed: tensors of static storage are freed after it would be.
State &state()
{
    static auto *const s = new State;
    return *s;
}

std::size_t whole_pages(std::size_t bytes)
{
    return (std::max<std::size_t>(bytes, 1) + kPage - 1) / kPage * kPage;
}

const std::pair<char *const, std::size_t> *block_of(const State &s, const void *address)
{
    auto *a = static_cast<char *>(const_cast<void *>(address));
    auto next = s.blocks.upper_bound(a);
    if (next == s.blocks.begin()) {
        return nullptr;
    }
    --next;
    return a < next->first + whole_pages(next->second) ? &*next : nullptr;
}

// Sets the protection of the pages that hold nothing but this copy.
void protect(const State &s, const Copy &copy, int protection)
{
    const auto *block = block_of(s, copy.place);
    if (block == nullptr) {
        return;
    }
    const auto begin = static_cast<std::size_t>(copy.place - block->first);
    const std::size_t end = begin + copy.values.size();
    char *const first = block->first + (begin + kPage - 1) / kPage * kPage;
    // After the block's end there is only padding.
    char *const last = block->first + (end == block->second ? whole_pages(end) : end / kPage * kPage);
    if (first < last) {
        (void)mprotect(first, static_cast<std::size_t>(last - first), protection);
    }
}

void finish(const State &s, const Copy &copy)
{
    protect(s, copy, PROT_READ | PROT_WRITE);
    if (copy.uploads) {
        if (std::memcmp(copy.place, copy.values.data(), copy.values.size()) != 0) {
            complain("host", kEarlyWrite);
        }
        return;
    }
    if (std::any_of(copy.place, copy.place + copy.values.size(), [](char c) { return c != '\xFF'; })) {
        complain("host", kEarlyRead);
    }
    std::memcpy(copy.place, copy.values.data(), copy.values.size());
}

template <typename Which> void finish_where(State &s, const Which &which)
{
    const auto done = std::stable_partition(s.copies.begin(), s.copies.end(), [&](const Copy &c) { return !which(c); });
    for (auto copy = done; copy != s.copies.end(); ++copy) {
        finish(s, *copy);
    }
    s.copies.erase(done, s.copies.end());
    for (const auto &copy : s.copies) { // pages that another copy still uses
        protect(s, copy, copy.uploads ? PROT_READ : PROT_NONE);
    }
}

} // namespace

void *pinned_alloc(std::size_t bytes)
{
    State &s = state();
    void *block = mmap(nullptr, whole_pages(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
        throw std::bad_alloc();
    }
    const std::lock_guard<std::mutex> lock(s.mutex);
    s.blocks.emplace(static_cast<char *>(block), bytes);
    return block;
}

void pinned_free(void *address)
{
    if (address == nullptr) {
        return;
    }
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    auto *const block = static_cast<char *>(address);
    const std::size_t bytes = s.blocks.at(block);
    // CUDA's allocator keeps the block until the copies are done.
    finish_where(s, [&](const Copy &c) { return c.place >= block && c.place < block + bytes; });
    s.blocks.erase(block);
    munmap(block, whole_pages(bytes));
}

bool is_pinned(const void *address)
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    return block_of(s, address) != nullptr;
}

void queue_upload(StreamKey stream, std::uint64_t at, const void *source, std::size_t bytes)
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    auto *const place = static_cast<char *>(const_cast<void *>(source));
    s.copies.push_back({ stream, at, place, true, { place, place + bytes } });
    protect(s, s.copies.back(), PROT_READ);
}

void queue_download(StreamKey stream, std::uint64_t at, void *target, const void *values, std::size_t bytes)
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    const auto *const v = static_cast<const char *>(values);
    std::memset(target, 0xFF, bytes);
    s.copies.push_back({ stream, at, static_cast<char *>(target), false, { v, v + bytes } });
    protect(s, s.copies.back(), PROT_NONE);
}

void finish_copies()
{
    State &s = state();
    const std::lock_guard<std::mutex> lock(s.mutex);
    finish_where(s, [](const Copy &c) { return race_host_saw(c.stream, c.at); });
}

const char *copy_in_flight(const void *address)
{
    const auto *const a = static_cast<const char *>(address);
    for (const auto &copy : state().copies) {
        if (copy.holds(a)) {
            return copy.uploads ? kEarlyWrite : kEarlyRead;
        }
    }
    return nullptr;
}

} // namespace fake_gpu
