// Holds scratch memory for pixels and files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include <sys/mman.h>

namespace moco {

// Memory that only grows and is not cleared: its contents are undefined after grow(). Large buffers are mapped, since
// malloc() keeps freed memory: as pictures grew, it held several times the memory in use.
template <typename T> class Buffer {
    static_assert(std::is_trivial_v<T>);

  public:
    Buffer() = default;
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    ~Buffer() { release(); }

    T *grow(std::size_t count)
    {
        if (count > capacity_) {
            release();
            data_ = allocate(count);
            capacity_ = count;
        }
        return data_;
    }
    [[nodiscard]] T *data() noexcept { return data_; }
    [[nodiscard]] const T *data() const noexcept { return data_; }
    void swap(Buffer &other) noexcept
    {
        std::swap(data_, other.data_);
        std::swap(capacity_, other.capacity_);
    }

  private:
#if defined(__SANITIZE_ADDRESS__) || defined(MOCO_BUFFERS_BY_MALLOC) // which AddressSanitizer can watch
    static constexpr std::size_t mapped = SIZE_MAX;
#else
    static constexpr std::size_t mapped = std::size_t{ 1 } << 20U; // bytes; larger buffers are mapped
#endif

    static T *allocate(std::size_t count)
    {
        if (count < mapped / sizeof(T)) {
            return new T[count];
        }
        void *made = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (made == MAP_FAILED) {
            throw std::bad_alloc();
        }
        return static_cast<T *>(made);
    }
    void release() noexcept
    {
        if (capacity_ < mapped / sizeof(T)) {
            delete[] data_;
        } else {
            (void)munmap(data_, capacity_ * sizeof(T));
        }
        data_ = nullptr;
        capacity_ = 0;
    }

    T *data_ = nullptr;
    std::size_t capacity_ = 0;
};

} // namespace moco
