// Runs the tool, by a fork of one that is loaded already if there is the shim, else as a process.
#pragma once

#include "support/process.hpp"
#ifdef MOCO_SHIM
#include "support/tool_server.hpp"
#endif

namespace moco_test {

// Runs it in a folder, with its output in files there. Returns as Process::wait().
inline int run_tool(const Words &words, const Place &place, const Environment &variables = {})
{
#ifdef MOCO_SHIM
    static const ToolServer tool;
    return tool.run(words, place, variables);
#else
    return Process(joined({ MOCO_BINARY }, words), place, variables).wait();
#endif
}

} // namespace moco_test
