// A part of a picture.
#pragma once

#include <cstdint>

namespace moco {

struct Part {
    std::int32_t top = 0;
    std::int32_t left = 0;
    std::int32_t height = 0;
    std::int32_t width = 0;

    bool operator==(const Part &) const = default;
    [[nodiscard]] bool holds(const Part &other) const noexcept
    {
        return top <= other.top && left <= other.left &&
               std::int64_t{ other.top } + other.height <= std::int64_t{ top } + height &&
               std::int64_t{ other.left } + other.width <= std::int64_t{ left } + width;
    }
};

} // namespace moco
