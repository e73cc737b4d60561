// Compares boxes of pixels.
#pragma once

#include "moco/image.h"

#include <cstdint>

inline bool operator==(const moco_box &a, const moco_box &b) noexcept
{
    return a.top == b.top && a.left == b.left && a.height == b.height && a.width == b.width;
}

namespace moco {

// Whether a box lies within another.
inline bool holds(const moco_box &outer, const moco_box &inner) noexcept
{
    return outer.top <= inner.top && outer.left <= inner.left &&
           std::int64_t{ inner.top } + inner.height <= std::int64_t{ outer.top } + outer.height &&
           std::int64_t{ inner.left } + inner.width <= std::int64_t{ outer.left } + outer.width;
}

} // namespace moco
