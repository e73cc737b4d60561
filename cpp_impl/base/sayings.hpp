// Says in the words of the interface what libtorch complains about.
#pragma once

#include "moco/error.h"

#include <string>

namespace moco {

struct Saying {
    moco_status status;
    std::string text;
};

// Returns what a message of libtorch means. The status is `otherwise`, unless the text says that memory is out, a
// device is missing, another rank failed, the caller made a mistake, or libtorch itself is at fault.
Saying say(const std::string &text, moco_status otherwise);

} // namespace moco
