// Counts a handle as alive; the base of every handle in cpp_impl/.
#pragma once

#include "base/live_internal.h"

namespace moco {

struct Counted {
    Counted() noexcept { moco__live_add(); }
    Counted(const Counted &) = delete;
    Counted &operator=(const Counted &) = delete;
    ~Counted() { moco__live_remove(); }
};

} // namespace moco
