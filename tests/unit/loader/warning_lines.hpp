// Collects warnings, which several threads may give.
#pragma once

#include <moco.h>

#include <mutex>
#include <string>
#include <vector>

namespace loader_test {

inline std::mutex warning_mutex;
inline std::vector<std::string> warning_lines;

// For moco_log_set_callback().
inline void collect_warnings(moco_log_level level, const char *message, void *)
{
    if (level == MOCO_LOG_WARNING) {
        const std::lock_guard<std::mutex> guard(warning_mutex);
        warning_lines.emplace_back(message);
    }
}

} // namespace loader_test
