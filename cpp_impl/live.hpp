// Counts the handles that are alive, so that tests can prove that nothing leaks.
#pragma once

#include <atomic>
#include <cstddef>

namespace moco {

inline std::atomic<std::size_t> live_handles{ 0 };

// Base of every handle.
struct Counted {
    Counted() noexcept { ++live_handles; }
    Counted(const Counted &) = delete;
    Counted &operator=(const Counted &) = delete;
    ~Counted() { --live_handles; }
};

} // namespace moco
