// Defines bfloat16: the upper half of a float.
#pragma once

#include <cstdint>

namespace moco {

struct Bf16 {
    std::uint16_t bits;
};

} // namespace moco
