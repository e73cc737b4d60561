// Keeps what the library warns of.
#pragma once

#include <moco.h>

#include <string>

namespace moco_test {

// For moco_log_set_callback(); the payload is a std::string, to which each warning is added.
inline void keep_warning(moco_log_level level, const char *message, void *payload)
{
    if (level == MOCO_LOG_WARNING) {
        *static_cast<std::string *>(payload) += message;
    }
}

} // namespace moco_test
