// Writes numbers for messages as people write them.
#pragma once

#include "base/text_internal.h"

#include <string>

namespace moco {

inline std::string number(double value)
{
    char text[32];
    return moco__number_text(text, sizeof text, 6, value);
}

} // namespace moco
